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
    "Ada": "Ada has no limit of time, and the first row is for the best scores",
    "Ben": "Ben has fifteen seconds: which row of the table takes no more?",
    "Cleo": "for Cleo not one weight may move that a label depends on",
}


@exercise(
    "09.1",
    wrong=[
        (lambda p, error: p * (1 - p) / error, "square"),
        (lambda p, error: (p * (1 - p)) ** 0.5 / error, "whole fraction"),
        (lambda p, error: p / error**2, "works out"),
    ],
)
def _counts_test_sentences(answer: Any) -> None:
    """Say how many test sentences a standard error takes."""
    found = float(answer(0.9, 0.02))
    if isclose(found, 225):
        return
    if isclose(found, 0.09 / 0.02):
        raise Hint("to get rid of the root, square the error")
    if isclose(found, 0.3 / 0.02):
        raise Hint(
            "you took a root too many: square the whole fraction, then solve for n"
        )
    raise Hint(f"for 0.9 and 0.02 it works out at 225, and yours says {found:.4g}")


@exercise(
    "09.2",
    wrong=[
        ({**_RIGHT, "Ada": "the heads alone"}, "best scores"),
        ({**_RIGHT, "Ben": "everything"}, "fifteen seconds"),
        ({**_RIGHT, "Cleo": "everything"}, "not one weight"),
        ("everything", "a dictionary"),
    ],
)
def _advises(answer: object) -> None:
    """Advise three people."""
    if not isinstance(answer, dict) or answer.keys() != _RIGHT.keys():
        raise Hint(f"give a dictionary with the keys {', '.join(_RIGHT)}")
    for name, right in _RIGHT.items():
        if answer[name] != right:
            raise Hint(_WHY[name])
