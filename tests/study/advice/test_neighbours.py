"""The records nearest to a case, and where one more score like them lies."""

import math

import numpy as np
import pytest
from helpers.advice import note_runs
from hypothesis import given
from hypothesis import strategies as st

from mtlhelpers.study.advice.neighbours import FRESH, Expected, nearest, recorded
from mtlhelpers.study.records.arms import Studies

(FROZEN,) = FRESH["backbone_frozen"]
(FREE,) = FRESH["none_frozen"]


@pytest.fixture
def studies(tmp_path):
    """Both arms of two corpora, at 100 and 1,000 sentences and at 300."""
    for corpus, sizes in {"hwu64": (100, 1_000), "newsdesk": (300,)}.items():
        for size in sizes:
            note_runs(tmp_path, FROZEN, corpus, size, (80, 60))
            note_runs(tmp_path, FREE, corpus, size, (70, 65))
    return Studies(tmp_path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (100, {"hwu64": 100, "newsdesk": 300}),
        (300, {"hwu64": 100, "newsdesk": 300}),
        (317, {"hwu64": 1_000, "newsdesk": 300}),  # as ratios go, above the middle
        (961, {"hwu64": 1_000}),  # 3.203 times newsdesk's size
        (3_200, {"hwu64": 1_000}),
        (3_300, {}),
        (31, {}),
        (32, {"hwu64": 100}),
    ],
)
def test_each_corpus_at_its_nearest_size_unless_far(studies, size, expected):
    found = nearest(studies, FRESH, size)
    assert {one.corpus: one.size for one in found} == expected


def test_a_corpus_can_be_left_out(studies):
    (found,) = nearest(studies, FRESH, 300, leave_out=("hwu64",))
    assert found.corpus == "newsdesk"


def test_only_seeds_of_all_arms_count(tmp_path):
    note_runs(tmp_path, FROZEN, "hwu64", 300, (80, 60), seeds=5)
    note_runs(tmp_path, FREE, "hwu64", 300, (70, 65), seeds=2)
    note_runs(tmp_path, FROZEN, "hwu64", 100, (80, 60), seeds=5)
    note_runs(tmp_path, FREE, "hwu64", 100, (80, 60), seeds=1)
    found = recorded(Studies(tmp_path), FRESH, "hwu64")
    assert list(found) == [300]  # one seed alone says nothing of another
    assert len(found[300].records) == 4
    assert found[300].scores("none_frozen", "ner") == pytest.approx([0.645, 0.655])
    assert found[300].mean("backbone_frozen", "sentence") == pytest.approx(0.785)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_an_interval_holds_its_mean_and_stays_a_score(scores):
    found = Expected.of_next(scores)
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1


def test_one_value_has_no_interval():
    found = Expected.of_next([0.5])
    assert found.mean == 0.5 and math.isnan(found.low) and math.isnan(found.high)
    assert str(found) == "50.0"
    assert str(Expected(0.5, 0.25, 0.75)) == "50.0 (25.0 to 75.0)"


def test_the_interval_holds_the_next_value_as_often_as_it_says():
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.5, 0.01, size=(4_000, 5))
    held = 0
    for *four, another in drawn:
        found = Expected.of_next(four)
        held += found.low <= another <= found.high
    assert 0.94 < held / len(drawn) < 0.96  # 95 %, whose standard error is 0.34
