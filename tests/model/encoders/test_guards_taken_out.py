"""Each guard of freezing and reading is taken out, and its check is seen to fail.

Those of losses, scores and adapters are in `test_guards_of_learning.py`.
"""

from pathlib import Path

import pytest
import torch
from helpers import tiny
from helpers.encoders import BYTE_LEVEL, config_of, save_family
from helpers.guards import CORPUS, Guard, cases, check_falls, model_of

import mtlhelpers as mtl
from mtlhelpers.data import encoding
from mtlhelpers.errors import BackboneError, TrainingError
from mtlhelpers.model import backbones, freezing, layers, shared
from mtlhelpers.model.encoders import families
from mtlhelpers.model.encoders.families import FAMILIES, stack_of
from mtlhelpers.model.heads.pair import HeadPair
from mtlhelpers.training import loop
from mtlhelpers.training.features import store
from mtlhelpers.training.metrics import encode_for

TRAIN = CORPUS.splits["train"]
IDS = torch.tensor([[0, 5, 9, 2], [0, 7, 2, 1]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


def an_optimizer_of_everything_is_refused(folder: Path) -> None:
    def forgetful(model, plan):
        return torch.optim.AdamW(model.parameters())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "build_optimizer", forgetful)
        with pytest.raises(TrainingError, match="Build it after the scenario"):
            tiny.train(model_of(folder), CORPUS, tiny.plan("backbone_frozen"))


def a_stale_gradient_moves_nothing(folder: Path) -> None:
    model = model_of(folder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for tensor in model.parameters():
        tensor.grad = torch.ones_like(tensor)
    mtl.apply_scenario(model, "backbone_frozen")
    before = tiny.weights(model.backbone)
    optimizer.step()
    assert not tiny.changed(before, model.backbone)


def a_frozen_backbone_rests(folder: Path) -> None:
    model = model_of(folder)
    mtl.apply_scenario(model, "backbone_frozen")
    model.train()
    assert not any(module.training for module in model.backbone.modules())


def a_buffer_that_moves_is_told(folder: Path) -> None:
    model = model_of(folder)
    model.backbone.register_buffer("seen", torch.zeros(()))
    model.backbone.register_forward_hook(lambda one, *_: one.seen.add_(1) and None)
    run = tiny.train(model, CORPUS, tiny.plan("backbone_frozen"))
    assert run.proof.moved == ("backbone.seen",)


def a_frozen_heads_loss_moves_nothing(folder: Path) -> None:
    model = model_of(folder)
    run = tiny.train(model, CORPUS, tiny.plan("ner_head_frozen", clip_norm=1e9))
    blind = CORPUS.with_rows(
        {s: tiny.rows(s, 24, tags=False) for s in CORPUS.splits}, "blind"
    )
    assert run.proof.holds and blind.labels == CORPUS.labels
    other = model_of(folder)
    tiny.train(other, blind, tiny.plan("ner_head_frozen", clip_norm=1e9))
    assert not tiny.changed(tiny.weights(model.backbone), other.backbone)


def words_begin_at_their_first_piece(folder: Path) -> None:
    model = model_of(folder)
    words = ["play", "Zoë", "again"]
    pieces = model.tokenizer([words], is_split_into_words=True)
    first = [pieces.word_to_tokens(0, word).start for word in range(3)]
    encoded = encode_for(model, TRAIN.select([0]))
    given = {"tokens": [words], "label": [None]}
    found = encoding.encode(given, model.tokenizer).first_pieces[0].tolist()
    assert found == first and len(encoded.first_pieces[0]) == len(TRAIN[0]["tokens"])


def byte_level_words_begin_with_a_space(folder: Path) -> None:
    pieces = model_of(folder).tokenizer([["play", "on"]], is_split_into_words=True)
    first = [pieces.word_to_tokens(0, word).start for word in range(2)]
    assert all(pieces.tokens(0)[at].startswith("Ġ") for at in first)


@torch.no_grad()
def padding_changes_nothing(folder: Path) -> None:
    model = model_of(folder).eval()
    among = model(IDS, MASK).sentence[1]
    alone = model(IDS[1:, :3], MASK[1:, :3]).sentence[0]
    torch.testing.assert_close(among, alone, atol=1e-5, rtol=0)


def no_tensor_waits_for_a_gradient(folder: Path) -> None:
    model = model_of(folder)
    model.backbone.register_parameter("extra", torch.nn.Parameter(torch.zeros(2)))
    with pytest.raises(TrainingError, match="no gradient reached 1 tensors"):
        tiny.train(model, CORPUS, tiny.plan())


def there_is_no_pooler(folder: Path) -> None:
    built = families.build_encoder(config_of(folder.name))
    assert not [name for name in built.state_dict() if "pooler" in name]


def every_tensor_is_in_a_part(folder: Path) -> None:
    backbone = model_of(folder).backbone
    parts = {id(t) for part in stack_of(backbone) for t in part.parameters()}
    assert parts == {id(t) for t in backbone.parameters()}


def a_loaded_model_says_what_was_saved(folder: Path) -> None:
    model, kept = model_of(folder).eval(), folder.parent / f"kept-{folder.name}"
    model.save(kept)
    assert mtl.SharedModel.load(kept).predict(["call Ada"]) == model.predict(
        ["call Ada"]
    )


def another_vocabulary_is_refused(folder: Path) -> None:
    small = save_family(folder.name, folder.parent / f"small-{folder.name}" / "x")
    made = save_family(folder.name, small.parent / folder.name, vocab_size=16)
    with pytest.raises(BackboneError, match="the embedding has 16 rows"):
        model_of(made)


@torch.no_grad()
def a_moved_backbone_is_read_again(folder: Path) -> None:
    model, kept = model_of(folder).eval(), mtl.FeatureStore()
    mtl.apply_scenario(model, "backbone_frozen")
    encoded = encode_for(model, TRAIN)
    before = kept.states(model, encoded, (4,)).means
    for tensor in model.backbone.parameters():
        tensor.add_(0.5 * torch.rand_like(tensor))
    assert not torch.equal(kept.states(model, encoded, (4,)).means, before)


def what_can_move_is_not_kept(folder: Path) -> None:
    model = model_of(folder).eval()
    mtl.apply_scenario(model, "last_1_layers")
    with pytest.raises(store.StaleFeaturesError):
        mtl.FeatureStore().states(model, encode_for(model, TRAIN), (4,))


@torch.no_grad()
def layers_from_below_are_those_of_a_pass(folder: Path) -> None:
    model = model_of(folder).eval()
    whole = layers.hidden_states(model.backbone, range(5), IDS, MASK)
    found = layers.climb(model.backbone, whole[1], MASK, [4], 1)[4]
    assert torch.equal(found[MASK.bool()], whole[4][MASK.bool()])


POOLED = tuple(name for name, family in FAMILIES.items() if family.pooled)
MORE_BELOW = tuple(name for name, one in FAMILIES.items() if len(one.lowest) > 1)
EPOCHS, LOAD = loop.train_epochs, mtl.SharedModel.load.__func__
MASKED = "backbone(input_ids, attention_mask).last"
GUARDS = [
    Guard(
        1,
        an_optimizer_of_everything_is_refused,
        EPOCHS,
        "check_optimizer(optimizer, model)",
    ),
    Guard(
        2, a_stale_gradient_moves_nothing, freezing.apply_scenario, "tensor.grad = None"
    ),
    Guard(3, a_frozen_backbone_rests, shared._rest_frozen, "module.eval()"),
    Guard(
        4,
        a_buffer_that_moves_is_told,
        freezing.frozen_tensors,
        "frozen |= {prefix + key: buffer for key, buffer in module.named_buffers()}",
    ),
    Guard(
        5,
        a_frozen_heads_loss_moves_nothing,
        loop.total_loss,
        "in plan.tasks:",
        "in batch.losses:",
    ),
    Guard(
        8,
        words_begin_at_their_first_piece,
        encoding._first_pieces,
        "np.diff(words, prepend=-1) != 0",
        "np.diff(words, append=-1) != 0",
    ),
    Guard(
        8,
        byte_level_words_begin_with_a_space,
        backbones.with_spaces,
        'step["add_prefix_space"] = True',
        of=BYTE_LEVEL,
    ),
    Guard(
        13, padding_changes_nothing, HeadPair.pool, "weights.sum(1)", "hidden.shape[1]"
    ),
    Guard(
        13,
        padding_changes_nothing,
        layers.hidden_states,
        MASKED,
        "backbone(input_ids).last",
    ),
    Guard(
        15,
        there_is_no_pooler,
        families.without_pooler,
        '{"add_pooling_layer": False}',
        "{}",
        POOLED,
    ),
    Guard(
        16,
        every_tensor_is_in_a_part,
        families.stack_of,
        "in family.lowest if",
        "in family.lowest[:1] if",
        MORE_BELOW,
    ),
    Guard(
        16,
        every_tensor_is_in_a_part,
        families.stack_of,
        "if family.last:",
        "if False:",
        ("modernbert",),
    ),
    Guard(
        17, no_tensor_waits_for_a_gradient, EPOCHS, "check_gradients(optimizer, model)"
    ),
    Guard(
        20,
        a_loaded_model_says_what_was_saved,
        LOAD,
        "model.load_state_dict(state)",
    ),
    Guard(
        25,
        a_moved_backbone_is_read_again,
        store.describe_states,
        "tensor_digest(backbone_up_to(model, max(layers)))",
        "''",
    ),
    Guard(
        25,
        what_can_move_is_not_kept,
        store.FeatureStore.states,
        "if frozen_up_to(model) < max(layers):",
        "if False:",
    ),
    Guard(
        25,
        layers_from_below_are_those_of_a_pass,
        families.climb_layers,
        "(backbone, hidden, attention_mask), {",
        "(backbone, hidden, None), {",
    ),
    Guard(
        25,
        another_vocabulary_is_refused,
        backbones.read_tokenizer,
        "> config.vocab_size:",
        "> 10**9:",
    ),
]


@cases(GUARDS)
def test_a_check_fails_without_its_guard(guard, family, folders):
    check_falls(guard, folders[family])
