"""Carry out what a study's grid declares and its records do not hold yet."""

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import (
    pack_records,
    read_with_faults,
    record_files,
    write_record,
)
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.pools import HandOut
from mtlhelpers.study.running.queue import (
    Chain,
    Locks,
    Share,
    chains_of,
    clear_away,
    in_turn,
)
from mtlhelpers.study.running.worker import Worker

PAUSE = 2.0  # seconds between looks at what another process has in hand


@dataclass
class Study:
    """A folder with a `grid.toml`, and the records beside it."""

    folder: Path
    corpora: Collection[str] = ()  # runs on these alone; without any named, all
    _worker: Worker = field(default_factory=Worker, repr=False)

    def jobs(self) -> dict[str, Job]:
        """Every job of the grid by the id that its record has, or will have."""
        jobs = read_grid(self.folder / "grid.toml")
        declared = {job.corpus for job in jobs}
        if unknown := sorted(set(self.corpora) - declared):
            raise StudyError(
                f"the grid of {self.folder} declares no run on {', '.join(unknown)}; "
                f"its corpora are {', '.join(sorted(declared))}"
            )
        wanted = self.corpora or declared
        return {self._worker.id_of(job): job for job in jobs if job.corpus in wanted}

    def left(self) -> dict[str, Job]:
        """The jobs that no record holds yet, in the order in which they run."""
        done = {record["id"] for record in read_with_faults(self.folder)[0]}
        return in_turn({k: job for k, job in self.jobs().items() if k not in done})

    def run(
        self, progress: bool = False, hand_out: HandOut | None = None
    ) -> Iterator[dict[str, Any]]:
        """Run what is left; yield each record once it is written.

        `hand_out` has other processes do the work. Without it this one does, one job
        after another, each with a progress bar if `progress` says so. What another
        process on the same folder has in hand is left to it, and waited for.

        Raises `StudyError` where a job cannot be carried out or a record written.
        """
        work = hand_out or self._hand_to_myself(progress)
        there = record_files(self.folder)
        waiting = chains_of(self.left())
        clear_away(self.folder)
        while waiting:
            with Locks(self.folder) as locks:
                share = Share(self.folder, locks, there)
                for record in work(self.folder, share.take(waiting)):
                    with _writing_to(self.folder):
                        write_record(self.folder, record)
                    share.note_done(record["id"])
                    yield record
            waiting = share.of_others
            if waiting:
                time.sleep(PAUSE)

    def pack(self) -> Path:
        """Write `records.parquet`, which is committed: all records, sorted by id."""
        with _writing_to(self.folder):
            return pack_records(self.folder)

    def _hand_to_myself(self, progress: bool) -> HandOut:
        def hand_out(_: Path, chains: Iterable[Chain]) -> Iterator[dict[str, Any]]:
            for chain in chains:
                for key, job in chain.jobs.items():
                    yield self._worker.carry_out(key, job, progress)

        return hand_out


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    """Say of a disk that is full, or cannot be written, which one and what to do."""
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"{folder} cannot be written ({error.strerror or error}); the records in "
            f"it are whole: mend that, then run the same command again"
        ) from error
