"""Exercises of lesson 03: everything frozen."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtlhelpers.lesson.checks import Hint, exercise


def _with_variance(labels: int, sentences: int) -> tuple[float, float]:
    p = 1 / labels
    half = 1.96 * p * (1 - p) / sentences
    return p - half, p + half


def _one_deviation(labels: int, sentences: int) -> tuple[float, float]:
    p = 1 / labels
    half = math.sqrt(p * (1 - p) / sentences)
    return p - half, p + half


@exercise("03.1", wrong=[(_with_variance, "root"), (_one_deviation, "1.96")])
def _dice_interval(answer: Any) -> None:
    """Say where 95 % of dice fall."""
    labels, sentences = 4, 300
    low, high = map(float, answer(labels, sentences))
    if high > 1:
        raise Hint("Give shares from 0 to 1, not per cent.")
    if low > high:
        raise Hint("The lower end comes first.")
    if not math.isclose((low + high) / 2, 1 / labels, abs_tol=1e-6):
        raise Hint("The middle is the chance of one label: 1 over their number.")
    half, deviation = (high - low) / 2, math.sqrt(0.25 * 0.75 / sentences)
    if math.isclose(half, deviation, rel_tol=1e-3):
        raise Hint("This is one standard deviation to each side: 95 % need 1.96.")
    if half < deviation / 5:
        raise Hint("Much too narrow: take the square root of the variance.")
    if not math.isclose(half, 1.96 * deviation, rel_tol=0.01):
        raise Hint(f"With 4 labels and 300 sentences it is ± {1.96 * deviation:.4f}.")


def _above_the_mean(score: float, heads: Sequence[float]) -> bool:
    return bool(score > np.mean(heads))


def _outside(score: float, heads: Sequence[float]) -> bool:
    low, high = np.quantile(heads, [0.025, 0.975])
    return bool(score < low or score > high)


@exercise("03.2", wrong=[(_above_the_mean, "half"), (_outside, "worse")])
def _has_learned(answer: Any) -> None:
    """Tell a sign of learning from luck."""
    heads = np.linspace(0.05, 0.25, 1001)
    if not answer(0.4, heads):
        raise Hint("0.40 is above every head, and still not a sign of learning?")
    if answer(0.2, heads):
        raise Hint(
            "0.20 counts, though a quarter of the heads are better: about half of them "
            "lie above the mean."
        )
    if answer(0.04, heads):
        raise Hint("0.04 is worse than the heads: that is no sign of learning.")
    if answer(0.243, heads) or not answer(0.2465, heads):
        raise Hint(
            "97.5 % of these heads lie below 0.2450: only more than that counts."
        )
