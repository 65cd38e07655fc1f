"""Sides train alike, and a training gives the rows of its bars."""

from dataclasses import replace

import numpy as np
import pytest
from sides import SIDES
from training_case import TrainingCase, padding_share

import mtlhelpers as mtl

HEADS = {"sentence_classifier", "ner_classifier"}
EVERYTHING = HEADS | {"backbone.embeddings", "backbone.layer.0", "backbone.layer.1"}
FROZEN = [
    ("none_frozen", 0, EVERYTHING),
    ("backbone_frozen", 0, HEADS),
    ("none_frozen", 1, HEADS | {"backbone.layer.1"}),
]
MEASURED = {
    "seconds": 2.0,
    "whole_seconds": 3.0,
    "accuracy": 0.9,
    "ner_f1": 0.5,
    "tokens": 400,
    "padding_share": 0.25,
    "peak_bytes": 100,
    "resident_bytes": 120,
    "product_rate": 1e9,
    "work_share": 0.6,
}


def trained(case: TrainingCase, side: str) -> tuple[dict, dict]:
    """The weights before and after a training by one side."""
    model, corpus = case._start(seed=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    SIDES[side](model, corpus, case, 0)
    return before, model.state_dict()


@pytest.mark.parametrize("scenario, top_layers, moves", FROZEN)
@pytest.mark.parametrize("side", SIDES)
def test_a_side_trains_what_the_case_says(case, side, scenario, top_layers, moves):
    case = replace(case, scenario=scenario, top_layers=top_layers)
    before, after = trained(case, side)
    names = [n.replace("encoder.", "") for n in after if not after[n].equal(before[n])]
    assert {n for part in moves for n in names if n.startswith(part)} == set(names)
    assert all(any(n.startswith(part) for n in names) for part in moves)


def test_sides_are_measured_on_the_same_sentences(case):
    case = replace(case, epochs=1)
    ours, *peers = (case.measure(side, seed=1) for side in SIDES)
    for peer in peers:
        assert ours["tokens"] == peer["tokens"] > case.sentences
        assert 0 < ours["padding_share"] < peer["padding_share"] < 1
    for found in (ours, *peers):
        assert found.keys() == MEASURED.keys()
        assert 0 < found["seconds"] <= found["whole_seconds"]
        assert 0 <= found["accuracy"] <= 1 and 0 <= found["ner_f1"] <= 1
        assert found["work_share"] > 0 and found["product_rate"] > 0


def test_sentences_of_one_length(case):
    case = replace(case, length=16, sentences=7)
    model, corpus = case._start(seed=0)
    assert case.measure("ours", 0)["tokens"] == 7 * 16
    assert set(corpus.splits["train"]["label"]) <= set(corpus.labels)
    tagged = zip(corpus.splits["train"]["tokens"], corpus.splits["train"]["tags"])
    for tokens, tags in tagged:
        assert [t[0].isupper() for t in tokens] == [tag != "O" for tag in tags]
    assert mtl.evaluate(model, corpus.splits["train"]) is not None


def test_padding_share():
    lengths = np.array([2, 4, 6])
    assert padding_share(lengths, [[0, 2], [1]]) == pytest.approx(1 - 12 / 16)


def turn(ours: float, peer: float, **changed) -> dict:
    fast = MEASURED | {"seconds": ours} | changed
    return {"ours": fast, "trainer": MEASURED | {"seconds": peer, "peak_bytes": 150}}


def test_each_bar_is_a_row_and_a_ratio_the_median_of_the_turns(case):
    rows = case.rows([turn(1.0, 5.0), turn(2.0, 6.0), turn(1.0, 4.0)])
    assert [row["case"] for row in rows] == case.names
    assert case.names == ["tiny", "tiny_memory", "tiny_work"]
    assert [row["ratio"] for row in rows] == [4.0, 1.5, 0.6]
    assert [row["aim"] for row in rows] == [False, False, True]
    assert rows[0]["turn_ratios"] == [5.0, 3.0, 4.0]
    assert (rows[0]["ours_seconds"], rows[0]["peer_seconds"]) == (1.0, 5.0)
    assert rows[0]["tokens"] == 400 and rows[0]["peer"] == "transformers.Trainer"
    assert "ratio 5.00" in case.shown(turn(1.0, 5.0))


def test_memory_that_the_platform_does_not_tell_has_no_ratio(case):
    row = case.rows([turn(1.0, 5.0, peak_bytes=None)])[1]
    assert row["ratio"] is None and row["ours_peak_bytes"] is None


def test_small_is_small(case):
    small = replace(case, sentences=13_056, epochs=10, batch_size=128).small()
    assert (small.sentences, small.epochs, small.repeats) == (32, 1, 1)
