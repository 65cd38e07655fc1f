"""What the fields of a plan may hold: each in words, and the same as a test."""

import sys
from collections.abc import Callable, Iterable
from math import ulp
from typing import Any

from mtlhelpers.model.scenarios import HEADS, Scenario

Test = Callable[[Any], bool]
Allowed = tuple[str, Test]  # in words, and the same as a test


def number_within(
    low: float,
    high: float = sys.float_info.max,
    kinds: tuple[type, ...] = (int, float),
) -> Test:
    """Make a test for a range. NaN is in none, and True is no number here."""

    def lies_within(value: Any) -> bool:
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and bool(low <= value <= high)

    return lies_within


def one_of(names: Iterable[str]) -> Allowed:
    """Allow some names."""
    words = f"one of {', '.join(names)}"
    return words, lambda value: isinstance(value, str) and value in names


def is_scenario(value: object) -> bool:
    """Whether it is a scenario or a name; whether known is asked later."""
    return isinstance(value.name if isinstance(value, Scenario) else value, str)


def are_tasks(value: object) -> bool:
    """Whether it names tasks, each once."""
    if not isinstance(value, tuple) or not all(isinstance(t, str) for t in value):
        return False
    return set(value) <= set(HEADS) and len(set(value)) == len(value)


def are_layers(value: object) -> bool:
    """Whether it numbers hidden states."""
    return isinstance(value, tuple) and all(map(number_within(0, kinds=(int,)), value))


def are_weights(value: object) -> bool:
    """Whether it has a weight for each task."""
    if not isinstance(value, dict) or set(value) != set(HEADS):
        return False
    return all(map(number_within(0), value.values()))


def are_heads(value: object) -> bool:
    """Whether it names heads by task; `HeadSpec` reads each."""
    return isinstance(value, dict) and set(value) <= set(HEADS)


FROM_0: Allowed = "a whole number from 0 up", number_within(0, kinds=(int,))
FROM_1: Allowed = "a whole number from 1 up", number_within(1, kinds=(int,))
SHARE: Allowed = "a number from 0 to 1", number_within(0, 1)
POSITIVE: Allowed = "a number above 0", number_within(ulp(0.0))
SWITCH: Allowed = "True or False", lambda value: isinstance(value, bool)
