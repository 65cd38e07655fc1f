"""Each guard of losses, scores and adapters is taken out, and its check fails.

Pitfalls 11, 12, 22 and 24 are no encoder's: the scorer's mode, its installation, the
majority baseline and the choice of seeds stand beside whatever model is scored.
"""

from pathlib import Path

import torch
from helpers import tiny
from helpers.guards import CORPUS, Guard, cases, check_falls, model_of
from tokenizers import normalizers

import mtlhelpers as mtl
from mtlhelpers.data import encoding
from mtlhelpers.data.encoding import collate
from mtlhelpers.model import layers, lora
from mtlhelpers.model.encoders.families import layers_of
from mtlhelpers.training import loop, losses, metrics, run
from mtlhelpers.training.features import states
from mtlhelpers.training.metrics import encode_for

TRAIN = CORPUS.splits["train"]
BLIND = tiny.disjoint_corpus().splits["train"]  # each with a label or with tags
IDS = torch.tensor([[0, 5, 9, 2]])


def both_tasks_are_scored_every_epoch(folder: Path) -> None:
    plan = tiny.plan("sentence_head_frozen", epochs=2, track=True)
    history = tiny.train(model_of(folder), CORPUS, plan).history
    assert all({"accuracy", "ner_f1"} <= entry.keys() for entry in history)


def what_is_frozen_runs_without_a_graph(folder: Path) -> None:
    model, graphs = model_of(folder), []
    lowest = layers_of(model.backbone)[0]
    lowest.register_forward_hook(lambda *_: graphs.append(torch.is_grad_enabled()))
    tiny.train(model, CORPUS, tiny.plan("last_1_layers"))
    assert graphs and not any(graphs)


def a_word_counts_once(folder: Path) -> None:
    batch = collate(encode_for(model_of(folder), TRAIN), range(4))
    words = [len(tokens) for tokens in TRAIN["tokens"][:4]]
    assert batch["word_mask"].sum(1).tolist() == words


def a_cut_sentence_has_a_tag_per_word(folder: Path) -> None:
    model = model_of(folder).eval()
    model.max_length = 4
    encoded = encode_for(model, TRAIN)
    assert encoded.truncated.any()
    found = metrics.predict_all(model, encoded).tags
    assert list(map(len, found)) == list(map(len, TRAIN["tokens"]))


def a_batch_without_labels_costs_nothing(folder: Path) -> None:
    model = model_of(folder)
    rows = [at for at, label in enumerate(BLIND["label"]) if label is None]
    found = losses.live_losses(model, encode_for(model, BLIND), rows).losses
    assert found["sentence"].item() == 0.0 < found["ner"].item()


def an_absent_task_has_a_graph(folder: Path) -> None:
    model = model_of(folder)
    rows = [at for at, tags in enumerate(BLIND["tags"]) if tags is None]
    found = losses.live_losses(model, encode_for(model, BLIND), rows).losses
    assert found["ner"].item() == 0.0 and found["ner"].requires_grad


def what_has_no_gold_is_left_out(folder: Path) -> None:
    encoded = encode_for(model_of(folder), BLIND)
    assert (encoded.label_ids >= 0).sum() == 24
    assert sum((tags >= 0).any() for tags in encoded.tag_ids) == 12


def heads_are_saved_with_adapters(folder: Path) -> None:
    model, path = model_of(folder), folder.parent / f"{folder.name}.safetensors"
    tiny.train(model, CORPUS, tiny.plan("lora"))
    lora.save_lora(model, path)
    other = model_of(folder, seed=1).eval()
    lora.load_lora(other, path)
    assert other.predict(["call Ada now"]) == model.eval().predict(["call Ada now"])


def each_part_has_its_gradient_norm(folder: Path) -> None:
    [entry] = tiny.train(model_of(folder), CORPUS, tiny.plan()).history
    for task in ("sentence", "ner"):
        assert {f"loss_{task}", f"gradient_norm_{task}_classifier"} <= entry.keys()


