"""What was recorded nearest to a case that was not, and what may be expected from it.

Lesson: 08_what_should_i_freeze.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.study.arms import Record
from mtlhelpers.study.judging import SCORE_OF
from mtlhelpers.study.rules import (
    FREE,
    FROZEN,
    KEPT,
    KEPT_MORE,
    LESSON_05,
    STAYED,
    STAYED_MORE,
    TRANSFER,
    Side,
)
from mtlhelpers.study.studies import Studies

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
