"""Heads of every kind in a graph and in the script that needs no torch."""

import runpy

import numpy as np
import pytest
import torch
from helpers import heads, tall, tiny

from mtlhelpers.model.export.folder import export_model
from mtlhelpers.model.export.onnx_graph import WORDS, inputs_of
from mtlhelpers.model.heads.specs import KINDS

onnxruntime = pytest.importorskip("onnxruntime")
TEXTS = [
    "play New York songs, now",
    "call  Ada",
    "the ! songs",
    "go to Rome again , Bo",
]
MIXED = {"combine": "mix", "layers": [1, 3]}
CASES = [("sentence", {"kind": "mlp"} | MIXED), ("ner", {"kind": "linear"} | MIXED)]
CASES += [
    ("ner", {"kind": kind, "combine": "join", "layers": [2, 4]})
    for kind in KINDS["ner"]
    if kind != "linear"
]
PLACES = [[1, 2, 5, -1], [3, -1, -1, -1], [-1, -1, -1, -1]]  # of words, (B, K)


@pytest.mark.parametrize(("task", "settings"), CASES, ids=heads.name_of)
def test_a_head_of_any_kind_is_exported(task, settings, tmp_path):
    model = heads.model(task, settings)
    tiny.train(model, tiny.corpus(), heads.plan(task, settings, epochs=9, head_lr=0.01))
    said = model.predict(TEXTS)
    list(export_model(model, tmp_path / "out"))
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    ids = torch.randint(4, len(tiny.VOCABULARY), (3, 9))
    mask, places = torch.ones_like(ids), torch.tensor(PLACES)
    mask[1, 4:] = 0
    given = {"input_ids": ids, "attention_mask": mask, WORDS: places}
    given = {name: given[name].numpy() for name in inputs_of(model)}
    assert set(given) == {one.name for one in session.get_inputs()}
    label, tag = session.run(["label_logits", "tag_logits"], given)
    words = (places.unsqueeze(-1) == torch.arange(9)).any(1)
    with torch.no_grad():
        wanted = model(ids, mask, words)
    np.testing.assert_allclose(label, wanted.sentence, atol=1e-4)
    for row, at in enumerate(PLACES):
        at = [place for place in at if place >= 0]
        found = tag[row, : len(at)] if WORDS in given else tag[row, at]
        np.testing.assert_allclose(found, wanted.ner[row, at], atol=1e-4)

    answer = runpy.run_path(str(tmp_path / "out" / "answer.py"))["answer"]
    for one, other in zip(map(answer, TEXTS), said, strict=True):
        assert one["label"] == other.label
        assert one["spans"] == [span._asdict() for span in other.spans]
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    reads = "1, 3 in a learned mix" if settings["combine"] == "mix" else "2, 4 joined"
    assert f"The {task} head ({settings['kind']}) reads hidden states {reads}" in card
    assert (WORDS in card) == (WORDS in given)
    assert ("`links`" in card) == ("crf" in settings["kind"])


def test_the_model_that_compare_keeps_can_be_exported(tmp_path):
    model = tall.model()
    tiny.train(model, tiny.corpus(), tiny.plan("frozen_best"))
    model.save(tmp_path / "kept")
    list(export_model(type(model).load(tmp_path / "kept"), tmp_path / "out"))
    answer = runpy.run_path(str(tmp_path / "out" / "answer.py"))["answer"]
    said = model.eval().predict(TEXTS)
    assert [answer(text)["label"] for text in TEXTS] == [one.label for one in said]
