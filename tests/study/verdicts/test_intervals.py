"""Paired differences and verdicts, against other implementations and by their laws."""

import math

import numpy as np
import pytest
from helpers.outcomes import arm, own_groups, paired_difference, random_arms, spans
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from mtlhelpers.study.protocol import CONFIDENCE, MARGINS, Verdict
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    t_interval,
    verdict,
)

FEW = settings(max_examples=25, deadline=None)


def test_a_difference_by_hand():
    # Seed 0: 3/4 - 2/4; seed 1: 4/4 - 1/4. Mean 0.5, s = 0.25·√2, s²/2 = 0.0625.
    found = paired_difference(
        arm({0: "1110", 1: "1111"}),
        arm({0: "1100", 1: "1000"}),
        list("abcd"),
        "accuracy",
    )
    assert found.difference == pytest.approx(0.5)
    assert found.seeds == 2
    assert found.seed_error == pytest.approx(0.25)
    # Wins by sentence, over both seeds: 0, .5, 1, .5, so a variance of .125 / 4.
    assert found.test_error == pytest.approx(math.sqrt(0.125 / 4), rel=0.05)
    error = math.hypot(found.seed_error, found.test_error)
    half = stats.t.ppf(0.9875, 1 * error**4 / found.seed_error**4) * error
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half))


def test_micro_f1_by_hand():
    first, second = spans([2, 1], [3, 1], [2, 0]), spans([2, 1], [0, 1], [0, 1])
    first, second = dict.fromkeys((0, 1), first), dict.fromkeys((0, 1), second)
    found = paired_difference(first, second, list("ab"), "ner_f1")
    # 2 · 2 right of 3 true and 4 predicted; 2 · 1 of 3 and 1.
    assert found.difference == pytest.approx(4 / 7 - 2 / 4)
    assert found.seed_error == 0


def test_sentences_without_a_label_do_not_count():
    first, second = arm({0: "11-0", 1: "11-0"}), arm({0: "10-0", 1: "10-0"})
    found = paired_difference(first, second, list("abcd"), "accuracy")
    assert found.difference == pytest.approx(1 / 3)


def even_arm(rights: list[int]):
    """An arm that gets, with each seed, as many of each group of ten right."""
    return arm({seed: ("1" * n + "0" * (10 - n)) * 6 for seed, n in enumerate(rights)})


def test_without_test_error_it_is_the_paired_t_interval_of_others():
    first, second = [9, 8, 9, 7, 10], [6, 7, 5, 7, 6]
    groups = [name for name in "abcdef" for _ in range(10)]
    found = paired_difference(even_arm(first), even_arm(second), groups, "accuracy")
    assert found.test_error == pytest.approx(0, abs=1e-12)
    paired = stats.ttest_rel(np.array(first) / 10, np.array(second) / 10)
    theirs = paired.confidence_interval(CONFIDENCE)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    plain = DescrStatsW((np.array(first) - second) / 10)
    assert plain.tconfint_mean(1 - CONFIDENCE) == pytest.approx((found.low, found.high))


@FEW
@given(st.integers(0, 1_000), st.sampled_from(["accuracy", "ner_f1"]))
def test_swapping_the_arms_negates(seed, score):
    first, second = random_arms(seed, 30, score=score)
    one = paired_difference(first, second, own_groups(30), score)
    other = paired_difference(second, first, own_groups(30), score)
    assert (other.difference, other.low, other.high) == pytest.approx(
        (-one.difference, -one.high, -one.low)
    )


@FEW
@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=10),
    st.floats(-1, 1),
    st.floats(0, 1),
)
def test_shifting_every_seed_shifts_the_interval(differences, shift, error):
    at_first = t_interval(differences, error)
    moved = t_interval(np.array(differences) + shift, error)
    assert moved.low == pytest.approx(at_first.low + shift, abs=1e-9)
    assert moved.high == pytest.approx(at_first.high + shift, abs=1e-9)
    assert moved.seed_error == pytest.approx(at_first.seed_error, abs=1e-9)


