"""What colours tell apart stays apart for the colour-blind, or has a second cue."""

import re
from itertools import combinations

import numpy as np
import pytest

from mtlhelpers.lesson.plots import anatomy
from mtlhelpers.lesson.plots.figures import LOOKS
from mtlhelpers.lesson.tables import lesson00
from report.figures.svg import Canvas
from report.page import TEMPLATES

# Machado, Oliveira and Fernandes (2009), severity 1, for linear RGB.
SEEN_AS = {
    "full colour": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [
    [0.4124, 0.3576, 0.1805],
    [0.2126, 0.7152, 0.0722],
    [0.0193, 0.1192, 0.9505],
]
APART = 15.0  # CIE76; 2.3 is just noticeable side by side, and marks are small
SIGHTS = list(SEEN_AS)
WAYS = [name for name in LOOKS if name.endswith("frozen")]
PARTS = ["backbone", "sentence", "ner"]


def lab(colour: str, sight: str) -> np.ndarray:
    """L*, a* and b* of a colour as somebody sees it, white being D65."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SEEN_AS[sight]) @ linear, 0, 1)
    ratio = np.array(TO_XYZ) @ seen / np.sum(TO_XYZ, axis=1)
    x, y, z = np.where(
        ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, sight: str) -> float:
    return float(np.linalg.norm(lab(one, sight) - lab(other, sight)))


def schemes() -> dict[str, dict[str, str]]:
    """The report's colours by name: on the screen, in the dark, and printed."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    found = re.findall(r":root \{(.*?)\}", style, re.S)
    named = (dict(re.findall(r"--(\w+): (#\w+)", one)) for one in found)
    return dict(zip(("light", "dark", "print"), named, strict=True))


def test_the_simulation_is_of_colour_alone():
    assert all(
        np.allclose(np.sum(one, axis=1), 1, atol=1e-5) for one in SEEN_AS.values()
    )
    red, green = "#c00000", "#007a00"
    assert distance(red, green, "full colour") > 100
    assert distance(red, green, "deuteranopia") < distance(red, green, "tritanopia") / 2


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_lines_of_the_report_stay_apart(scheme, sight):
    colours = schemes()[scheme]
    looks = [value for key, value in colours.items() if re.fullmatch(r"c\d", key)]
    assert len(looks) == 4
    pairs = combinations([*looks, colours["band"]], 2)
    near = {pair: d for pair in pairs if (d := distance(*pair, sight)) < APART}
    assert near == {}


def test_marks_of_the_report_differ_in_shape_too():
    drawn = []
    for look in range(4):
        canvas = Canvas("")
        canvas.mark(0, 0, look)
        (mark,) = canvas.root
        drawn.append((mark.tag, mark.get("points")))
    assert len(set(drawn)) == 4
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    dashes = re.findall(r"\.line\.look\d \{ stroke-dasharray: ([\d ]+)", style)
    assert len(set(dashes)) == 3  # and one is whole


@pytest.mark.parametrize("names", [WAYS, PARTS])
def test_ways_and_parts_have_a_second_cue(names):
    """Seven ways are too many for colour alone: each has a mark, line and hatch too."""
    looks = [LOOKS[name] for name in names]
    for cue in ("colour", "marker", "line", "hatch"):
        told = {getattr(one, cue) for one in looks}
        assert len(told) == len(names) or (cue, names) == ("line", PARTS)


@pytest.mark.parametrize("sight", SIGHTS)
def test_parts_stay_apart(sight):
    colours = [LOOKS[name].colour for name in PARTS]
    pairs = combinations(colours, 2)
    assert min(distance(*pair, sight) for pair in pairs) > APART


@pytest.mark.parametrize("sight", SIGHTS)
def test_what_trains_stands_out_from_what_is_frozen(sight):
    parts = (anatomy._TRAINS, anatomy._FROZEN, anatomy._BESIDE)
    assert min(distance(*pair, sight) for pair in combinations(parts, 2)) > APART
    small, large = (colour for colour, _ in lesson00._LOOKS)
    assert distance(small, large, sight) > APART
