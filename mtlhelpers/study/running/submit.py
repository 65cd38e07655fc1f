"""Records that were made elsewhere, on a GPU or by another lab: checked, then added.

All of them are added or none. A record must fit the schema, carry the id that its plan,
corpus and backbone give, and be one that the study's grid declares; the cheapest is run
again here, and must come to the same scores.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.record import Job, Record, RecordedIds
from mtlhelpers.study.records.store import (
    pack_records,
    read_file,
    read_with_faults,
    write_record,
)
from mtlhelpers.study.running.console import seconds_of
from mtlhelpers.study.running.queue import writing_to
from mtlhelpers.study.running.rerun import record_lines
from mtlhelpers.study.running.study import Study


def submit_lines(
    folder: Path,
    source: Path,
    rerun: bool = True,
    bar: bool = False,
    device: str = "cpu",
) -> Iterator[str]:
    """Add the records of `source` to the study in `folder`; lines on what was done.

    source: the folder of a study, or a file of records (.parquet, .jsonl, .json).
    Raises `StudyError`, and adds nothing, where a record is damaged or not declared by
    the grid, where the study holds its id with other contents, or where the cheapest,
    run again on `device`, comes to other scores.
    """
    records, faults = _read(source)
    if faults:
        raise StudyError(f"nothing was added: {_some(faults)}. Mend or remove them.")
    if not records:
        raise StudyError(f"{source} holds no record: give a study's folder or its file")
    known = {record["id"]: record for record in read_with_faults(folder)[0]}
    new = [record for record in records if record["id"] not in known]
    _check_declared(folder, records)
    if changed := [r["id"] for r in records if known.get(r["id"], r) != r]:
        raise StudyError(
            f"nothing was added: {folder} holds {_some(changed)} with other contents. "
            f"Remove them from {source}, or from the study."
        )
    yield f"{len(records)} records read, {len(new)} of them new: all sound and declared"
    if not new:
        return
    if rerun:
        yield from record_lines(min(new, key=seconds_of), bar, device)
    else:
        yield "none was run again: their scores are taken on trust"
    with writing_to(folder):
        for record in new:
            write_record(folder, record)
        yield f"packed {pack_records(folder)}"


def _read(source: Path) -> tuple[list[Record], list[str]]:
    if source.is_dir():
        return read_with_faults(source)
    if not os.path.lexists(source):
        raise StudyError(f"{source} is missing: give a study's folder, or its file")
    return read_file(source)


def _check_declared(folder: Path, records: Sequence[Record]) -> None:
    ids = RecordedIds(records)
    declared = {ids.id_of(job) for job in Study(folder).grid}
    if strange := [r for r in records if r["id"] not in declared]:
        what = [f"{record['id']} ({Job.of(record)})" for record in strange]
        raise StudyError(
            f"nothing was added: {folder / 'grid.toml'} does not declare "
            f"{_some(what)}. Add a block for them, or submit them to their "
            f"own study."
        )


def _some(names: Sequence[str], most: int = 3) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + rest
