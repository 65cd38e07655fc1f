"""What was recorded nearest to a case that was not, and what may be expected from it.

Lesson: 08_what_should_i_freeze.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.study.protocol import LESSON_05, MARGINS, SCORE_OF, TASKS, TRANSFER
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Record, Side
from mtlhelpers.study.verdicts.rules import (
    FREE,
    FROZEN,
    KEPT,
    KEPT_MORE,
    STAYED,
    STAYED_MORE,
)

FAR = 3.2  # times smaller or larger: half a decade, the step between recorded sizes
CONFIDENCE = 0.95

# By scenario, the cheaper first: where it was recorded.
Arms = Mapping[str, tuple[Side, ...]]
FRESH: Arms = {"backbone_frozen": (FROZEN,), "none_frozen": (FREE,)}
KEEPING: Arms = {
    "sentence_head_and_backbone_frozen": (STAYED, STAYED_MORE),
    "sentence_head_frozen": (KEPT, KEPT_MORE),
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
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * spread
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

    def is_of(self, corpus: Corpus) -> bool:
        """Whether these runs are of this very corpus."""
        fingerprints = {
            run["corpus_sha256"] for own in self.runs.values() for run in own
        }
        return corpus.fingerprint in fingerprints

    def scores(self, scenario: str, task: str) -> list[float]:
        """On test, seed by seed."""
        return [run["scores"][SCORE_OF[task]] for run in self.runs[scenario]]

    def mean(self, scenario: str, task: str) -> float:
        """On test, over seeds."""
        return float(np.mean(self.scores(scenario, task)))

    def __str__(self) -> str:
        seeds = len(next(iter(self.runs.values())))
        return f"{self.corpus} at {self.size:,} sentences, {seeds} seeds"


def nearest(
    studies: Studies, arms: Arms, size: int, leave_out: Collection[str] = ()
) -> list[Near]:
    """Each recorded corpus at its size nearest to `size`, unless that is far off."""
    found = []
    for corpus in dict.fromkeys((*TRANSFER, *LESSON_05)):
        at = {} if corpus in leave_out else recorded(studies, arms, corpus)
        if at:
            closest = min(at, key=lambda one: distance(one, size))
            if distance(closest, size) <= math.log(FAR):
                found.append(at[closest])
    return found


def distance(size: int, other: int) -> float:
    """How far apart two sizes are, as ratios go."""
    return abs(math.log(size / other))


def recorded(studies: Studies, arms: Arms, corpus: str) -> dict[int, Near]:
    """A corpus by recorded size, where all arms share two seeds or more."""
    by_arm = {
        scenario: _by_size_and_seed(
            [run for side in sides for run in studies.of(side, corpus)]
        )
        for scenario, sides in arms.items()
    }
    found = {}
    for size in sorted(set.intersection(*map(set, by_arm.values()))):
        seeds = sorted(set.intersection(*(set(own[size]) for own in by_arm.values())))
        if len(seeds) > 1:
            runs = {
                scenario: tuple(own[size][seed] for seed in seeds)
                for scenario, own in by_arm.items()
            }
            found[size] = Near(corpus, size, runs)
    return found


def _by_size_and_seed(runs: Sequence[Record]) -> dict[int, dict[int, Record]]:
    """Runs by size and seed."""
    found: dict[int, dict[int, Record]] = defaultdict(dict)
    for run in runs:
        found[run["plan"]["train_size"]][run["plan"]["seed"]] = run
    return found


@dataclass(frozen=True)
class Advice:
    """A scenario, and what the records say of it."""

    scenario: str
    agreed: bool  # no corpus and task has the other scenario ahead by its margin
    keeps: bool  # the dearer scenario costs the kept task no more than its margin
    expected: Mapping[str, Mapping[str, Expected]]  # of each scenario, by task
    near: tuple[Near, ...]


def advise(near: Sequence[Near], tasks: Sequence[str], kept: str = "") -> Advice:
    """The dearer scenario if its lead is worth it, else the cheaper one.

    Its lead is worth it if the mean over corpora and tasks is more than a margin of
    interest (1 point of accuracy, 2 of F1), and it loses no more than a margin of the
    task that is to be kept, on no corpus. Raises `ValueError` without anything near.
    """
    if not near:
        raise ValueError("no records near enough")
    cheap, dear = near[0].runs
    leads = _leads(near, tasks, dear, cheap)
    keeps = not kept or bool((_leads(near, [kept], dear, cheap) >= -1).all())
    better = keeps and leads.mean() > 1
    return Advice(
        scenario=dear if better else cheap,
        agreed=keeps and bool(((leads if better else -leads) >= -1).all()),
        keeps=keeps,
        expected={
            scenario: {
                task: expected(near, scenario, task) for task in _both(tasks, kept)
            }
            for scenario in (cheap, dear)
        },
        near=tuple(near),
    )


def expected(near: Sequence[Near], scenario: str, task: str) -> Expected:
    """Of one more corpus like these; of one more seed, where there is one corpus."""
    if len(near) == 1:
        return Expected.of_next(near[0].scores(scenario, task))
    return Expected.of_next([one.mean(scenario, task) for one in near])


def check_advice(folder: str | Path) -> pd.DataFrame:
    """Advise on each recorded corpus and size from the other corpora alone.

    One row a corpus and size. `advised` and `best`: scenarios, the best by its mean
    over tasks. `lost`: points by which the advised one is behind the best, the mean
    over tasks. `hit`: behind by no more than the margin on each task. `held` of `of`:
    how many of the advised scenario's expected intervals hold its score. Raises
    `StudyError` where the folder is not there.
    """
    studies = Studies.below(folder)
    rows = []
    for corpus in TRANSFER:
        for size, own in recorded(studies, FRESH, corpus).items():
            others = nearest(studies, FRESH, size, leave_out=(corpus,))
            if len(others) > 1:
                rows.append(_outcome(own, advise(others, TASKS)))
    columns = ("corpus", "size", "advised", "best", "lost", "hit", "held", "of")
    return pd.DataFrame(rows, columns=columns)


def _outcome(own: Near, advice: Advice) -> dict[str, object]:
    means = {name: np.mean([own.mean(name, t) for t in TASKS]) for name in own.runs}
    best = max(means, key=means.__getitem__)
    behind = _leads([own], TASKS, best, advice.scenario)
    scores = {task: own.mean(advice.scenario, task) for task in TASKS}
    intervals = advice.expected[advice.scenario]
    held = [intervals[t].low <= scores[t] <= intervals[t].high for t in TASKS]
    return {
        "corpus": own.corpus,
        "size": own.size,
        "advised": advice.scenario,
        "best": best,
        "lost": 100 * (means[best] - means[advice.scenario]),
        "hit": bool((behind <= 1).all()),
        "held": sum(held),
        "of": len(held),
    }


def _leads(
    near: Sequence[Near], tasks: Sequence[str], one: str, other: str
) -> np.ndarray:
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


def _both(tasks: Sequence[str], kept: str) -> tuple[str, ...]:
    return (*tasks, kept) if kept else tuple(tasks)
