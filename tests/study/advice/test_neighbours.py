"""What was recorded near a case, and how far apart two ways lie over corpora."""

import pytest
from helpers.advice import note_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.study.advice.neighbours import (
    beside_everything,
    nearest,
    over_corpora,
    side_by_side,
)
from mtlhelpers.study.advice.summary import FRESH, recorded_cells
from mtlhelpers.study.protocol import EVERYTHING, FROZEN

FREE = FRESH[EVERYTHING][0]
HEADS = FRESH[FROZEN][0]


def note(folder, corpus, size, frozen, free, **more):
    note_runs(folder, HEADS, corpus, size, frozen, **more)
    note_runs(folder, FREE, corpus, size, free, **more)


@pytest.fixture
def found(tmp_path):
    """Both ways on two corpora, at 100 and 1,000 sentences and at 300."""
    for corpus, sizes in {"hwu64": (100, 1_000), "snips+2000": (300,)}.items():
        for size in sizes:
            note(tmp_path, corpus, size, (80, 60), (70, 65))
    return list(side_by_side(recorded_cells(tmp_path), FROZEN, EVERYTHING))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (100, {"hwu64": 100, "snips+2000": 300}),
        (317, {"hwu64": 1_000, "snips+2000": 300}),  # as ratios go, above the middle
        (961, {"hwu64": 1_000}),  # 3.203 times the other's size
        (3_300, {}),
        (31, {}),
    ],
)
def test_each_corpus_at_its_nearest_size_unless_far(found, size, expected):
    near = nearest(found, size)
    assert {both.one.corpus: both.one.size for both in near} == expected


def test_a_corpus_counts_once_however_it_is_split(tmp_path):
    for corpus in ("hwu64", "hwu64+2000"):
        note(tmp_path, corpus, 300, (80, 60), (70, 65))
    pairs = [*side_by_side(recorded_cells(tmp_path), FROZEN, EVERYTHING)]
    assert [both.one.corpus for both in nearest(pairs, 300)] == ["hwu64+2000"]


def test_seeds_are_paired_and_one_of_them_is_not_enough(tmp_path):
    note_runs(tmp_path, HEADS, "hwu64", 300, (80, 60), seeds=5)
    note_runs(tmp_path, FREE, "hwu64", 300, (70, 65), seeds=2)
    note_runs(tmp_path, HEADS, "hwu64", 100, (80, 60), seeds=5)
    note_runs(tmp_path, FREE, "hwu64", 100, (80, 60), seeds=1)
    [both] = side_by_side(recorded_cells(tmp_path), FROZEN, EVERYTHING)
    assert (both.one.size, both.seeds) == (300, [0, 1])
    assert both.difference("ner").difference == pytest.approx(-0.065)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(10, 90), min_size=2, max_size=4))
def test_the_interval_treats_corpora_as_the_unit(tmp_path_factory, leads):
    """It holds the mean over corpora, and as good as nothing where they differ."""
    folder = tmp_path_factory.mktemp("studies")
    corpora = ("snips+2000", "hwu64", "clinc150-oos+wnut17", "newsdesk")
    for corpus, lead in zip(corpora, leads):
        note(folder, corpus, 300, (5, 5), (lead + 5, 5))
    near = nearest([*side_by_side(recorded_cells(folder), EVERYTHING, FROZEN)], 300)
    one = over_corpora(near, "sentence")
    assert one.difference == pytest.approx(sum(leads) / len(leads) / 100)
    assert one.low <= one.difference <= one.high
    assert one.seeds == len(leads)


def test_of_one_corpus_the_seeds_are_the_unit_and_of_none_nothing_is_said(found):
    [both] = nearest(found, 961)
    assert over_corpora([both], "ner") == both.difference("ner")
    with pytest.raises(ValueError, match="no records"):
        over_corpora([], "ner")


def test_every_recorded_way_stands_beside_everything(tmp_path):
    note(tmp_path, "hwu64", 300, (80, 60), (70, 65))
    note_runs(tmp_path, FRESH["lora"][0], "hwu64", 300, (71, 64))
    beside = beside_everything(recorded_cells(tmp_path), 300)
    assert list(beside) == [FROZEN, "lora"]
