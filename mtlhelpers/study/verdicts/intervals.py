"""How far two arms lie apart, how sure that is, and what a claim may make of it.

Lesson: 07_limited_vs_sufficient_data. Two things vary: the seed of a training, and the
sentences that happen to be in the test set. The interval holds both. Made-up
outcomes whose true difference is known test the rule (studies/verdict_rule).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from mtlhelpers.errors import InputError
from mtlhelpers.study.protocol import CONFIDENCE, Verdict
from mtlhelpers.study.verdicts.evidence import Floats, SeedScores, check_seeds


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences with its interval, in the scale of the scores."""

    difference: float
    low: float
    high: float
    seeds: int  # how many
    seed_error: float  # standard error from the seeds
    test_error: float  # standard error from the choice of test sentences

    @property
    def in_points(self) -> str:
        """The difference and its interval in hundredths: +2.3 points (+1.0 to +3.6)."""
        low, high = f"{100 * self.low:+.1f}", f"{100 * self.high:+.1f}"
        return f"{100 * self.difference:+.1f} points ({low} to {high})"


def mean_difference(one: SeedScores, confidence: float = CONFIDENCE) -> Difference:
    """Return the mean of differences by seed, with its interval.

    Its variance is that of the seeds, s²/k, plus that of the test sentences, by
    bootstrap over their groups; the interval is that of `t_interval`.
    """
    test_error = float(one.redrawn.mean(axis=1).std(ddof=1))
    return t_interval(one.on_test, test_error, confidence)


def t_interval(
    differences: Sequence[float] | Floats,
    test_error: float = 0.0,
    confidence: float = CONFIDENCE,
) -> Difference:
    """Return the mean of k paired differences with its t interval.

    Of its two variances the seeds' is an estimate from k values, with k - 1 degrees of
    freedom; the test sentences' is known much better. Their sum has the degrees of
    Welch and Satterthwaite (Satterthwaite 1946): k - 1 where seeds alone vary, and the
    more, the larger the share of the test sentences.

    For times, pass the logarithms of their ratios: `MARGINS["seconds"]` is then 10 %.

    Args:
        differences: (k,), one per seed.
        test_error: standard error that all of them share.
        confidence: of the interval, between 0 and 1.

    Raises:
        ValueError: if k is less than 2: one seed says nothing about other seeds.
    """
    count = len(differences)
    check_seeds(count)
    centre = float(np.mean(differences))
    seed_error = float(np.std(differences, ddof=1)) / math.sqrt(count)
    error = math.hypot(seed_error, test_error)
    share = (seed_error / error) ** 4 if error else 0.0
    degrees = (count - 1) / share if share else math.inf
    half = t_quantile(degrees, confidence) * error
    return Difference(
        centre, centre - half, centre + half, count, seed_error, test_error
    )


def t_quantile(degrees: float, confidence: float) -> float:
    """Half the width of an interval under Student's t, in standard errors."""
    return float(stdtrit(degrees, (1 + confidence) / 2))


def verdict(
    difference: Difference,
    margin: float,
    claimed: Literal["higher", "lower", "equal"],
) -> Verdict:
    """Return what an interval says of a claim that the first arm is higher, or lower,
    or equal to within the margin.

    An end that lies on a margin counts as neither beyond nor inside it.

    Args:
        difference: the first arm minus the second.
        margin: the smallest difference of interest, in the same scale (`MARGINS`).
        claimed: where the claim says that the first arm stands.

    Raises:
        ValueError: if the margin is not above 0.
    """
    if not margin > 0:
        raise InputError(f"the margin of interest must be above 0, not {margin}")
    low, high = difference.low, difference.high
    if claimed == "equal":
        if -margin < low and high < margin:
            return Verdict.SUPPORTED
        apart = low > margin or high < -margin
        return Verdict.CONTRADICTED if apart else Verdict.UNDECIDED
    if claimed == "lower":
        low, high = -high, -low
    if low > margin:
        return Verdict.SUPPORTED
    if high < -margin:
        return Verdict.CONTRADICTED
    if -margin < low and high < margin:
        return Verdict.NO_DIFFERENCE
    return Verdict.UNDECIDED
