"""Jobs that share a stage, in one chain: whoever has it makes the stage once."""

import hashlib
import json
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from mtlhelpers.data.cache import is_temporary
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import record_files


class Chain(NamedTuple):
    """Jobs by id that one process carries out, one after another.

    Their seed, corpus, backbone and first stage are the same. `name` comes of these
    alone, so it is the same for every process that works on the study.
    """

    name: str
    jobs: dict[str, Job]


def chains_of(jobs: dict[str, Job]) -> list[Chain]:
    """The jobs as chains, in the order in which they are to run."""
    groups = groupby(in_turn(jobs).items(), key=lambda item: _turn(item[1])[:5])
    return [Chain(_name(start), dict(group)) for start, group in groups]


def in_turn(jobs: dict[str, Job]) -> dict[str, Job]:
    """Size by size, so that a study that is stopped has every arm and seed of some
    sizes, which is what a verdict asks for; and along the stages, so that what runs
    share is still at hand."""
    return dict(sorted(jobs.items(), key=lambda item: _turn(item[1])))


def _turn(job: Job) -> tuple:
    plans = [job.plan]
    while plans[0].first is not None:
        plans.insert(0, plans[0].first)
    size = plans[0].train_size or math.inf  # inf: all that there are
    stages = [json.dumps(plan.to_dict(), sort_keys=True) for plan in plans]
    # The first stage stands by itself: a chain goes that far.
    return size, job.plan.seed, job.corpus, job.backbone, stages[0], stages[1:]


def _name(start: tuple) -> str:
    return hashlib.sha256(json.dumps(start).encode("utf-8")).hexdigest()[:16]


STALE = 3600.0  # seconds after which no process can still be writing a file


class Locks:
    """Locks of this process on chains of one study, given back on leaving `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "records"
        self._held: dict[str, FileLock] = {}

    def __enter__(self) -> "Locks":
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._held):
            self.give_back(name)

    def take(self, name: str) -> bool:
        """Whether the chain is this process's now; False while another has it."""
        # joblib asks in one thread and hears of the end in another.
        lock = FileLock(self._path(name), blocking=False, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return False
        self._held[name] = lock
        return True

    def give_back(self, name: str) -> None:
        """Let others have the chain."""
        # The file goes while the lock still holds: whoever has opened it meanwhile sees
        # that it has no name any more. Windows does this by itself, and refuses here.
        with suppress(OSError):
            self._path(name).unlink()
        self._held.pop(name).release()

    def is_told(self, name: str) -> bool:
        """Whether the chain's file is seen from here: some process has the chain in
        hand, or had it when it was killed."""
        return self._path(name).exists()

    def is_deserted(self, name: str) -> bool:
        """Whether no process has the chain in hand; its file is then gone."""
        if not self.take(name):
            return False
        self.give_back(name)
        return True

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


@dataclass
class Share:
    """What this process takes in hand of the chains that are left."""

    folder: Path
    locks: Locks
    there: set[str]  # ids that had a file when the chains were made up
    of_others: list[Chain] = field(default_factory=list)
    _open: dict[str, tuple[str, set[str]]] = field(default_factory=dict, repr=False)

    def take(self, chains: Iterable[Chain]) -> Iterator[Chain]:
        """Each chain that no other process has in hand, without what another process
        has recorded since."""
        for chain in chains:
            if not self.locks.take(chain.name):
                self.of_others.append(chain)
                continue
            since = record_files(self.folder) - self.there
            jobs = {key: job for key, job in chain.jobs.items() if key not in since}
            to_come = set(jobs)
            self._open |= dict.fromkeys(jobs, (chain.name, to_come))
            if jobs:
                yield Chain(chain.name, jobs)
            else:
                self.locks.give_back(chain.name)

    def note_done(self, key: str) -> None:
        """A job is recorded; with its last one a chain is out of hand."""
        name, to_come = self._open.pop(key)
        to_come.remove(key)
        if not to_come:
            self.locks.give_back(name)


def clear_away(folder: Path) -> None:
    """Remove what killed processes left: locks of nobody, files half written."""
    for path in (folder / "records").glob("*.lock"):
        Locks(folder).is_deserted(path.stem)
    before = time.time() - STALE
    for path in filter(is_temporary, [*folder.glob("*"), *folder.glob("records/*")]):
        with suppress(FileNotFoundError):  # another process clears away too
            if path.stat().st_mtime < before:
                path.unlink()
