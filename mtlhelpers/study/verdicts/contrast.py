"""How far two ways lie apart on one corpus, held against the same on another.

Does a frozen backbone lose more where the text is far from its own, or where there are
more labels? The two corpora have neither seeds nor test sentences in common, so nothing
is paired between them: their errors add up, each with its own degrees of freedom.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtlhelpers.study.protocol import CONFIDENCE, MARGINS, SCORE_OF, Verdict
from mtlhelpers.study.records.arms import Runs, ids_of
from mtlhelpers.study.verdicts.claims import Contrast, Duel
from mtlhelpers.study.verdicts.decisions import Decision, missing_runs
from mtlhelpers.study.verdicts.evidence import Evidence, Match, SeedScores, subtract
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    mean_difference,
    t_quantile,
    verdict,
)


class Apart(NamedTuple):
    """What two ways on one corpus come to, and the runs behind it."""

    found: Difference
    arms: tuple[Runs, ...]


def decide_contrast(rule: Contrast, evidence: Evidence) -> Decision:
    """Return the decision, once every declared seed is recorded on both corpora."""
    where = rule.here.corpus, rule.task, rule.here.size
    for duel in (rule.here, rule.there):
        pairs = evidence.pairs(_match(duel))
        recorded = len(pairs[duel.size][0]) if duel.size in pairs else 0
        if recorded < rule.seeds:
            place = f"{duel.size:,} sentences of {duel.corpus}"
            said = missing_runs(place, duel[:2], recorded)
            return Decision(*where, Verdict.NOT_TESTED, said, at=rule.at)
    here, there = (apart(duel, rule, evidence) for duel in (rule.here, rule.there))
    found = unpaired(here.found, there.found)
    outcome = verdict(found, MARGINS[SCORE_OF[rule.task]], rule.claimed)
    one, other = (f"{100 * side.found.difference:.1f}" for side in (here, there))
    said = (
        f"{rule.of} {one} on {rule.here.corpus}, {other} on {rule.there.corpus}: "
        f"{found.in_points}"
    )
    records = ids_of((*here.arms, *there.arms))
    numbers = found.difference, (found.low, found.high), found.seeds
    return Decision(*where, outcome, said, *numbers, records, at=rule.at)


def apart(duel: Duel, rule: Contrast, evidence: Evidence) -> Apart:
    """Return the lead of the first way on a corpus, or its share of the second."""
    arms = evidence.pairs(_match(duel))[duel.size]
    seeds = list(arms[0])
    first, second = (
        evidence.scores(side, duel.corpus, duel.size, SCORE_OF[rule.task])
        for side in duel[:2]
    )
    held = subtract if rule.of == "lead" else share
    return Apart(mean_difference(held(first, second, seeds)), arms)


def share(first: SeedScores, second: SeedScores, seeds: Sequence[int]) -> SeedScores:
    """Return first over second, for seeds that both have on one test set."""
    subtract(first, second, seeds)  # raises where they do not belong together
    one, other = ([arm.seeds.index(seed) for seed in seeds] for arm in (first, second))
    return SeedScores(
        tuple(seeds),
        first.on_test[one] / second.on_test[other],
        first.redrawn[:, one] / second.redrawn[:, other],
        first.gold,
    )


def unpaired(one: Difference, other: Difference) -> Difference:
    """Return one mean minus another that shares neither seeds nor test sentences.

    The interval is Welch's (1947): variances add, and each of the two seeds' variances
    has as many degrees of freedom as seeds less one.
    """
    seed_error = math.hypot(one.seed_error, other.seed_error)
    test_error = math.hypot(one.test_error, other.test_error)
    error = math.hypot(seed_error, test_error)
    spent = sum(
        (side.seed_error / error) ** 4 / (side.seeds - 1) if error else 0.0
        for side in (one, other)
    )
    degrees = 1 / spent if spent else np.inf
    half = t_quantile(degrees, CONFIDENCE) * error
    centre = one.difference - other.difference
    seeds = min(one.seeds, other.seeds)
    return Difference(
        centre, centre - half, centre + half, seeds, seed_error, test_error
    )


def _match(duel: Duel) -> Match:
    return Match(duel.first, duel.second, duel.corpus)
