"""Every kind of head: one answer on every path, counted, saved, refused where unfit."""

import numpy as np
import pytest
import torch
from helpers import heads, tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate
from mtlhelpers.errors import BackboneError
from mtlhelpers.model.heads.bodies import Context
from mtlhelpers.model.heads.kinds import DeepHead, build_head, draw_head, head_size
from mtlhelpers.model.heads.specs import HeadSpec
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.losses import live_losses, loss_function
from mtlhelpers.training.metrics import encode_for

CORPUS = tiny.corpus()
EVERY = pytest.mark.parametrize(("task", "settings"), heads.BUILT, ids=heads.name_of)
FEW = settings(max_examples=4, deadline=None)


@EVERY
@torch.no_grad()
def test_stored_live_and_padded_sentences_have_the_same_logits(task, settings):
    model = heads.model(task, settings)
    mtl.apply_scenario(model, "backbone_frozen")
    encoded = encode_for(model, CORPUS.splits["train"])
    features = extract_features(model, encoded, mtl.FeatureStore())
    stored = features.scored_by(model)
    batch = collate(encoded, range(len(encoded)))
    logits = model.eval()(**batch)
    close = {"atol": 1e-5, "rtol": 1e-5}
    torch.testing.assert_close(stored.sentence, logits.sentence, **close)
    torch.testing.assert_close(stored.ner, logits.ner[batch["word_mask"]], **close)
    alone = [model(**collate(encoded, [row])).sentence for row in range(len(encoded))]
    torch.testing.assert_close(torch.cat(alone), logits.sentence, **close)
    alone = [
        model(**one).ner[one["word_mask"]]
        for one in (collate(encoded, [row]) for row in range(len(encoded)))
    ]
    torch.testing.assert_close(torch.cat(alone), stored.ner, **close)


@EVERY
def test_losses_and_gradients_are_those_of_the_live_path(task, settings):
    found = []
    for path in ("stored", "live", "from the cut"):
        model = heads.model(task, settings)
        frozen = "last_1_layers" if path == "from the cut" else "backbone_frozen"
        mtl.apply_scenario(model, frozen)
        encoded, rows = encode_for(model, CORPUS.splits["train"]), np.array([3, 0, 7])
        if path == "live":
            batch = live_losses(model.eval(), encoded, rows)
        else:
            batch = loss_function(model.eval(), encoded, mtl.FeatureStore())(rows)
        sum(batch.losses.values()).backward()
        own = {t: batch.losses[t].detach() for t in ("sentence", "ner")}
        parts = [getattr(model, name) for name in tall.HEADS]
        found.append((own, [t.grad for part in parts for t in part.parameters()]))
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], atol=1e-5, rtol=1e-4)


@EVERY
def test_a_saved_model_says_the_same(task, settings, tmp_path):
    model = heads.model(task, settings)
    if isinstance(head := model.head(task), DeepHead):
        head.shift.uniform_(-1, 1)
        head.scale.uniform_(1, 2)
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert loaded.specs == model.specs
    assert not tiny.changed(tiny.weights(model), loaded)
    sentences = CORPUS.splits["test"]["tokens"][:]
    assert loaded.predict(sentences) == model.predict(sentences)


@EVERY
def test_parameters_are_counted_by_the_formula(task, settings):
    model = heads.model(task, settings)
    names = model.labels if task == "sentence" else model.tags
    layers = tuple(settings.get("layers", ())) or None
    spec = HeadSpec(**settings | {"layers": layers})
    own = sum(tensor.numel() for tensor in model.head(task).parameters())
    assert own == head_size(spec, 32, tall.LAYERS, len(names))
    counted = mtl.count_parameters(model)["total"][f"{task}_classifier"]
    assert counted == own


def test_a_head_is_linear_unless_told_and_drawn_as_ever():
    model = tiny.model(CORPUS, seed=4)
    assert type(model.sentence_classifier) is type(model.ner_classifier) is nn.Linear
    told = mtl.SharedModel(
        tiny.encoder(),
        tiny.tokenizer(),
        CORPUS.labels,
        CORPUS.tags,
        seed=4,
        heads={"ner": "linear"},
    )
    assert not tiny.changed(tiny.weights(model), told)


@FEW
@given(st.sampled_from(heads.BUILT), st.integers(0, 99))
def test_the_seed_decides_every_weight(case, seed):
    spec = HeadSpec.of(case[1])
    made = [build_head(spec, 8, 3, 4) for _ in range(2)]
    for head in made:
        draw_head(head, np.random.default_rng(seed))
    assert not tiny.changed(tiny.weights(made[0]), made[1])


def test_a_window_ends_where_the_sentence_does():
    words = torch.arange(1.0, 6.0).unsqueeze(-1)  # of two sentences and an empty one
    found = Context(1)(words, torch.tensor([2, 0, 3]))
    expected = [[0, 1, 2], [1, 2, 0], [0, 3, 4], [3, 4, 5], [4, 5, 0]]
    assert found.tolist() == expected
    assert Context(1)(words[:0], torch.tensor([0])).shape == (0, 3)


def test_a_mix_weighs_hidden_states_by_a_softmax():
    head = build_head(HeadSpec(combine="mix"), 2, 3, 2)
    with torch.no_grad():
        head.mix.copy_(torch.tensor([0.0, 1.0, 2.0]))
        head.output.weight.copy_(torch.eye(2))
        head.output.bias.zero_()
    states = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    shares = torch.tensor([0.0, 1.0, 2.0]).softmax(0)
    found = head(states.flatten().unsqueeze(0))
    torch.testing.assert_close(found[0], (shares[:, None] * states).sum(0))


def test_a_head_that_reads_neighbours_needs_to_know_them():
    model, ids = heads.model("ner", {"kind": "context"}), torch.tensor([[2, 5, 3]])
    with pytest.raises(ValueError, match="pass word_mask"):
        model(ids, torch.ones_like(ids))
    with pytest.raises(ValueError, match="needs the words of each sentence"):
        model.ner_classifier(torch.zeros(2, 32))


@pytest.mark.parametrize(
    ("task", "settings", "message"),
    [
        ("ner", "lstm", "kind 'lstm' is not one of linear, mlp, context"),
        ("sentence", "bilstm", "no sentence head is 'bilstm': there are, for sentence"),
        ("pos", "linear", "no pos head"),
        ("ner", {"combine": "sum"}, "combine 'sum' is not one of mean, join, mix"),
        ("ner", {"size": 3}, "a head has no size"),
        ("ner", {"layers": [9]}, "from 0 .the embeddings. to 4"),
        ("ner", {"layers": [-1]}, "numbers from 0 up"),
        ("ner", {"fit": "logistic"}, "a plan's: name it in Plan"),
        ("ner", {"fit": "magic"}, "fit 'magic' is not one of steps"),
        ("ner", {"penalty": 0}, "penalty must be above 0, not 0"),
        ("ner", {"kind": "crf", "fit": "logistic"}, "kind linear or context"),
        ("ner", {"combine": "mix", "fit": "class_means"}, "combine mean or join"),
    ],
)
def test_a_head_that_cannot_be_is_refused(task, settings, message):
    with pytest.raises(ValueError, match=message):
        tall.model(heads={task: settings})


def test_a_saved_head_of_an_unknown_kind_is_refused(tmp_path, monkeypatch):
    model = heads.model("ner", {"kind": "mlp"})
    monkeypatch.setattr(HeadSpec, "to_dict", lambda self: {"kind": "new"})
    model.save(tmp_path / "kept")
    with pytest.raises(BackboneError, match="kind 'new' is not one of"):
        mtl.SharedModel.load(tmp_path / "kept")
