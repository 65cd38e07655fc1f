"""Seconds of a training here: those of recorded runs, scaled to size and machine."""

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.study.advice import seconds
from mtlhelpers.study.advice.seconds import REFERENCE, expected_seconds, machine_ratio


def run(setup: float, steps: float, **scores: float) -> dict:
    """What a record of 100 sentences says of its seconds."""
    times = {"setup": setup, "steps": steps}
    return {"plan": {"train_size": 100}, "seconds": times, "scores": scores}


@pytest.fixture
def same_machine(monkeypatch):
    monkeypatch.setattr(seconds, "machine_ratio", lambda device: 1.0)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (100, 10 + 40),
        (200, 20 + 80),  # as many epochs
        (50, 5 + 40),  # as many steps
    ],
)
def test_seconds_grow_with_sentences(same_machine, size, expected):
    """Features that runs share are counted once: the dearest run made them."""
    runs = [run(10, 40), run(1, 40), run(1, 400)]
    assert expected_seconds(runs, size, None) == expected


def test_longer_sentences_take_longer(same_machine):
    corpus = tiny.corpus()
    words = [len(tokens) for tokens in corpus.splits["train"]["tokens"]]
    runs = [run(0, 40, words=sum(words), tagged_sentences=2 * len(words))]
    assert expected_seconds(runs, 100, corpus) == pytest.approx(2 * 40)


def test_a_slower_machine_takes_longer(monkeypatch):
    slow = [9 * REFERENCE, 3 * REFERENCE, 4 * REFERENCE]
    monkeypatch.setattr(seconds, "_seconds_of_work", lambda device: slow)
    machine_ratio.cache_clear()
    try:
        assert expected_seconds([run(10, 40)], 100, None, "cpu") == pytest.approx(150)
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
