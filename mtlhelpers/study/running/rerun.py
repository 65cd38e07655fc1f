"""One record's plan, carried out again: does it come to the same scores?

Lesson: 07_limited_vs_sufficient_data. On the same hardware, with the same versions and
number of threads, a run gives the same scores to the last digit. Elsewhere sums are
rounded in another order, and training makes more of that: there, `TOLERANCE` is what
one run may be off by.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtlhelpers.data.load import load_corpus
from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.protocol import MARGINS
from mtlhelpers.study.records.record import NUMERICS, Job
from mtlhelpers.study.records.store import read_records
from mtlhelpers.study.running.worker import Worker

TOLERANCE = {score: MARGINS[score] for score in ("accuracy", "ner_f1")}


def again_lines(folder: Path, key: str, bar: bool = False) -> Iterator[str]:
    """Run the plan of the record `key` of a study again; lines that compare the scores.

    Raises:
        StudyError: where there is no such record, where corpus, backbone or numerics
            are not those of the record, or where a score is off by more than
            `TOLERANCE`.
    """
    record = _find(folder, key)
    job = Job.of(record)
    yield f"{job}, as recorded in {key}"
    _check_corpus(record)
    worker = Worker()
    now = worker.carry_out(worker.id_of(job), job, bar)
    _check_same(record, now, "backbone_sha256")
    yield from _elsewhere(record["environment"], now["environment"])
    yield from _compared(record["scores"], now["scores"])


def _find(folder: Path, key: str) -> dict[str, Any]:
    for record in read_records(folder):
        if record["id"] == key:
            return record
    raise StudyError(f"{folder} has no record {key}")


def _check_corpus(record: dict[str, Any]) -> None:
    """Refuse early what cannot come to the same scores."""
    here = {
        "corpus_sha256": load_corpus(record["corpus"]).fingerprint,
        "numerics": NUMERICS,
    }
    for field in here:
        _check_same(record, here, field)


def _check_same(record: dict[str, Any], now: dict[str, Any], field: str) -> None:
    if record[field] != now[field]:
        raise StudyError(
            f"{field} is {now[field]} here and {record[field]} in the record: this is "
            f"another run, whose scores are not comparable"
        )


def _elsewhere(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What of the machine and the versions is not as it was."""
    for name in sorted(then.keys() & now.keys()):
        if then[name] != now[name]:
            yield f"{name}: {then[name]} recorded, {now[name]} here"


def _compared(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    apart = {
        score: abs(then[score] - now[score])
        for score in TOLERANCE
        if then[score] is not None
    }
    for score in apart:
        yield f"{score}: {then[score]:.6f} recorded, {now[score]:.6f} now"
    if then == now:
        yield "the same scores, to the last digit"
        return
    off = [score for score in apart if apart[score] > TOLERANCE[score]]
    if off:
        raise StudyError(f"off by more than another machine explains: {', '.join(off)}")
    allowed = ", ".join(f"{score} {TOLERANCE[score]}" for score in apart)
    yield f"within what another machine may be off by ({allowed})"
