"""Carry out what a study's grid declares and its records do not hold yet."""

import time
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mtlhelpers.errors import StudyError
from mtlhelpers.model.device import choose_device
from mtlhelpers.study.records.record import Job, Record
from mtlhelpers.study.records.store import (
    pack_records,
    read_with_faults,
    write_record,
)
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.pools import Pool
from mtlhelpers.study.running.queue import (
    Chain,
    Locks,
    chains_of,
    clear_away,
    free_chains,
    in_turn,
    is_recorded,
    writing_to,
)
from mtlhelpers.study.running.worker import Worker

PAUSE = 2.0  # seconds between looks at what another process has in hand


@dataclass
class Study:
    """A folder with a `grid.toml`, and the records beside it."""

    folder: Path
    corpora: Collection[str] = ()  # runs on these alone; without any named, all
    device: str = "cpu"  # to compute on; its kind is part of every record's id

    @cached_property
    def grid(self) -> list[Job]:
        """Every job that the grid declares on the chosen corpora."""
        jobs = read_grid(self.folder / "grid.toml")
        declared = {job.corpus for job in jobs}
        if unknown := sorted(set(self.corpora) - declared):
            raise StudyError(
                f"the grid of {self.folder} declares no run on {', '.join(unknown)}; "
                f"its corpora are {', '.join(sorted(declared))}"
            )
        return [job for job in jobs if job.corpus in (self.corpora or declared)]

    @cached_property
    def worker(self) -> Worker:
        """This process at work."""
        return Worker(choose_device(self.device))

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """Every job by the id of its record here; loads all corpora and backbones."""
        return {self.worker.id_of(job): job for job in self.grid}

    def left(self, records: Iterable[Record] | None = None) -> dict[str, Job]:
        """Return the jobs that none of the records holds, in the order of running.

        Without `records`, reads those of the folder.
        """
        if records is None:
            records, _ = read_with_faults(self.folder)
        done = {record["id"] for record in records}
        return in_turn({k: job for k, job in self.jobs.items() if k not in done})

    def run(
        self,
        progress: bool = False,
        pool: Pool | None = None,
        left: dict[str, Job] | None = None,
    ) -> Iterator[Record]:
        """Carry out what is left; yield each record once it is written.

        A `pool` has other processes do the work. Without one this process does, one job
        after another, each with a progress bar if `progress` says so. What another
        process on the same folder has in hand is left to it, and waited for.

        Raises `StudyError` where a job cannot be carried out or a record written.
        """
        waiting = chains_of(self.left() if left is None else left)
        clear_away(self.folder)
        while waiting:
            of_others: list[Chain] = []
            with Locks(self.folder) as locks:
                free = free_chains(self.folder, waiting, locks, of_others)
                with closing(self._work(free, pool, progress)) as work:
                    for chain, records in work:
                        for record in records:
                            if not is_recorded(self.folder, record["id"]):
                                with writing_to(self.folder):
                                    write_record(self.folder, record)
                            yield record
                        locks.give_back(chain.name)
            waiting = of_others
            if waiting:
                time.sleep(PAUSE)

    def _work(
        self, chains: Iterator[Chain], pool: Pool | None, progress: bool
    ) -> Generator[tuple[Chain, Iterable[Record]]]:
        """Each chain with its records: those of this process as they are asked for."""
        if pool:
            yield from pool.carry_out(self.folder, chains, str(self.worker.device))
            return
        for chain in chains:
            jobs = chain.jobs.items()
            yield chain, (self.worker.carry_out(k, job, progress) for k, job in jobs)

    def pack(self) -> Path:
        """Write `records.parquet`, which is committed: all records, sorted by id."""
        if not self.folder.is_dir():
            raise StudyError(f"{self.folder} is no folder: name the one of a study")
        with writing_to(self.folder):
            return pack_records(self.folder)
