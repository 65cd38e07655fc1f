"""Chance that is the same on every machine and under every version of NumPy."""

from collections.abc import Sequence
from typing import TypeVar

from mtlhelpers.data.streams import stream

SEED = 0
T = TypeVar("T")


def shuffled(items: Sequence[T], part: str) -> list[T]:
    """Return the items in an order that the name of the part decides.

    NumPy promises the raw numbers of a bit generator for good, but not what its
    `permutation` makes of them (NEP 19): so items are sorted by raw numbers.
    """
    drawn = stream(SEED, f"newsdesk, {part}").bit_generator.random_raw(len(items))
    keys = zip(drawn.tolist(), range(len(items)))
    return [items[position] for _, position in sorted(keys)]
