"""One record's plan, carried out again: does it come to the same scores?

Lesson: 07_limited_vs_sufficient_data. On the same hardware, with the same versions and
number of threads, a run gives the same scores to the last digit. On other hardware the
order of rounding differs, and training amplifies that: there, accept differences up to
`TOLERANCE`.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mtlhelpers.errors import StudyError
from mtlhelpers.model.device import choose_device
from mtlhelpers.study.protocol import MARGINS
from mtlhelpers.study.records.record import NUMERICS, Job, Record, filled_plan, id_of
from mtlhelpers.study.records.store import read_records
from mtlhelpers.study.running.worker import Worker

TOLERANCE = {score: MARGINS[score] for score in ("accuracy", "ner_f1")}


def rerun_lines(
    folder: Path, key: str, bar: bool = False, device: str = "cpu"
) -> Iterator[str]:
    """Run the plan of the record `key` of a study again; lines that compare the scores.

    Raises:
        StudyError: where there is no such record, where corpus, backbone or numerics
            are not those of the record, or where a score is off by more than
            `TOLERANCE`.
    """
    yield from record_lines(_record_of(folder, key), bar, device)


def record_lines(record: Record, bar: bool, device: str) -> Iterator[str]:
    """Do the same with a record at hand."""
    # Defaults may have changed since: each stage trains as it did then.
    job = replace(Job.of(record), plan=filled_plan(record))
    yield f"{job}, as recorded in {record['id']}"
    worker = Worker(choose_device(device))
    facts = worker.facts_of(job)
    here = {"numerics": NUMERICS, **facts._asdict()}
    for field in ("numerics", "corpus_sha256", "backbone_sha256"):
        if record[field] != here[field]:
            raise StudyError(
                f"{field} is {here[field]} here and {record[field]} in the record: "
                f"this is another run, whose scores are not comparable"
            )
    now = worker.carry_out(id_of(job, facts), job, bar)
    yield from _elsewhere(record["environment"], now["environment"])
    yield from _compared(record["scores"], now["scores"])


def _record_of(folder: Path, key: str) -> Record:
    for record in read_records(folder):
        if record["id"] == key:
            return record
    raise StudyError(f"{folder} has no record {key}")


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
    if then.items() <= now.items():  # newer versions count more besides
        yield "the same scores, to the last digit"
        return
    off = [score for score in apart if apart[score] > TOLERANCE[score]]
    if off:
        raise StudyError(f"off by more than another machine explains: {', '.join(off)}")
    allowed = ", ".join(f"{score} {TOLERANCE[score]}" for score in apart)
    yield f"within what another machine may be off by ({allowed})"
