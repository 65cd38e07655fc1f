"""The recorded runs of an arm, and those of two arms side by side.

Lesson: 07_limited_vs_sufficient_data.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mtlhelpers.data.published.registry import PUBLISHERS, STUDIED
from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.records.outcomes import unpack_labels, unpack_outcomes
from mtlhelpers.study.records.record import Record, Side
from mtlhelpers.study.records.store import read_records
from mtlhelpers.training.scores import Outcomes


class ArmRuns(NamedTuple):
    """The runs of one arm on one corpus at one training size, by seed."""

    outcomes: dict[int, Outcomes]  # on test
    ids: dict[int, str]  # of the records
    train_scores: dict[int, dict[str, float | None]]  # on sentences trained with
    probes: dict[int, Outcomes]  # on the other corpus of the probe, where measured


Size = int | None  # training sentences; None: all of a corpus
Pairs = dict[Size, tuple[ArmRuns, ArmRuns]]


def select(
    records: Iterable[Record], corpus: str, arm: str, **settings: Any
) -> list[Record]:
    """Return the records of an arm on a corpus.

    `settings` of the plan tell runs apart where the arm's name does not.
    """
    return [
        record
        for record in records
        if (record["corpus"], record["arm"]) == (corpus, arm)
        and all(record["plan"][name] == value for name, value in settings.items())
    ]


def by_size(records: Iterable[Record]) -> dict[Size, ArmRuns]:
    """Return the runs of an arm on a corpus by training size, all of it last."""
    runs: dict[Size, ArmRuns] = defaultdict(lambda: ArmRuns({}, {}, {}, {}))
    for record in records:
        plan = record["plan"]
        at, seed = runs[plan["train_size"]], plan["seed"]
        at.outcomes[seed] = unpack_outcomes(record["outcomes"])
        at.ids[seed] = record["id"]
        at.train_scores[seed] = record["train_scores"] or {}
        if probe := record.get("measured", {}).get("probe"):
            at.probes[seed] = unpack_labels(probe["label_right"])
    return {size: runs[size] for size in sorted(runs, key=_in_order)}


def _in_order(size: Size) -> float:
    return math.inf if size is None else size


def as_probed(runs: Mapping[Size, ArmRuns]) -> dict[Size, ArmRuns]:
    """Return the runs of which the probe was measured, its outcomes for those on test.

    What they score on sentences trained with has no part in it.
    """
    return {
        size: ArmRuns(one.probes, {seed: one.ids[seed] for seed in one.probes}, {}, {})
        for size, one in runs.items()
    }


def pair(first: Mapping[Size, ArmRuns], second: Mapping[Size, ArmRuns]) -> Pairs:
    """Return both arms by training size, where they share two seeds or more."""
    return {
        size: (first[size], second[size])
        for size in sorted(first.keys() & second.keys(), key=_in_order)
        if len(shared_seeds(first[size], second[size])) > 1
    }


def shared_seeds(first: ArmRuns, second: ArmRuns) -> list[int]:
    """Return the seeds that both have."""
    return sorted(first.ids.keys() & second.ids.keys())


def shared_ids(first: ArmRuns, second: ArmRuns) -> tuple[str, ...]:
    """Return the records of both, of the seeds that both have."""
    seeds = shared_seeds(first, second)
    return tuple(arm.ids[seed] for arm in (first, second) for seed in seeds)


def groups_of_test(corpus: str, pairs: Pairs) -> Sequence[str]:
    """Return the group of each test sentence.

    A published corpus names no groups, so each of its sentences is one; that much is
    known without the corpus, which a reader of records may not have.
    """
    if not pairs:
        return []
    if corpus not in (*PUBLISHERS, *STUDIED):
        return _named_groups(corpus)
    run = next(iter(next(iter(pairs.values()))[0].outcomes.values()))
    return [f"{number:06}" for number in range(len(run.label_right))]


@cache
def _named_groups(corpus: str) -> tuple[str, ...]:
    """Those that a corpus names; kept, since every comparison asks."""
    from mtlhelpers.data.load import load_corpus  # half a second, needed here alone

    return tuple(load_corpus(corpus).splits["test"]["group"][:])


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
        return select(self.all(side.study), corpus, side.arm, **dict(side.settings))

    def all(self, study: str) -> list[Record]:
        """Return every record of a study; none where there is no such study."""
        if study not in self._read:
            self._read[study] = read_records(self.folder / study)
        return self._read[study]

    def runs(self, side: Side, corpus: str) -> dict[Size, ArmRuns]:
        """Return the runs of an arm on a corpus by training size."""
        return by_size(self.of(side, corpus))
