"""Drawings stay within their frame, and are told apart without colour."""

import re
import xml.etree.ElementTree as tree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from report.figures.curves import Chart, Line, Point
from report.figures.dots import Panel, Row
from report.figures.svg import WIDTH, ticks
from report.gaps import Gap
from report.page import TEMPLATES
from report.words import signed, span

STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
LIGHT, DARK, PRINT = (
    dict(re.findall(r"--(\w+): (#\w+)", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)
)
# Machado, Oliveira and Fernandes 2009, full severity, on linear values.
BLIND = {
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
numbers = some.floats(-60, 60)


def linear(colour: str) -> np.ndarray:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    value = np.array([int(digits[n : n + 2], 16) for n in (0, 2, 4)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    light = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (one, other))
    return light[1] / light[0]


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
def test_text_and_marks_stand_out(theme):
    for name in ("ink", "soft", "link"):
        assert contrast(theme[name], theme["paper"]) >= 4.5, name
    for name in ("ink", "soft"):  # a heading may lie on the band
        assert contrast(theme[name], theme["band"]) >= 4.5, name
    for name in ("c0", "c1", "c2", "c3"):
        assert contrast(theme[name], theme["paper"]) >= 3, name
        assert contrast(theme[name], theme["band"]) >= 3, name


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", BLIND)
def test_two_marks_differ_for_the_colour_blind(theme, kind):
    """Those of one panel of rows; lines have four shapes and dashes beside."""
    seen = [
        np.clip(np.array(BLIND[kind]) @ linear(theme[c]), 0, 1) for c in ("c0", "c1")
    ]
    assert np.linalg.norm(seen[0] ** (1 / 2.4) - seen[1] ** (1 / 2.4)) > 0.2


@settings(deadline=None)
@given(some.tuples(numbers, numbers).filter(lambda pair: pair[1] - pair[0] > 0.5))
def test_ticks_are_few_and_within(ends):
    found = ticks(*ends)
    assert len(found) <= 7
    assert all(ends[0] - 1e-9 <= tick <= ends[1] + 1e-9 for tick in found)


def gap(difference: float, half: float) -> Gap:
    ends = difference, difference - half, difference + half
    return Gap("snips+2000", "ner", 300, *ends, 5, ())


@settings(deadline=None)
@given(some.lists(some.tuples(numbers, some.floats(0, 30)), min_size=1, max_size=6))
def test_rows_stay_within_the_frame(found):
    rows = [
        Row("a <b> & c", f"row {n}", gap(*one), n % 2) for n, one in enumerate(found)
    ]
    within(Panel("Names", rows, "left", "right").draw())


@settings(deadline=None)
@given(some.lists(numbers, min_size=2, max_size=7))
def test_lines_stay_within_the_frame(values):
    points = [
        Point(10.0 * 3**n, one, (one - 1, one + 2)) for n, one in enumerate(values)
    ]
    lines = [Line("<SNIPS>", points), Line("HWU64", points[:1])]
    within(Chart("Names", lines, "sentences", 2.0, "up", "down").draw())


def within(drawing: str) -> None:
    root = tree.fromstring(drawing)
    _, _, width, height = map(float, root.get("viewBox").split())
    assert width == WIDTH
    for one in root.iter():
        for key, value in one.attrib.items():
            if key in ("x", "x1", "x2", "cx"):
                assert -1 <= float(value) <= width + 1
            if key in ("y", "y1", "y2", "cy"):
                assert -1 <= float(value) <= height + 1


def test_numbers_have_their_signs():
    assert [signed(2.34), signed(-18.46), signed(-0.04)] == ["+2.3", "−18.5", "0.0"]
    assert span([2.8, 2.31, 2.5]) == "2.3 to 2.8" and span([2.01, 2.02]) == "2.0"
