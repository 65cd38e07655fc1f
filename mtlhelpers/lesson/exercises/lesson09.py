"""Exercises of lesson 09: what should I freeze?"""

from math import isclose
from typing import Any

from mtlhelpers.lesson.checks import Hint, exercise

_RIGHT = {
    "Ada": "everything",
    "Ben": "the heads alone",
    "Cleo": "the NER head alone",
}
_WHY = {
    "Ada": "Ada has no limit of time, and the first row is for the best scores.",
    "Ben": "Ben has fifteen seconds: which row of the table takes no more?",
    "Cleo": "For Cleo not one weight may move that a label depends on.",
}


@exercise(
    "09.1",
    wrong=[
        (lambda p, error: p * (1 - p) / error, "square"),
        (lambda p, error: (p * (1 - p)) ** 0.5 / error, "whole fraction"),
        (lambda p, error: p / error**2, "works out"),
        (lambda p, error: p * (1 - p) / (error / 100) ** 2, "a share already"),
        (lambda p, error: 1.96**2 * p * (1 - p) / error**2, "not of an interval"),
    ],
)
def _counts_test_sentences(answer: Any) -> None:
    """Say how many test sentences a standard error takes."""
    found = float(answer(0.9, 0.02))
    if abs(found - 225) <= 1:  # rounded up, or down from 224.99…
        return
    if isclose(found, 0.09 / 0.02):
        raise Hint("To get rid of the root, square the error.")
    if isclose(found, 0.3 / 0.02):
        raise Hint(
            "You took a root too many: square the whole fraction, then solve for n."
        )
    if isclose(found, 0.09 / 0.0002**2):
        raise Hint(
            "`error` is a share already: one point is 0.01, so leave out the 100."
        )
    if isclose(found, 1.96**2 * 225, rel_tol=0.01):
        raise Hint("The task is of one standard error, not of an interval: no 1.96.")
    raise Hint(f"For 0.9 and 0.02 it works out at 225, and yours says {found:.4g}.")


@exercise(
    "09.2",
    wrong=[
        ({**_RIGHT, "Ada": "the heads alone"}, "best scores"),
        ({**_RIGHT, "Ben": "everything"}, "fifteen seconds"),
        ({**_RIGHT, "Cleo": "everything"}, "not one weight"),
        ("everything", "Give a dictionary"),
    ],
)
def _advises(answer: object) -> None:
    """Advise three people."""
    if not isinstance(answer, dict) or answer.keys() != _RIGHT.keys():
        raise Hint(f"Give a dictionary with the keys {', '.join(_RIGHT)}.")
    for name, right in _RIGHT.items():
        if answer[name] != right:
            raise Hint(_WHY[name])
