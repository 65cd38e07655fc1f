"""`mtl.lesson`, `mtl.plots` and `mtl.studies`: their names, imported on first use."""

import subprocess
import sys

import pytest

import mtlhelpers.lesson
import mtlhelpers.lesson.plots
import mtlhelpers.study

SPACES = [mtlhelpers.lesson, mtlhelpers.lesson.plots, mtlhelpers.study]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.__name__)
def test_every_name_is_there_sorted_and_documented(space):
    assert dir(space) == space.__all__ == sorted(space.__all__)
    for name in space.__all__:
        assert getattr(space, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        space.nothing  # noqa: B018


def test_a_namespace_brings_nothing_heavy_along():
    """Nothing but what the package itself brings."""
    names = ", ".join(space.__name__ for space in SPACES)
    code = (
        "import sys, mtlhelpers\n"
        "before = set(sys.modules)\n"
        f"import {names}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {space.__name__ for space in SPACES}
