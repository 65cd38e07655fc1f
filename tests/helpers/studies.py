"""Studies of the tiny corpus, and their records without what differs by run."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.study.records.store import read_with_faults

VOLATILE = ("seconds", "peak_memory_bytes", "revision")


def corpus_folder(folder: Path, corpus: mtl.Corpus | None = None) -> str:
    """The tiny corpus, or another, as files; its path as TOML has it."""
    folder.mkdir()
    for split, rows in (corpus or tiny.corpus()).splits.items():
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
