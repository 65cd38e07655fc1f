"""Exercises of lesson 07: limited or sufficient data."""

import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from mtlhelpers.lesson.checks import Hint, exercise

_ErrorOf = Callable[[Sequence[float], float], float]
_Decide = Callable[[float, float, float], object]


def _seed_error(gaps: Sequence[float]) -> float:
    return float(np.std(gaps, ddof=1)) / math.sqrt(len(gaps))


@exercise(
    "07.1",
    wrong=[
        (lambda gaps, test_error: _seed_error(gaps) + test_error, "squares"),
        (
            lambda gaps, test_error: math.hypot(np.std(gaps, ddof=1), test_error),
            "root of the number",
        ),
        (
            lambda gaps, test_error: math.hypot(
                np.std(gaps) / math.sqrt(len(gaps)), test_error
            ),
            "ddof=1",
        ),
    ],
)
def _standard_error(answer: object) -> None:
    """Standard error of a mean difference: seeds and test sentences together."""
    gaps, test_error = [3.0, 5.0, 4.0, 8.0], 0.8
    said = float(cast(_ErrorOf, answer)(gaps, test_error))
    deviation, biased = float(np.std(gaps, ddof=1)), float(np.std(gaps))
    own = _seed_error(gaps)
    hints = {
        own + test_error: "Errors do not add up directly. Add their squares, then take "
        "the root.",
        math.hypot(deviation, test_error): "That is the spread of single seeds. Their "
        "mean varies less: divide by the root of the number of seeds.",
        math.hypot(
            biased / 2, test_error
        ): "The deviation of a few values has k - 1 in "
        "the denominator: `np.std(gaps, ddof=1)`.",
        own: "That is the seeds' part alone. The test sentences add theirs.",
    }
    for wrong, hint in hints.items():
        if math.isclose(said, wrong, rel_tol=1e-6):
            raise Hint(hint)
    if not math.isclose(said, math.hypot(own, test_error), rel_tol=1e-6):
        raise Hint(
            f"For the gaps {gaps} and a test error of {test_error}, the standard error "
            f"is {math.hypot(own, test_error):.3f}, and yours is {said:.3f}."
        )


def _significance(low: float, high: float, margin: float) -> str:
    if low > 0:
        return "frozen better"
    return "everything better" if high < 0 else "undecided"


def _turned(low: float, high: float, margin: float) -> str:
    if low > margin:
        return "everything better"
    if high < -margin:
        return "frozen better"
    inside = -margin < low and high < margin
    return "no practical difference" if inside else "undecided"


_CASES = {  # low, high, margin
    (2.0, 9.0, 1.0): "frozen better",
    (-8.0, -1.5, 1.0): "everything better",
    (-0.9, -0.1, 1.0): "no practical difference",
    (-3.0, 6.0, 1.0): "undecided",
    (-3.0, -0.5, 2.0): "undecided",
}
_WHY = {  # by the right answer
    "no practical difference": "It leaves out zero, but the margin decides: all of it "
    "lies between the two.",
    "undecided": "Part of it lies beyond a margin and part does not.",
    "frozen better": "The interval is that of frozen minus everything: above the "
    "margin the frozen side is ahead.",
    "everything better": "The interval is that of frozen minus everything: below minus "
    "the margin the frozen side is behind.",
}


@exercise(
    "07.2",
    wrong=[(_significance, "leaves out zero"), (_turned, "the frozen side is ahead")],
)
def _four_verdicts(answer: object) -> None:
    """The verdict that an interval gives, by a margin set beforehand."""
    for (low, high, margin), right in _CASES.items():
        said = cast(_Decide, answer)(low, high, margin)
        if said != right:
            raise Hint(
                f"From {low} to {high} with a margin of {margin}, your function says "
                f"{said!r}, and it should say {right!r}. {_WHY[right]}"
            )


@exercise("07.3", wrong=[(0.125, "none of the three"), (0.5, "smallest size alone")])
def _border_in_noise(answer: object) -> None:
    """The share of borders found on little data where there is none."""
    said = float(cast(float, answer))
    if math.isclose(said, 0.875, abs_tol=0.02):
        return
    if math.isclose(said, 87.5, abs_tol=2):
        raise Hint("Give it as a share between 0 and 1.")
    if math.isclose(said, 0.125, abs_tol=0.02):
        raise Hint(
            "That is the chance that none of the three smallest sizes is below zero. "
            "You want the chance that at least one is."
        )
    if math.isclose(said, 0.5, abs_tol=0.02):
        raise Hint(
            "That is the chance for the smallest size alone. If it is above zero, the "
            "report may still name the second or the third."
        )
    raise Hint(
        "At each size the difference is below zero with probability one half. What is "
        "the chance that this happens at none of three sizes?"
    )
