"""Studies of the tiny corpus, and their records without what differs by run."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job, record_id
from mtlhelpers.study.records.store import read_with_faults

VOLATILE = ("seconds", "peak_memory_bytes", "revision")


def corpus_folder(folder: Path) -> str:
    """The tiny corpus as files; its path as TOML has it."""
    folder.mkdir()
    for split, rows in tiny.corpus().splits.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return json.dumps(str(folder))


def be_killed(*_: object) -> None:
    """As a worker process that took all memory is."""
    os.kill(os.getpid(), signal.SIGKILL)


def stable(folder: Path) -> list[dict]:
    """The records without what differs from run to run: times, memory, revision."""
    records, faults = read_with_faults(folder)
    assert not faults
    return [without_times(record) for record in records]


def without_times(found: Any) -> Any:
    if isinstance(found, list):
        return [without_times(entry) for entry in found]
    if not isinstance(found, dict):
        return found
    return {k: without_times(v) for k, v in found.items() if k not in VOLATILE}


def id_of(record: dict[str, Any]) -> str:
    """The id that a record's own plan, corpus, backbone and machine give."""
    where = record["arm"], record["corpus"], record["backbone"]
    measured = tuple(record.get("measured", ()))
    job = Job(*where, _stages(record), measure=measured)
    digests = record["corpus_sha256"], record["backbone_sha256"]
    return record_id(job, *digests, record["environment"])


def _stages(record: dict[str, Any]) -> mtl.Plan:
    """The plan, its earlier stages too as they were when everything was filled in."""
    first = record["first"] and _stages(record["first"])
    return replace(mtl.Plan.from_dict(record["plan"]), first=first)
