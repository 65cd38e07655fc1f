"""How the ways stand: scores, paired differences with intervals, and who is ahead.

The rules are those of `study.verdicts`: seeds and test sentences both vary, and what is
smaller than a margin does not count.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean

import numpy as np

from mtlhelpers.comparison.contest import Setup, Unit
from mtlhelpers.comparison.ways import BASELINE, Way
from mtlhelpers.study.protocol import (
    EVERYTHING,
    MARGINS,
    SCORE_OF,
    Score,
    Task,
    Verdict,
)
from mtlhelpers.study.records.record import Record, unpack_outcomes
from mtlhelpers.study.verdicts.evidence import SeedScores, arm_scores, subtract
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    mean_difference,
    t_interval,
    t_quantile,
    verdict,
)
from mtlhelpers.training.scores import Details

TOGETHER = 0.95  # of all intervals of a comparison
_Runs = Mapping[int, Sequence[Record]]  # of a way, by seed; one per fold


@dataclass(frozen=True)
class Lead:
    """A way minus another one in a task's score, and what that decides."""

    first: Way
    second: Way
    task: Task
    found: Difference

    @property
    def verdict(self) -> Verdict:
        """As for the claim that the first is higher by more than the margin."""
        return verdict(self.found, MARGINS[SCORE_OF[self.task]], "higher")