def test_intervals_widen_with_confidence_and_with_either_error():
    values = [0.1, 0.2, 0.2, 0.2, 0.3]
    plain = t_interval(values)
    assert t_interval(values, confidence=0.99).low < plain.low
    assert t_interval(values, 0.1).low < plain.low
    assert t_interval([0.0, 0.2, 0.2, 0.2, 0.4]).low < plain.low


def test_degrees_lie_between_those_of_seeds_and_of_a_known_error():
    values, known = [0.1, 0.2, 0.2, 0.2, 0.3], 0.03
    found = t_interval(values, known)
    half = (found.high - found.low) / 2
    error = math.hypot(found.seed_error, known)
    few, many = (stats.t.ppf((1 + CONFIDENCE) / 2, n) * error for n in (4, math.inf))
    assert many < half < few
    same = t_interval([0.2] * 5, known)  # seeds that do not vary
    assert (same.high - same.low) / 2 == pytest.approx(many / error * known)


def test_one_difference_has_no_interval():
    with pytest.raises(ValueError, match="needs two seeds .* there are 1"):
        t_interval([0.1])


def interval(low: float, high: float) -> Difference:
    return Difference((low + high) / 2, low, high, 5, 0.0, 0.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.011, 0.03, "supported"),
        (-0.03, -0.011, "contradicted"),
        (-0.009, 0.009, "no practical difference"),
        (0.002, 0.009, "no practical difference"),
        (0.002, 0.011, "undecided"),
        (-0.02, 0.02, "undecided"),
        (0.01, 0.03, "undecided"),  # an end on the margin is not beyond it,
        (-0.03, -0.01, "undecided"),
        (-0.01, 0.0, "undecided"),  # nor inside it
        (0.0, 0.01, "undecided"),
    ],
)
def test_verdicts(low, high, expected):
    assert verdict(interval(low, high), MARGINS["accuracy"], "higher") == expected


@given(st.floats(-3, 3), st.floats(0, 4), st.floats(0.1, 2))
def test_every_interval_has_one_verdict_and_its_mirror_image_the_same(
    low, width, margin
):
    high = low + width
    beyond = {
        Verdict.SUPPORTED: low > margin,
        Verdict.CONTRADICTED: high < -margin,
        Verdict.NO_DIFFERENCE: max(abs(low), abs(high)) < margin,
    }
    holding = [name for name, holds in beyond.items() if holds]
    assert len(holding) <= 1
    expected = holding[0] if holding else Verdict.UNDECIDED
    assert verdict(interval(low, high), margin, "higher") == expected
    assert verdict(interval(-high, -low), margin, "lower") == expected


def test_margins_are_those_of_the_protocol():
    assert (MARGINS["accuracy"], MARGINS["ner_f1"]) == (0.01, 0.02)
    times = t_interval(np.log([1.101, 1.102, 1.1015]))
    assert verdict(times, MARGINS["seconds"], "higher") == "undecided"
    times = t_interval(np.log([0.85, 0.86, 0.855]))
    assert verdict(times, MARGINS["seconds"], "lower") == "supported"


@pytest.mark.parametrize("margin", [0.0, -0.01, math.nan])
def test_a_margin_that_is_none(margin):
    with pytest.raises(ValueError, match="must be above 0"):
        verdict(interval(0, 1), margin, "higher")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.009, 0.009, "supported"),
        (0.011, 0.02, "contradicted"),
        (-0.02, -0.011, "contradicted"),
        (0.005, 0.02, "undecided"),
        (-0.02, 0.02, "undecided"),
        (-0.01, 0.0, "undecided"),
    ],
)
def test_equal_means_within_the_margin(low, high, expected):
    assert verdict(interval(low, high), 0.01, "equal") == expected
