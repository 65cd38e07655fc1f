"""Which chains a process has in hand, told to others that work on the same study.

A lock is the operating system's, on an empty file beside the records. It ends with the
process that holds it, in whatever way that ends, so none is ever stale and there is no
clock to compare. Records do not depend on locks, which only spare work done twice.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from mtlhelpers.study.chains import Chain

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


def record_files(folder: Path) -> set[str]:
    """The ids that have a file in the study's `records`, damaged or not."""
    return {path.stem for path in (folder / "records").glob("*.json")}


def clear_away(folder: Path) -> None:
    """Remove what killed processes left: locks of nobody, files half written."""
    for path in (folder / "records").glob("*.lock"):
        Locks(folder).is_deserted(path.stem)
    before = time.time() - STALE
    for path in [*folder.glob("*.tmp"), *(folder / "records").glob("*.tmp")]:
        with suppress(FileNotFoundError):  # another process clears away too
            if path.stat().st_mtime < before:
                path.unlink()
