"""Jobs that share a stage, in one chain: whoever has it makes the stage once."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from mtlhelpers.data.cache import clear_left
from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.schema import check_record
from mtlhelpers.study.records.store import from_json

_LOCK = re.compile(r"[0-9a-f]{16}\.lock")


class Chain(NamedTuple):
    """Jobs by id that one process carries out, one after another.

    Their seed, corpus, backbone and first stage are the same. `name` comes of these
    alone, so it is the same for every process that works on the study.
    """

    name: str
    jobs: dict[str, Job]


def chains_of(jobs: dict[str, Job]) -> list[Chain]:
    """Return the jobs as chains, in the order in which they are to run."""
    groups = groupby(in_turn(jobs).items(), key=lambda item: _turn(item[1])[:5])
    return [Chain(_name(start), dict(group)) for start, group in groups]


def in_turn(jobs: dict[str, Job]) -> dict[str, Job]:
    """Sort jobs by size, so that a study that is stopped has every arm and seed of some
    sizes, which is what a verdict asks for; then along the stages, so that what runs
    share is still at hand."""
    return dict(sorted(jobs.items(), key=lambda item: _turn(item[1])))


def _turn(job: Job) -> tuple[Any, ...]:
    plans = [job.plan]
    while plans[0].first is not None:
        plans.insert(0, plans[0].first)
    size = plans[0].train_size or math.inf  # inf: all that there are
    stages = [json.dumps(plan.to_dict(), sort_keys=True) for plan in plans]
    # The first stage stands by itself: a chain goes that far.
    return size, job.plan.seed, job.corpus, job.backbone, stages[0], stages[1:]


def _name(start: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps(start).encode("utf-8")).hexdigest()[:16]


class Locks:
    """Locks of this process on chains of one study, given back on leaving `with`.

    The system frees those of a process that is killed; their files stay.
    """

    def __init__(self, folder: Path) -> None:
        self._study, self._folder = folder, folder / "records"
        self._held: dict[str, FileLock] = {}

    def __enter__(self) -> "Locks":
        with writing_to(self._study):
            self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._held):
            self.give_back(name)

    def take(self, name: str) -> bool:
        """Return whether the chain is this process's now; False: another has it."""
        # Whichever thread ends the study gives back what another one has taken.
        lock = FileLock(self.path(name), blocking=False, thread_local=False)
        with writing_to(self._study):
            try:
                lock.acquire()
            except Timeout:  # an OSError, too
                return False
        self._held[name] = lock
        return True

    def give_back(self, name: str) -> None:
        """Let others have the chain."""
        # The file goes while the lock still holds: whoever has opened it meanwhile sees
        # that it has no name any more. Windows does this by itself, and refuses here.
        with suppress(OSError):
            self.path(name).unlink()
        self._held.pop(name).release()

    def path(self, name: str) -> Path:
        """Return the file whose lock is the chain's; it is there while that is held."""
        return self._folder / f"{name}.lock"


def free_chains(
    folder: Path, chains: Iterable[Chain], locks: Locks, of_others: list[Chain]
) -> Iterator[Chain]:
    """Yield each chain that no other process has in hand, once its lock is taken.

    Leaves out of a chain what was recorded since it was made up. `of_others` gets the
    chains that other processes have in hand.
    """
    for chain in chains:
        if not locks.take(chain.name):
            of_others.append(chain)
            continue
        jobs = {k: job for k, job in chain.jobs.items() if not is_recorded(folder, k)}
        if jobs:
            yield Chain(chain.name, jobs)
        else:
            locks.give_back(chain.name)


def is_recorded(folder: Path, key: str) -> bool:
    """Return whether a file of the study holds this record, whole."""
    path = folder / "records" / f"{key}.json"
    try:
        check_record(from_json(path.read_bytes()))
    except (OSError, ValueError):  # none is there, or a damaged one
        return False
    return True


def clear_away(folder: Path) -> None:
    """Remove what killed processes left: locks of nobody, records half written."""
    with Locks(folder) as locks:
        clear_left(folder)
        clear_left(folder / "records")
        for path in (folder / "records").iterdir():
            if _LOCK.fullmatch(path.name):
                locks.take(path.stem)  # its file goes as the lock is given back


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Say of a disk that is full, or cannot be written, which one and what to do."""
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"{folder} cannot be written ({error.strerror or error}); the records in "
            f"it are whole: mend that, then run the same command again"
        ) from error
