"""Where one arm's lead ends: known answers, ends beyond the sizes, laws, coverage."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from mtlhelpers.study.verdicts.crossover import (
    ABOVE,
    BELOW,
    Crossover,
    _redrawn_means,
    border_verdict,
    crossover,
)
from mtlhelpers.study.verdicts.evidence import SeedScores

FEW = settings(max_examples=25, deadline=None)
SIZES = (10, 30, 100, 300, 1_000, 3_000)


STILL = np.zeros((3, 1))  # test sets drawn again that change nothing


def seeds_at(values: list[float], redrawn: np.ndarray = STILL) -> SeedScores:
    """Differences of seeds 0, 1, …, and what each redrawn test set adds to all."""
    on_test = np.array(values, dtype=float)
    return SeedScores(tuple(range(len(values))), on_test, on_test + redrawn)


def certain(means: list[float], sizes: tuple[int, ...] = SIZES) -> Crossover:
    """The crossover of seeds that all agree."""
    return crossover({n: seeds_at([mean] * 5) for n, mean in zip(sizes, means)})


def test_a_line_crosses_where_it_must():
    # Straight over log size, 0 at 10^2.5.
    found = certain([2.5 - math.log10(size) for size in SIZES])
    assert found.size == pytest.approx(10**2.5)
    assert found.low == found.high == found.size
    assert str(found) == "316"


def test_a_curve_that_meets_zero_at_a_size_crosses_there():
    assert certain([4, 3, 2, 0, -1, -2]).size == pytest.approx(300)


def test_a_rise_is_pooled_before_the_curve_is_read():
    # 100 and 300 pool to 1: the curve falls from 1 at 300 to -1 at 1,000.
    found = certain([3, 3, -1, 3, -1, -2])
    assert found.size == pytest.approx(math.sqrt(300 * 1_000))
    # Here they pool to -1: three quarters of the way from 3 at 30 to -1 at 100.
    found = certain([3, 3, -3, 1, -1, -2])
    assert found.size == pytest.approx(30 * (100 / 30) ** 0.75)


def test_a_size_with_more_seeds_weighs_more():
    # The means -1 and 2 pool to (10·2 - 5·1) / 15 = 1, or to (5·2 - 10·1) / 15 = 0.
    heavy, light = seeds_at([2.0] * 10), seeds_at([-1.0] * 5)
    last = seeds_at([-1.0] * 5)
    assert crossover({10: light, 100: heavy, 1_000: last}).size > 100
    heavy, light = seeds_at([2.0] * 5), seeds_at([-1.0] * 10)
    assert crossover({10: light, 100: heavy, 1_000: last}).size == BELOW


def test_the_fit_is_sklearns_at_every_size():
    means = [2.0, 2.5, 0.5, 0.9, -0.4, -0.1]
    at = np.log(SIZES)
    fit = IsotonicRegression(increasing=False).fit(at, means)
    grid = np.linspace(at[0], at[-1], 100_001)
    theirs = np.exp(grid[np.argmax(fit.predict(grid) <= 0)])
    assert certain(means).size == pytest.approx(theirs, rel=1e-3)


def test_below_the_smallest_and_above_the_largest_are_told_apart():
    below, above = certain([-1, -1, -2, -2, -3, -3]), certain([6, 5, 4, 3, 2, 1])
    assert (below.size, below.low, below.high) == (BELOW, BELOW, BELOW)
    assert (above.size, above.low, above.high) == (ABOVE, ABOVE, ABOVE)
    assert str(below) == "below the smallest size, 10"
    assert str(above) == "above the largest size, 3,000"


def test_ends_of_an_interval_may_lie_beyond_the_sizes():
    noisy = np.linspace(-1, 1, 200)[:, None]
    found = crossover(
        {10: seeds_at([0.5] * 5, noisy), 1_000: seeds_at([-0.5] * 5, noisy)}
    )
    assert (found.size, found.low, found.high) == (pytest.approx(100), BELOW, ABOVE)
    assert str(found) == "100 (from below 10 to above 1,000)"


def test_a_crossover_below_the_sizes_may_have_an_interval_that_is_not():
    found = Crossover(BELOW, BELOW, 13.4, smallest=10, largest=9_260)
    assert str(found) == "below the smallest size, 10 (from below 10 to 13)"


def made(rng: np.random.Generator, zero_at: float, seeds: int) -> dict[int, SeedScores]:
    """A line through 0 at `zero_at`, with noise of seeds and of the test sentences."""
    on_test_set = 0.7 * rng.normal(size=len(SIZES))
    redrawn = 0.7 * rng.normal(size=(len(SIZES), 100, 1))
    return {
        size: seeds_at(
            1.5 * np.log(zero_at / size)
            + on_test_set[at]
            + 1.5 * rng.normal(size=seeds),
            redrawn[at],
        )
        for at, size in enumerate(SIZES)
    }


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    found = [crossover(made(rng, 200, 5), 0.9) for _ in range(100)]
    held = np.mean([one.low <= 200 <= one.high for one in found])
    assert 0.82 <= held <= 0.97


def test_seeds_alone_and_test_sentences_alone_each_widen_the_interval():
    line = {size: math.log(200 / size) for size in SIZES}
    spread, noise = np.array([-1, 0, 1]), np.random.default_rng(0).normal(size=(200, 1))
    still = np.zeros((200, 1))
    of_seeds = crossover({n: seeds_at(at + spread, still) for n, at in line.items()})
    of_test = crossover({n: seeds_at([at] * 3, noise) for n, at in line.items()})
    for found in (of_seeds, of_test):
        assert found.low < found.size < found.high


def test_sizes_share_the_draw_of_seeds():
    # A seed that is high at every size moves the whole line, by the mean of the four
    # seeds drawn; drawn anew at each size, they would partly cancel.
    shift = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    still = np.zeros((2_000, 1))
    found = crossover({n: seeds_at(math.log(200 / n) + shift, still) for n in SIZES})
    moves = [np.mean(four) for four in itertools.product(shift, repeat=4)]
    low, high = np.log(200) + np.quantile(moves, [0.0125, 0.9875])
    assert math.log(found.low) == pytest.approx(low, abs=0.26)  # a step of the means
    assert math.log(found.high) == pytest.approx(high, abs=0.26)


def test_seeds_drawn_again_have_the_variance_of_their_mean():
    values = np.array([-2.0, -1.0, 0.0, 1.0, 3.0])
    drawn = _redrawn_means(seeds_at(values, np.zeros((20_000, 1))))
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.03)
    assert drawn.var() == pytest.approx(values.var(ddof=1) / 5, rel=0.05)


@FEW
@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.floats(0.01, 3))
def test_a_better_first_arm_never_crosses_earlier(means, more):
    assert certain(means).size <= certain([mean + more for mean in means]).size * (
        1 + 1e-9
    )


@FEW
@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.integers(2, 50))
def test_larger_sizes_move_it_in_proportion(means, times):
    larger = certain(means, tuple(size * times for size in SIZES))
    assert larger.size == pytest.approx(certain(means).size * times)


def test_the_order_of_sizes_does_not_matter():
    found = made(np.random.default_rng(1), 200, 5)
    assert crossover(found) == crossover(dict(reversed(found.items())))


def test_one_size_has_no_crossover():
    with pytest.raises(ValueError, match="needs two sizes, not 1"):
        crossover({10: seeds_at([1, 2])})


@pytest.mark.parametrize(
    ("low", "high", "smallest", "largest", "expected"),
    [
        (6_000, 19_000, 10, 30_000, "supported"),
        (5_000, 20_000, 10, 30_000, "supported"),
        (4_000, 19_000, 10, 30_000, "undecided"),
        (6_000, 21_000, 10, 30_000, "undecided"),
        (100, 900, 10, 30_000, "contradicted"),
        (BELOW, 900, 10, 30_000, "contradicted"),
        (BELOW, BELOW, 10, 30_000, "contradicted"),
        (21_000, 25_000, 10, 30_000, "contradicted"),
        (ABOVE, ABOVE, 10, 30_000, "contradicted"),
        (ABOVE, ABOVE, 10, 9_260, "undecided"),  # it may be 15,000
        (6_000, ABOVE, 10, 9_260, "undecided"),
        (BELOW, BELOW, 8_000, 30_000, "undecided"),  # it may be 6,000
    ],
)
def test_the_verdict_on_a_border(low, high, smallest, largest, expected):
    found = Crossover(low, low, high, smallest, largest)
    assert border_verdict(found, 5_000, 20_000) == expected
