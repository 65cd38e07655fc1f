"""The recorded runs of an arm, and those of several arms side by side.

Lesson: 07_limited_vs_sufficient_data.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.record import Record, Side
from mtlhelpers.study.records.store import read_records

Size = int | None  # training sentences; None: all of a corpus
Runs = Mapping[int, Record]  # of one arm on one corpus at one size, by seed


def by_size(records: Iterable[Record]) -> dict[Size, Runs]:
    """Return the runs of an arm on a corpus by training size."""
    runs: dict[Size, dict[int, Record]] = defaultdict(dict)
    for record in records:
        runs[record["plan"]["train_size"]][record["plan"]["seed"]] = record
    return {**runs}


def pair(*arms: Mapping[Size, Runs]) -> dict[Size, tuple[Runs, ...]]:
    """Return the runs of the seeds that all arms have, where these are two or more.

    By training size, all of a corpus last; seeds in order.
    """
    pairs: dict[Size, tuple[Runs, ...]] = {}
    sizes = set.intersection(*map(set, arms))
    for size in sorted(sizes, key=lambda size: math.inf if size is None else size):
        own = [arm[size] for arm in arms]
        seeds = sorted(set.intersection(*map(set, own)))
        if len(seeds) > 1:
            pairs[size] = tuple({seed: arm[seed] for seed in seeds} for arm in own)
    return pairs


def ids_of(arms: Iterable[Runs]) -> tuple[str, ...]:
    """Return the ids of all runs, arm by arm."""
    return tuple(run["id"] for runs in arms for run in runs.values())


@dataclass
class Studies:
    """The records of all studies below a folder, each study read once."""

    folder: Path
    _read: dict[str, list[Record]] = field(default_factory=dict, repr=False)

    @classmethod
    def below(cls, folder: str | Path) -> "Studies":
        """Return those in a folder. Raises `StudyError` where it is not there."""
        if not Path(folder).is_dir():
            raise StudyError(
                f"{folder} is no folder: name the one with the studies (--studies "
                f"FOLDER); in a clone it is `studies`"
            )
        return cls(Path(folder))

    def of(self, side: Side, corpus: str) -> list[Record]:
        """Return the records of an arm on a corpus."""
        return [
            record
            for record in self.all(side.study)
            if (record["corpus"], record["arm"]) == (corpus, side.arm)
            and all(record["plan"][name] == value for name, value in side.settings)
        ]

    def all(self, study: str) -> list[Record]:
        """Return every record of a study; none where there is no such study."""
        if study not in self._read:
            self._read[study] = read_records(self.folder / study)
        return self._read[study]
