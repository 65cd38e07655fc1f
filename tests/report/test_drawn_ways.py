"""Every way is drawn where its runs are, by what it takes."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from mtlhelpers.study.verdicts.evidence import SeedScores
from report.figures.scatter import Scatter, Spot
from report.sections.ways import section


def spot(at: float, value: float, look: int = 0) -> Spot:
    return Spot(1, "class means", at, value, value - 1, value + 1, look)


def places(drawing: str) -> list[float]:
    return [float(one) for one in re.findall(r'<circle[^>]* cx="([\d.]+)"', drawing)]


def test_parameters_stand_on_a_logarithmic_axis_and_none_at_its_left_end():
    spots = [spot(0, 50), spot(100, 60), spot(1_000, 70), spot(10_000, 80)]
    drawn = Scatter("Labels", "parameters that train", spots, ["300 sentences"]).draw()
    _, *marks = places(drawn)  # the first explains the look
    gaps = np.diff(marks)
    assert gaps == pytest.approx([gaps[0]] * 3, abs=0.2)
    assert ">0</text>" in drawn and "class means, 1,000: 70.0 (69.0 to 71.0)" in drawn


class Evidence:
    """Two seeds for each head at 300 sentences, one at 3,000, of SNIPS alone."""

    def runs(self, side, corpus):
        if corpus != "snips+2000" or side.study == "wider":
            return {}
        run = {"trainable_parameters": 7_000, "seconds": {"whole": 4.0}}
        return {300: {0: run, 1: run}, 3_000: {0: run}}

    def scores(self, side, corpus, size, score):
        return SeedScores((0, 1), np.array([0.98, 0.99]), np.full((50, 2), 0.98))


def test_ways_without_two_seeds_are_left_out():
    arms = [{"arm": "labels, linear"}, {"arm": "names, linear"}]
    records = {"frozen_heads": arms, "parts": []}
    found = section(SimpleNamespace(records=records.get, evidence=Evidence()))
    assert [one["task"] for one in found["figures"]] == ["labels", "names"] * 2
    first = found["figures"][0]
    assert first["names"] == [(1, "frozen, linear"), (2, "everything")]
    (drawing,) = first["drawings"]
    assert [one.look for one in drawing.spots] == [0, 0]
    assert max(one.high for one in drawing.spots) == 100  # no score lies above
