"""Guards of the package, each a line: what is taken out, and the check it keeps."""

import inspect
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

import pytest
from helpers import tiny
from helpers.encoders import EVERY

import mtlhelpers as mtl

CORPUS = tiny.corpus()


def model_of(folder: Path, seed: int = 0) -> mtl.SharedModel:
    """A family's encoder with heads for the tiny corpus."""
    names = CORPUS.labels, CORPUS.tags
    return mtl.SharedModel.from_backbone(str(folder), *names, seed=seed)


class Guard(NamedTuple):
    """A line that keeps a check, and the families that have use for it."""

    pitfall: int
    check: Callable[[Path], None]
    function: FunctionType
    line: str
    instead: str = "pass"
    of: tuple[str, ...] = EVERY


def cases(guards: Iterable[Guard]) -> pytest.MarkDecorator:
    """Each guard with each of its families, as parameters of a test."""
    made = [
        pytest.param(one, family, id=f"{one.pitfall}-{one.check.__name__}-{family}")
        for one in guards
        for family in one.of
    ]
    return pytest.mark.parametrize(("guard", "family"), made)


def check_falls(guard: Guard, folder: Path) -> None:
    """Assert that the check holds with the guard and fails without it."""
    guard.check(folder)
    with pytest.MonkeyPatch.context() as patch:
        _take_out(patch, guard)
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            guard.check(folder)


def _take_out(patch: pytest.MonkeyPatch, guard: Guard) -> None:
    """Compile the function without its guard, in the place of the one with it."""
    source = textwrap.dedent(inspect.getsource(guard.function))
    assert source.count(guard.line) == 1, source
    source = source[source.index("def ") :].replace(guard.line, guard.instead)
    found: dict[str, FunctionType] = {}
    exec(source, guard.function.__globals__, found)
    patch.setattr(guard.function, "__code__", found[guard.function.__name__].__code__)
