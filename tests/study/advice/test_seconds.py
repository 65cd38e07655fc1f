"""Seconds of a training here: those of recorded runs, scaled to size and machine."""

from dataclasses import fields

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.study.advice import seconds
from mtlhelpers.study.advice.seconds import REFERENCE, expected_seconds, machine_ratio
from mtlhelpers.study.advice.summary import Cell

PLAN = mtl.Plan("backbone_frozen", epochs=2, batch_size=10)


def cell(setup: float = 10.0, words: float = 0.0) -> Cell:
    """A way on 100 sentences with half a second per step."""
    known = dict.fromkeys(field.name for field in fields(Cell))
    return Cell(**known | {"size": 100, "setup": setup, "step": 0.5, "words": words})


@pytest.fixture
def same_machine(monkeypatch):
    monkeypatch.setattr(seconds, "machine_ratio", lambda device: 1.0)


@pytest.mark.parametrize(
    ("size", "expected"), [(100, 10 + 10), (200, 20 + 20), (45, 4.5 + 5)]
)
def test_seconds_grow_with_sentences(same_machine, size, expected):
    assert expected_seconds(cell(), PLAN, size, None) == expected


def test_longer_sentences_take_longer(same_machine):
    corpus = tiny.corpus()
    words = [len(tokens) for tokens in corpus.splits["train"]["tokens"]]
    short = cell(0.0, words=sum(words) / len(words) / 2)
    assert expected_seconds(short, PLAN, 100, corpus) == pytest.approx(2 * 10)


def test_a_slower_machine_takes_longer(monkeypatch):
    slow = [9 * REFERENCE, 3 * REFERENCE, 4 * REFERENCE]
    monkeypatch.setattr(seconds, "_seconds_of_work", lambda device: slow)
    machine_ratio.cache_clear()
    try:
        assert expected_seconds(cell(), PLAN, 100, None, "cpu") == pytest.approx(60)
    finally:
        machine_ratio.cache_clear()


def test_the_work_is_timed_once_and_draws_nothing_from_the_reader():
    machine_ratio.cache_clear()
    state = torch.random.get_rng_state()
    ratio = machine_ratio("cpu")
    assert 0.01 < ratio < 1_000
    assert torch.equal(torch.random.get_rng_state(), state)
    assert machine_ratio("cpu") == ratio


def test_a_device_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="abacus"):
        machine_ratio("abacus")


def test_a_corpus_of_ones_own_trains_nothing(monkeypatch):
    monkeypatch.setattr(torch.optim.AdamW, "step", None)
    found = mtl.recommend("newsdesk", studies="studies")
    assert all(value > 0 for value in found.seconds.values())
