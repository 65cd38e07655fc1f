"""How long runs take, learned from those that are recorded."""

import pytest
from helpers.outcomes import labels
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.running.console import UNKNOWN, Pace

SCORING = 20.0  # seconds, of any run
A_SENTENCE = 0.01  # seconds, each time it is trained with


def job(size: int = 100, epochs: int = 4, corpus: str = "snips", arm: str = "free"):
    return Job(arm, corpus, "minilm", mtl.Plan(train_size=size, epochs=epochs))


def note(pace: Pace, done: Job, a_sentence: float = A_SENTENCE) -> None:
    training = done.plan.train_size * done.plan.epochs * a_sentence
    seconds = {"total": training, "whole": training + SCORING}
    pace.note(record("one", done, labels("1"), seconds=seconds))


@pytest.mark.parametrize(
    "asked",
    [job(), job(size=3_000, epochs=6), job(size=3_000, epochs=6, corpus="hwu64")],
    ids=["the same", "another size", "another corpus"],
)
def test_training_counts_by_sentences_and_scoring_once(asked):
    pace = Pace()
    note(pace, job())
    training = asked.plan.train_size * asked.plan.epochs * A_SENTENCE
    assert pace.expect(asked) == pytest.approx(training + SCORING)


def test_what_is_most_alike_decides():
    """Sentences of another corpus are longer; each size has its own batches."""
    pace = Pace()
    note(pace, job(corpus="hwu64"), a_sentence=1.0)
    note(pace, job())
    assert pace.expect(job(size=200)) == pytest.approx(800 * A_SENTENCE + SCORING)
    note(pace, job(size=200), a_sentence=0.02)
    assert pace.expect(job(size=200)) == pytest.approx(800 * 0.02 + SCORING)


def test_another_arm_tells_nothing():
    pace = Pace()
    note(pace, job())
    assert pace.expect(job(arm="frozen")) is None
    assert pace.in_words([job(arm="frozen")]) == UNKNOWN
    assert pace.in_words([job(), job(arm="frozen")]) == "at least 24 s"