@dataclass(frozen=True)
class Standings:
    """The runs of a case, way by way."""

    case: Setup
    units: Mapping[Unit, Sequence[Record]]

    def runs(self, way: Way, size: int | None = None) -> _Runs:
        """Return the runs of a way by seed; those of the curve with its size."""
        folds = max(1, self.case.folds)
        return {
            unit.seed: records
            for unit, records in self.units.items()
            if (unit.way, unit.size) == (way, size) and len(records) == folds
        }

    @cached_property
    def ways(self) -> list[Way]:
        """Those with a whole run, in their order."""
        return [way for way in self.case.ways if self.runs(way)]

    @property
    def tasks(self) -> list[Task]:
        """Those of the corpus; with one to keep, the other one."""
        corpus = self.case.corpus
        return [t for t in SCORE_OF if t in corpus.tasks and t != self.case.keep]

    def score(self, way: Way, task: Task, size: int | None = None) -> float:
        """Return the mean over seeds and folds, from 0 to 1."""
        name = SCORE_OF[task]
        runs = [one["scores"][name] for r in self.runs(way, size).values() for one in r]
        return float(np.mean([x for x in runs if x is not None] or [0.0]))

    def total(self, way: Way) -> float:
        """Return the mean of the tasks' scores."""
        return mean(self.score(way, task) for task in self.tasks)

    def baseline(self, task: Task) -> float | None:
        """The score of class means, without any training; None where they did not
        run."""
        return self.score(BASELINE, task) if self.runs(BASELINE) else None

    @cached_property
    def majority(self) -> float | None:
        """Accuracy of always saying the most frequent label; None without labels."""
        first = next(iter(self.runs(self.ways[0]).values()))
        shares = [one["scores"]["majority_accuracy"] for one in first]
        return None if None in shares else mean(shares)

    def seconds(self, way: Way) -> float:
        """Return what one training takes, its own features and earlier stages too."""
        runs = [one for records in self.runs(way).values() for one in records]
        setup = max(_summed(one, "setup") for one in runs)
        return setup + float(np.median([_summed(one, "steps") for one in runs]))

    def details(self, way: Way) -> Details:
        """Return what the first seed's model said of each test sentence."""
        first = next(iter(self.runs(way).values()))
        return Details.joined(
            [Details.from_dict(one["measured"]["answers"]) for one in first]
        )

    def lead(self, first: Way, second: Way, task: Task) -> Lead | None:
        """Return the paired difference, or None with one seed alone."""
        runs = self.runs(first), self.runs(second)
        found = self._difference(*runs, SCORE_OF[task])
        return Lead(first, second, task, found) if found else None

    def growth(self, way: Way, size: int, task: Task) -> Difference | None:
        """Return what all sentences bring beyond a third of them."""
        return self._difference(self.runs(way), self.runs(way, size), SCORE_OF[task])

    def kept(self, way: Way, task: Task) -> Difference | None:
        """Return how a task's score moved in the last stage, over seeds."""
        moved = self._moved(way, task)
        return t_interval(moved, confidence=self.confidence) if len(moved) > 1 else None

    def _moved(self, way: Way, task: Task) -> list[float]:
        """What the last stage did to a task's score, run by run."""
        name, runs = SCORE_OF[task], self.runs(way).values()
        return [one["scores"][name] - one["before"][name] for r in runs for one in r]

    @property
    def confidence(self) -> float:
        """Of each interval, so that all of them hold together at 95 %: of the winner
        minus each other way, in each task (Bonferroni)."""
        return 1 - (1 - TOGETHER) / max(1, self.comparisons)

    @property
    def comparisons(self) -> int:
        """How many differences are read at a time."""
        return len(self.case.corpus.tasks) * max(1, len(self.ways) - 1)

    def _difference(self, one: _Runs, other: _Runs, score: Score) -> Difference | None:
        seeds = sorted(one.keys() & other.keys())
        if self.case.folds:
            pairs = [p for seed in seeds for p in zip(one[seed], other[seed])]
            values = [[run["scores"][score] for run in pair] for pair in pairs]
            both = [first - second for first, second in values]
            return over_folds(both, self.case.folds, self.confidence) if both else None
        if len(seeds) < 2:
            return None
        try:
            first, second = (self._arm(runs, seeds, score) for runs in (one, other))
        except ValueError:  # no gold to count, or one group alone
            return None
        return mean_difference(subtract(first, second, seeds), self.confidence)

    def _arm(self, runs: _Runs, seeds: Sequence[int], score: Score) -> SeedScores:
        outcomes = {seed: unpack_outcomes(runs[seed][0]["outcomes"]) for seed in seeds}
        groups = self.case.corpus.splits["test"]["group"][:]
        return arm_scores(outcomes, groups, score)

    @cached_property
    def leads(self) -> list[Lead]:
        """The winner minus each other way, task by task."""
        others = [way for way in self.ways if way != self.winner]
        found = [self.lead(self.winner, o, t) for o in others for t in self.tasks]
        return [lead for lead in found if lead]

    @cached_property
    def winner(self) -> Way:
        """The way to take.

        Training everything stands unless these sentences speak against it, as recorded
        runs on other corpora do not: another way that is decidedly ahead in a task, and
        behind in none, takes its place; else the cheapest that makes no difference.
        With a task to keep, the best way that loses no more of it than the margin.
        """
        best = max(self.ways, key=self.total)
        if self.case.keep:
            return self._keeper()
        champion = next((w for w in self.ways if w.scenario == EVERYTHING), best)
        ahead, same = [], []
        for way in self.ways:
            leads = [self.lead(way, champion, t) for t in self.tasks]
            says = [one.verdict for one in leads if one]
            if way == champion or len(says) < len(self.tasks):
                continue
            if Verdict.SUPPORTED in says and Verdict.CONTRADICTED not in says:
                ahead.append(way)
            elif set(says) == {Verdict.NO_DIFFERENCE}:
                same.append(way)
        if ahead:
            return max(ahead, key=self.total)
        cheaper = [w for w in same if self.seconds(w) < 0.9 * self.seconds(champion)]
        return min(cheaper, key=self.seconds, default=champion)

    def _keeper(self) -> Way:
        task: Task = "sentence" if self.case.keep == "sentence" else "ner"
        margin = MARGINS[SCORE_OF[task]]
        moved = {way: float(np.mean(self._moved(way, task))) for way in self.ways}
        good = [way for way in self.ways if moved[way] >= -margin]
        return max(good, key=self.total, default=max(self.ways, key=moved.__getitem__))

    @cached_property
    def runner_up(self) -> Way | None:
        """The best of the other ways."""
        others = [way for way in self.ways if way != self.winner]
        return max(others, key=self.total, default=None)


def over_folds(
    differences: Sequence[float], folds: int, confidence: float
) -> Difference:
    """Return the mean of paired differences by fold, with its interval.

    Folds share most of what they train with, so their variance is corrected for it: s²
    times 1/J + 1/(K - 1) for J differences of K folds (Nadeau and Bengio 2003;
    Bouckaert and Frank 2004), under t with J - 1 degrees of freedom.
    """
    count, centre = len(differences), float(np.mean(differences))
    deviation = float(np.std(differences, ddof=1))
    error = deviation * math.sqrt(1 / count + 1 / (folds - 1))
    half = t_quantile(count - 1, confidence) * error
    return Difference(centre, centre - half, centre + half, count, error, 0.0)


def _summed(record: Record | None, part: str) -> float:
    """Seconds of a part of training, over all stages."""
    total = 0.0
    while record:
        total += record["seconds"].get(part, 0.0)
        record = record["first"]
    return total
