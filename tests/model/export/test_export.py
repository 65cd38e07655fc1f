"""An exported model: equal logits, a backbone for transformers, a script, a card."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import tiny
from torch import nn
from transformers import AutoModel, AutoTokenizer

import mtlhelpers as mtl
from mtlhelpers.cli import main
from mtlhelpers.errors import ExportError
from mtlhelpers.model.export import folder as exported_folder
from mtlhelpers.model.export import onnx_graph
from mtlhelpers.model.export.folder import export_model
from mtlhelpers.model.export.model_card import card
from mtlhelpers.model.heads.decoding import legal_tags
from mtlhelpers.training.scores import Outcomes

onnxruntime = pytest.importorskip("onnxruntime")
TEXTS = ["play New York songs, now", "call  Ada", "", "cafe\u0301: go to Rome!"]
# The script, in a process that has neither torch nor transformers.
RUN = (
    "import json, runpy, sys; sys.modules |= dict.fromkeys(['torch', 'transformers']);"
    "answer = runpy.run_path(sys.argv[1])['answer'];"
    "print(json.dumps([answer(text) for text in json.loads(sys.argv[2])]))"
)


@pytest.fixture(scope="module")
def trained() -> mtl.SharedModel:
    model = tiny.model(tiny.corpus())
    tiny.train(model, tiny.corpus(), tiny.plan(epochs=20))
    return model.eval()


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory) -> Path:
    """An export, by the command."""
    room = tmp_path_factory.mktemp("export")
    trained.save(room / "model")
    assert main(["export", str(room / "model"), str(room / "out")]) == 0
    return room / "out"


def test_everything_is_there_and_nothing_else(folder):
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {
        "README.md",
        "answer.py",
        "backbone/config.json",
        "backbone/model.safetensors",
        "backbone/tokenizer.json",
        "backbone/tokenizer_config.json",
        "model.int8.onnx",
        "model.onnx",
        "names.json",
    }
    assert [p.name for p in folder.parent.glob(".export*")] == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 128), (5, 9)])
def test_logits_are_equal_for_any_shape(trained, folder, shape):
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    ids = torch.randint(4, len(tiny.VOCABULARY), shape)
    mask = torch.ones_like(ids)
    mask[-1, (shape[1] + 1) // 2 :] = 0
    given = {"input_ids": ids.numpy(), "attention_mask": mask.numpy()}
    label, tag = session.run(["label_logits", "tag_logits"], given)
    with torch.no_grad():
        wanted = trained(ids, mask)
    np.testing.assert_allclose(label, wanted.sentence.numpy(), atol=1e-4)
    seen = mask.numpy() > 0
    np.testing.assert_allclose(tag[seen], wanted.ner.numpy()[seen], atol=1e-4)


def test_eight_bits_are_smaller_and_near(trained, folder):
    small, whole = folder / "model.int8.onnx", folder / "model.onnx"
    assert small.stat().st_size < whole.stat().st_size
    assert onnx_graph.logits_distance(trained, small) < 1


def test_transformers_loads_the_backbone(trained, folder):
    backbone = AutoModel.from_pretrained(folder / "backbone").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder / "backbone")
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
    mine = trained.tokenizer(TEXTS, return_tensors="pt", padding=True)
    assert torch.equal(batch["input_ids"], mine["input_ids"])
    with torch.no_grad():
        found = backbone(**batch).last_hidden_state
        wanted = trained.backbone(**mine).last_hidden_state
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)


def test_a_script_without_torch_says_the_same(trained, folder):
    given = [sys.executable, "-c", RUN, str(folder / "answer.py"), json.dumps(TEXTS)]
    done = subprocess.run(given, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    for one, wanted, text in zip(said, trained.predict(TEXTS), TEXTS, strict=True):
        assert one["label"] == wanted.label
        spans = [(span["type"], span["text"]) for span in one["spans"]]
        assert spans == [(span.type, span.text) for span in wanted.spans]
        if text.isascii():
            assert one["spans"] == [span._asdict() for span in wanted.spans]
    assert said[0]["spans"]


@pytest.mark.parametrize("seed", range(5))
def test_the_script_finds_the_best_tags_that_bio_allows(trained, folder, seed):
    best_path = runpy.run_path(str(folder / "answer.py"))["best_path"]
    scores = np.random.default_rng(seed).normal(size=(9, len(trained.tags)))
    best, lengths = scores.argmax(-1), np.array([9])
    legal = legal_tags(best, scores, lengths, trained.tags)
    assert best_path(scores) == legal.tolist() != best.tolist()


def test_the_card_says_what_is_known_and_what_is_not(trained, folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    scores = trained.provenance["scores"]
    low, high = trained.provenance["intervals"]["accuracy"]
    for part in (
        f"| accuracy | {scores['accuracy']:.3f} | {low:.3f} to {high:.3f} |",
        "Sentences: tiny; 24 to train on",
        '"scenario": "none_frozen"',
        "Training sentences: unknown",
        "before training: unknown",
        "2 types: `person`, `place`",
    ):
        assert part in text
    bare = tiny.model(tiny.corpus())
    bare.name = "minilm"
    unknown = card(bare, {})
    assert "Unknown: nothing of it was saved" in unknown
    assert "Apache-2.0 (https://huggingface.co/sentence-transformers/" in unknown


def test_training_is_remembered_in_the_saved_model(tmp_path):
    model = tiny.model(tiny.corpus())
    assert model.provenance == {}
    run = tiny.train(model, tiny.corpus(), tiny.plan("backbone_frozen"))
    assert model.provenance == run.provenance(tiny.corpus())
    assert model.provenance["plan"]["scenario"] == "backbone_frozen"
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert loaded.provenance == json.loads(json.dumps(model.provenance))
    assert card(loaded, {}) == card(model, {})


def outcomes(times: int) -> Outcomes:
    return Outcomes(
        [True, True, False, None] * times,
        [1, 2, 0, 0] * times,
        [1, 1, 1, 0] * times,
        [1, 1, 0, 0] * times,
    )


def test_an_interval_holds_the_score_and_narrows_with_groups_not_copies():
    widths = []
    for times, groups in ((5, 20), (50, 200), (50, 20)):
        names = [str(number % groups) for number in range(4 * times)]
        found = outcomes(times).intervals(names)
        for name, score in (("accuracy", 2 / 3), ("ner_f1", 2 / 3)):
            low, high = found[name]
            assert low < score < high
        widths.append(found["accuracy"][1] - found["accuracy"][0])
    assert widths[1] < widths[0] / 2
    assert widths[2] == widths[0]
    assert Outcomes([None], [0], [0], [0]).intervals(["a"]) == {}


@pytest.mark.parametrize("tasks", [{"labels": False}, {"tags": False}])
def test_a_model_with_one_head(tasks, tmp_path):
    model = tiny.model(tiny.corpus(**tasks))
    assert len(list(export_model(model, tmp_path / "out"))) == 3
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    [output] = session.get_outputs()
    assert output.name == ("tag_logits" if model.tags else "label_logits")


def test_adapters_are_merged(tmp_path):
    model = tiny.model(tiny.corpus())
    tiny.train(model, tiny.corpus(), tiny.plan("lora"))
    said = model.predict(TEXTS)
    list(export_model(model, tmp_path / "out"))
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    pieces = model.tokenizer(TEXTS[:1], return_tensors="np")
    given = {name: pieces[name] for name in onnx_graph.INPUTS}
    label = torch.tensor(session.run(["label_logits"], given)[0]).softmax(-1)
    shares = list(said[0].label_probabilities.values())
    np.testing.assert_allclose(label[0], shares, atol=1e-5)


def test_what_cannot_be_exported_is_refused_and_nothing_written(tmp_path, monkeypatch):
    model = tiny.model(tiny.corpus())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(ExportError, match="full is not empty: name a new folder"):
        list(export_model(model, tmp_path / "full"))
    deep = tiny.model(tiny.corpus())
    deep.ner_classifier = nn.Sequential(nn.Linear(32, 5))
    with pytest.raises(ExportError, match="is a Sequential, which is no head of this"):
        list(export_model(deep, tmp_path / "out"))
    added = tiny.model(tiny.corpus())
    added.backbone.extra = nn.Linear(2, 2)
    with pytest.raises(ExportError, match="not a plain one .it has or lacks extra"):
        list(export_model(added, tmp_path / "out"))
    monkeypatch.setattr(onnx_graph, "logits_distance", lambda *_: float("nan"))
    with pytest.raises(ExportError, match="differ from the model's by nan"):
        list(export_model(model, tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_graph, "EXTRA", ("onnx", "no_such_package"))
    with pytest.raises(ExportError, match=r"no_such_package is .*mtlhelpers\[export\]"):
        list(export_model(tiny.model(tiny.corpus()), tmp_path / "out"))
    assert exported_folder.check_extra is onnx_graph.check_extra
