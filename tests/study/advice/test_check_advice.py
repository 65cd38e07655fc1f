"""Which scenario the nearest records speak for, and how often that is right."""

import pytest
from helpers.advice import note_runs

import mtlhelpers as mtl
from mtlhelpers.study.advice.neighbours import FRESH, KEEPING, advise, nearest
from mtlhelpers.study.records.arms import Studies

(FROZEN,) = FRESH["backbone_frozen"]
(FREE,) = FRESH["none_frozen"]
KEPT_MORE = KEEPING["sentence_head_frozen"][1]
STAYED_MORE = KEEPING["sentence_head_and_backbone_frozen"][1]

BOTH = ("sentence", "ner")


def note(folder, corpus, frozen, free, size=300):
    note_runs(folder, FROZEN, corpus, size, frozen)
    note_runs(folder, FREE, corpus, size, free)


def advice(folder, tasks=BOTH, size=300):
    return advise(nearest(Studies(folder), FRESH, size), tasks)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ((81.1, 62.1), "none_frozen"),  # 1.1 points and 2.1: more than the margins
        ((80.9, 61.9), "backbone_frozen"),
        ((79, 66), "none_frozen"),  # one margin behind, three ahead: ahead by one
        ((78.9, 66), "backbone_frozen"),
    ],
)
def test_the_dearer_scenario_must_lead_by_a_margin(tmp_path, free, expected):
    note(tmp_path, "hwu64", (80, 60), (free[0], free[1] + 0.2))
    assert advice(tmp_path).scenario == expected


def test_a_task_alone_is_judged_alone(tmp_path):
    note(tmp_path, "hwu64", (80, 60), (70, 90))
    assert advice(tmp_path, ("sentence",)).scenario == "backbone_frozen"
    assert advice(tmp_path, ("ner",)).scenario == "none_frozen"


def test_corpora_agree_unless_one_has_the_other_ahead(tmp_path):
    note(tmp_path, "hwu64", (80, 60), (90, 70))
    note(tmp_path, "newsdesk", (80, 60), (79.5, 65))
    found = advice(tmp_path)
    assert (found.scenario, found.agreed) == ("none_frozen", True)
    note(tmp_path, "snips+2000", (80, 60), (78, 66))
    found = advice(tmp_path)
    assert (found.scenario, found.agreed) == ("none_frozen", False)


def test_what_is_expected_is_the_mean_over_corpora(tmp_path):
    note(tmp_path, "hwu64", (80, 60), (90, 70))
    note(tmp_path, "newsdesk", (70, 60), (80, 70))
    found = advice(tmp_path).expected["none_frozen"]["sentence"]
    assert found.mean == pytest.approx(0.85)
    assert found.low < 0.8 and found.high == 1.0  # two corpora: it may be anything


@pytest.mark.parametrize(
    ("kept", "expected"),
    [(89.5, "sentence_head_frozen"), (88.5, "sentence_head_and_backbone_frozen")],
)
def test_what_must_be_kept_may_lose_no_more_than_a_margin(tmp_path, kept, expected):
    note_runs(tmp_path, STAYED_MORE, "hwu64", 300, (90, 40))
    note_runs(tmp_path, KEPT_MORE, "hwu64", 300, (kept, 70))
    near = nearest(Studies(tmp_path), KEEPING, 300)
    found = advise(near, ("ner",), "sentence")
    assert found.scenario == expected
    assert set(found.expected[expected]) == {"ner", "sentence"}


def test_nothing_near_is_an_error():
    with pytest.raises(ValueError, match="no records"):
        advise([], BOTH)


def test_each_corpus_is_advised_from_the_others(tmp_path):
    """Two agree, so a third that is otherwise is advised wrongly."""
    note(tmp_path, "snips+2000", (80, 60), (90, 70))
    note(tmp_path, "hwu64", (80, 60), (90, 70))
    note(tmp_path, "newsdesk", (80, 60), (70, 54))
    note(tmp_path, "newsdesk", (80, 60), (70, 54), size=10)  # far from all others
    table = mtl.check_advice(tmp_path).set_index("corpus")
    assert list(table.index) == ["snips+2000", "hwu64", "newsdesk"]
    wrong = table.loc["newsdesk"]
    assert (wrong.advised, wrong.best) == ("none_frozen", "backbone_frozen")
    assert not wrong.hit and wrong.lost == pytest.approx(8)
    assert (wrong.held, wrong.of) == (0, 2)  # both others score the very same


def test_a_hit_and_an_interval_that_holds(tmp_path):
    for corpus, points in {"snips+2000": 80, "hwu64": 84, "newsdesk": 82}.items():
        note(tmp_path, corpus, (points - 10, 50), (points, points))
    table = mtl.check_advice(tmp_path)
    assert table["hit"].all() and (table["lost"] == 0).all()
    assert table.loc[2, "held"] == 2


def test_without_records_the_account_is_empty(tmp_path):
    table = mtl.check_advice(tmp_path)
    assert table.empty and "hit" in table.columns
