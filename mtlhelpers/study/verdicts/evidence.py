"""What recorded runs of two arms say, each arm read and scored once for all claims.

Lesson: 07_limited_vs_sufficient_data.
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

from mtlhelpers.study.protocol import Score, probed_corpus
from mtlhelpers.study.records.arms import (
    ArmRuns,
    Pairs,
    Size,
    Studies,
    as_probed,
    groups_of_test,
    pair,
    shared_seeds,
)
from mtlhelpers.study.records.record import Side
from mtlhelpers.study.verdicts.bootstrap import SeedScores, arm_scores, subtract


class Match(NamedTuple):
    """Two arms, side by side on one corpus."""

    first: Side
    second: Side
    corpus: str
    # Scores on test, those on train minus test, or those of another corpus's probe.
    of: Literal["test", "gap", "probe"] = "test"


class Evidence:
    """The recorded runs of studies, and their scores."""

    def __init__(self, studies: Studies) -> None:
        self.studies = studies
        self._runs = cache(studies.runs)
        self._scores = cache(self._arm_scores)

    def pairs(self, match: Match) -> Pairs:
        """Both arms by training size, where they share two seeds or more."""
        sides = [self._runs(side, match.corpus) for side in match[:2]]
        if match.of == "probe":
            return pair(*map(as_probed, sides))
        return pair(*map(_scored_on_train, sides) if match.of == "gap" else sides)

    def difference(self, match: Match, size: Size, score: Score) -> SeedScores:
        """First arm minus second, on test or, for a match of the probe, on that."""
        probe = match.of == "probe"
        one, other = (
            self._scores(side, match.corpus, size, score, probe) for side in match[:2]
        )
        return subtract(one, other, shared_seeds(*self.pairs(match)[size]))

    def _arm_scores(
        self, side: Side, corpus: str, size: Size, score: Score, probe: bool
    ) -> SeedScores:
        runs: Mapping[Size, ArmRuns] = self._runs(side, corpus)
        if probe:
            runs, corpus = as_probed(runs), probed_corpus(corpus)
        arm = runs[size]
        return arm_scores(
            arm.outcomes, groups_of_test(corpus, {size: (arm, arm)}), score
        )


def _scored_on_train(runs: Mapping[Size, ArmRuns]) -> dict[Size, ArmRuns]:
    """Of each size the runs that were scored on sentences they were trained with."""
    return {
        size: arm._replace(
            ids={seed: key for seed, key in arm.ids.items() if arm.train_scores[seed]}
        )
        for size, arm in runs.items()
    }
