"""Differences between two recorded ways to train, in points, with their intervals."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mtlhelpers.study.protocol import MARGINS, SCORE_OF, TASKS, Task
from mtlhelpers.study.records.arms import ids_of
from mtlhelpers.study.records.record import Side
from mtlhelpers.study.verdicts.decisions import Decision
from mtlhelpers.study.verdicts.evidence import Evidence, Match
from mtlhelpers.study.verdicts.intervals import mean_difference
from report.words import corpus_name, interval, signed


@dataclass(frozen=True)
class Gap:
    """The first way minus the second on one corpus and task, in points."""

    corpus: str
    task: Task
    size: int
    difference: float
    low: float
    high: float
    seeds: int
    ids: tuple[str, ...]

    @property
    def margin(self) -> float:
        """The smallest difference of interest, in points."""
        return 100 * MARGINS[SCORE_OF[self.task]]

    @property
    def loss(self) -> float:
        """By how much the first is behind, in points."""
        return -self.difference

    @property
    def first_better(self) -> bool:
        """Whether the whole interval lies beyond the margin, above zero."""
        return self.low > self.margin

    @property
    def second_better(self) -> bool:
        """Whether the whole interval lies beyond the margin, below zero."""
        return self.high < -self.margin

    @property
    def name(self) -> str:
        """The corpus in words."""
        return corpus_name(self.corpus, self.task)

    def __str__(self) -> str:
        return f"{signed(self.difference)} ({interval(self.low, self.high)})"


class Ways(NamedTuple):
    """Two ways to train, the first to be held against the second."""

    first: Side
    second: Side


def gaps(
    evidence: Evidence,
    ways: Ways,
    corpora: Iterable[str],
    sizes: Sequence[int] | None = None,
    tasks: Sequence[Task] = TASKS,
) -> Iterator[Gap]:
    """Yield the recorded differences, corpus by corpus, the smaller size first.

    Without `sizes`, at every size where both ways share two seeds or more.
    """
    for corpus in corpora:
        match = Match(*ways, corpus)
        for size, arms in evidence.pairs(match).items():
            if size is None or (sizes is not None and size not in sizes):
                continue
            for task in tasks:
                found = mean_difference(
                    evidence.difference(match, size, SCORE_OF[task])
                )
                yield Gap(
                    corpus,
                    task,
                    size,
                    100 * found.difference,
                    100 * found.low,
                    100 * found.high,
                    found.seeds,
                    ids_of(arms),
                )


def decided(decision: Decision) -> Gap | None:
    """Return what decided a claim on a corpus and task; None where no score did."""
    task = next((task for task in TASKS if task == decision.task), None)
    if task is None or decision.difference is None or decision.interval is None:
        return None
    low, high = decision.interval
    return Gap(
        decision.corpus,
        task,
        decision.size or 0,
        100 * decision.difference,
        100 * low,
        100 * high,
        decision.seeds,
        decision.records,
    )