@torch.no_grad()
def no_part_is_clipped_for_another(folder: Path) -> None:
    model = model_of(folder)
    mtl.apply_scenario(model, "none_frozen")
    for name, tensor in model.named_parameters():
        size = 100.0 if name.startswith("sentence") else 1e-6
        tensor.grad = torch.full_like(tensor, size)
    loop.clip_each_part(model, 1.0)
    gradient = model.ner_classifier.weight.grad
    assert torch.equal(gradient, torch.full_like(gradient, 1e-6))


def features_carry_no_graph(folder: Path) -> None:
    model = model_of(folder)
    found = states.extract_states(model, encode_for(model, TRAIN))
    assert not found.pieces.requires_grad


def what_is_read_can_enter_a_graph(folder: Path) -> None:
    model = model_of(folder)
    with states._evaluating(model):
        found = layers.hidden_states(model.backbone, [4], IDS)[4]
    assert not found.is_inference()


def a_word_without_a_piece_is_o(folder: Path) -> None:
    model = model_of(folder).eval()
    with torch.no_grad():
        model.ner_classifier.bias[CORPUS.tags.index("B-place")] = 100.0
    model.tokenizer.backend_tokenizer.normalizer = normalizers.Replace("\ufe0f", "")
    rows = {"tokens": [["go", "\ufe0f"]], "tags": [None], "label": [None]}
    encoded = encode_for(model, rows)
    assert metrics.predict_all(model, encoded).tags == [["B-place", "O"]]
    assert encoded.lost_words.tolist() == [1]


GRADIENT_NORMS = (
    'values |= {f"gradient_norm_{part}": norm for part, norm in norms.items()}'
)
GUARDS = [
    Guard(
        6,
        both_tasks_are_scored_every_epoch,
        loop._run_stage,
        "if plan.track or plan.select:",
        "if plan.select:",
    ),
    Guard(
        7,
        what_is_frozen_runs_without_a_graph,
        losses.loss_function,
        "if cut <= 0:",
        "if True:",
    ),
    Guard(
        7,
        features_carry_no_graph,
        states._evaluating.__wrapped__,
        "torch.no_grad()",
        "torch.enable_grad()",
    ),
    Guard(
        9,
        a_word_counts_once,
        encoding.collate,
        "word_mask[i, encoded.first_pieces[row]]",
        "word_mask[i, 1 : length - 1]",
    ),
    Guard(
        10,
        a_cut_sentence_has_a_tag_per_word,
        metrics.predict_all,
        "int(len(kept) + encoded.lost_words[row])",
        "len(kept)",
    ),
    Guard(
        14,
        a_batch_without_labels_costs_nothing,
        losses._mean_loss,
        ".clamp(min=1)",
        "",
    ),
    Guard(
        18,
        an_absent_task_has_a_graph,
        losses._mean_loss,
        "return total",
        "return 0 * total.detach() if total == 0 else total",
    ),
    Guard(
        19,
        what_has_no_gold_is_left_out,
        encoding.encode,
        "IGNORED if label is None or not labels",
        "0 if label is None or not labels",
    ),
    Guard(
        19,
        what_has_no_gold_is_left_out,
        encoding._tag_ids,
        "IGNORED",
        "0",
    ),
    Guard(
        21,
        heads_are_saved_with_adapters,
        lora.save_lora,
        'if not name.startswith("backbone.") or ".lora_" in name',
        'if ".lora_" in name',
    ),
    Guard(
        23,
        each_part_has_its_gradient_norm,
        run.EpochRecorder.note_step,
        GRADIENT_NORMS,
    ),
    Guard(
        23,
        no_part_is_clipped_for_another,
        loop.clip_each_part,
        "clip_grad_norm_(tensors, limit)",
        "clip_grad_norm_(list(model.parameters()), limit)",
    ),
    Guard(
        26,
        what_is_read_can_enter_a_graph,
        states._evaluating.__wrapped__,
        "torch.no_grad()",
        "torch.inference_mode()",
    ),
    Guard(
        27,
        a_word_without_a_piece_is_o,
        encoding.encode,
        "len(w) - len(k) for w, k",
        "0 for w, k",
    ),
]


@cases(GUARDS)
def test_a_check_of_learning_fails_without_its_guard(guard, family, folders):
    check_falls(guard, folders[family])
