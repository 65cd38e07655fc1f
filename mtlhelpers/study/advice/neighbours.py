"""What was recorded nearest to a case that was not, and what may be expected from it.

Lesson: 08_what_should_i_freeze.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mtlhelpers.study.protocol import (
    LESSON_05,
    MARGINS,
    SCORE_OF,
    TASKS,
    TRANSFER,
    Task,
)
from mtlhelpers.study.records.arms import Studies, by_size, pair
from mtlhelpers.study.records.record import Record, Side
from mtlhelpers.study.verdicts.evidence import Floats
from mtlhelpers.study.verdicts.intervals import t_quantile

if TYPE_CHECKING:  # a second of imports, which advice from records does without
    import pandas as pd

    from mtlhelpers.data.corpus import Corpus

FAR = 3.2  # times smaller or larger: half a decade, the step between recorded sizes
EXPECTED_WITHIN = 0.95

# By scenario, the cheaper first: where it was recorded.
Arms = Mapping[str, tuple[Side, ...]]
FRESH: Arms = {
    "backbone_frozen": (Side("transfer", "backbone_frozen"),),
    "none_frozen": (Side("transfer", "none_frozen"),),
}
KEEPING: Arms = {
    "sentence_head_and_backbone_frozen": (
        Side("one_head_frozen", "3B"),
        Side("further", "3B"),
    ),
    "sentence_head_frozen": (
        Side("one_head_frozen", "lwf"),
        Side("further", "3A, lwf"),
    ),
}


class Expected(NamedTuple):
    """A score from 0 to 1 and its interval; the interval is nan where one value is."""

    mean: float
    low: float
    high: float

    @classmethod
    def of_next(cls, scores: Sequence[float]) -> "Expected":
        """Where one more score like these lies, by a t interval for a new value."""
        mean, count = float(np.mean(scores)), len(scores)
        if count < 2:
            return cls(mean, math.nan, math.nan)
        spread = float(np.std(scores, ddof=1)) * math.sqrt(1 + 1 / count)
        half = t_quantile(count - 1, EXPECTED_WITHIN) * spread
        return cls(mean, max(0.0, mean - half), min(1.0, mean + half))

    def to_dict(self) -> dict[str, float | None]:
        """As JSON data, which knows no nan."""
        return {k: None if math.isnan(v) else v for k, v in self._asdict().items()}

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{100 * self.mean:.1f}"
        return f"{100 * self.mean:.1f} ({100 * self.low:.1f} to {100 * self.high:.1f})"


@dataclass(frozen=True)
class Near:
    """One corpus at one recorded size: runs of each scenario, of the same seeds."""

    corpus: str
    size: int  # training sentences
    runs: Mapping[str, tuple[Record, ...]]

    @property
    def records(self) -> tuple[str, ...]:
        """Ids of all its runs."""
        return tuple(run["id"] for runs in self.runs.values() for run in runs)

    def is_of(self, corpus: "Corpus") -> bool:
        """Whether these runs are of this very corpus."""
        return any(
            run["corpus_sha256"] == corpus.fingerprint
            for runs in self.runs.values()
            for run in runs
        )

    def scores(self, scenario: str, task: Task) -> list[float]:
        """On test, seed by seed."""
        return [run["scores"][SCORE_OF[task]] for run in self.runs[scenario]]

    def mean(self, scenario: str, task: Task) -> float:
        """On test, over seeds."""
        return float(np.mean(self.scores(scenario, task)))

    def __str__(self) -> str:
        seeds = len(next(iter(self.runs.values())))
        return f"{self.corpus} at {self.size:,} sentences, {seeds} seeds"


def nearest(
    studies: Studies, arms: Arms, size: int, leave_out: Collection[str] = ()
) -> list[Near]:
    """Each recorded corpus at its size nearest to `size`, unless that is far off."""
    near = []
    for corpus in dict.fromkeys((*TRANSFER, *LESSON_05)):
        at = {} if corpus in leave_out else recorded(studies, arms, corpus)
        if at:
            closest = min(at, key=lambda one: distance(one, size))
            if distance(closest, size) <= math.log(FAR):
                near.append(at[closest])
    return near


def distance(size: int, other: int) -> float:
    """How far apart two sizes are, as ratios go."""
    return abs(math.log(size / other))


def recorded(studies: Studies, arms: Arms, corpus: str) -> dict[int, Near]:
    """A corpus by recorded size, where all arms share two seeds or more.

    Runs on all sentences, however many these were, are near to no number of them.
    """
    by_arm = [
        by_size(run for side in sides for run in studies.of(side, corpus))
        for sides in arms.values()
    ]
    return {
        size: Near(
            corpus, size, {name: (*own.values(),) for name, own in zip(arms, pairs)}
        )
        for size, pairs in pair(*by_arm).items()
        if size is not None
    }


@dataclass(frozen=True)
class Advice:
    """A scenario, and what the records say of it."""

    scenario: str
    agreed: bool  # no corpus and task has the other scenario ahead by its margin
    keeps: bool  # the dearer scenario costs the kept task no more than its margin
    expected: Mapping[str, Mapping[Task, Expected]]  # of each scenario
    near: tuple[Near, ...]


def advise(
    near: Sequence[Near], tasks: Sequence[Task], kept: Task | None = None
) -> Advice:
    """The dearer scenario if its lead is worth it, else the cheaper one.

    Its lead is worth it if the mean over corpora and tasks is more than a margin of
    interest (1 point of accuracy, 2 of F1), and it loses no more than a margin of the
    task that is to be kept, on no corpus. Raises `ValueError` without anything near.
    """
    if not near:
        raise ValueError("no records near enough")
    cheap, dear = near[0].runs
    leads = _leads(near, tasks, dear, cheap)
    keeps = kept is None or bool((_leads(near, [kept], dear, cheap) >= -1).all())
    better = keeps and bool(leads.mean() > 1)
    asked = tasks if kept is None else [*tasks, kept]
    return Advice(
        scenario=dear if better else cheap,
        agreed=keeps and bool(((leads if better else -leads) >= -1).all()),
        keeps=keeps,
        expected={
            scenario: {task: _expected(near, scenario, task) for task in asked}
            for scenario in (cheap, dear)
        },
        near=tuple(near),
    )


def _expected(near: Sequence[Near], scenario: str, task: Task) -> Expected:
    """Of one more corpus like these; of one more seed, where there is one corpus."""
    if len(near) == 1:
        return Expected.of_next(near[0].scores(scenario, task))
    return Expected.of_next([one.mean(scenario, task) for one in near])


def check_advice(folder: str | Path) -> "pd.DataFrame":
    """Advise on each recorded corpus and size from the other corpora alone.

    One row per corpus and size. `advised` and `best`: scenarios, the best by its mean
    over tasks. `lost`: points by which the advised one is behind the best, the mean
    over tasks. `hit`: behind by no more than the margin on each task. `held` of `of`:
    how many of the advised scenario's expected intervals hold its score. Raises
    `StudyError` where the folder is not there.
    """
    import pandas as pd

    studies = Studies.below(folder)
    rows = []
    for corpus in TRANSFER:
        for size, own in recorded(studies, FRESH, corpus).items():
            others = nearest(studies, FRESH, size, leave_out=(corpus,))
            if len(others) > 1:
                rows.append(_checked(own, advise(others, TASKS)))
    columns = ["corpus", "size", "advised", "best", "lost", "hit", "held", "of"]
    return pd.DataFrame(rows, columns=columns)


def _checked(own: Near, advice: Advice) -> dict[str, object]:
    advised = advice.scenario
    means = {name: np.mean([own.mean(name, t) for t in TASKS]) for name in own.runs}
    best = max(means, key=means.__getitem__)
    held = [
        one.low <= own.mean(advised, task) <= one.high
        for task, one in advice.expected[advised].items()
    ]
    return {
        "corpus": own.corpus,
        "size": own.size,
        "advised": advised,
        "best": best,
        "lost": 100 * (means[best] - means[advised]),
        "hit": bool((_leads([own], TASKS, best, advised) <= 1).all()),
        "held": sum(held),
        "of": len(held),
    }


def _leads(near: Sequence[Near], tasks: Sequence[Task], one: str, other: str) -> Floats:
    """By how many margins one scenario leads the other: (corpora, tasks)."""
    return np.array(
        [
            [
                (at.mean(one, task) - at.mean(other, task)) / MARGINS[SCORE_OF[task]]
                for task in tasks
            ]
            for at in near
        ]
    )
