"""Which way the records speak for, and how often that is right on a corpus left out."""

from pathlib import Path

import pytest
from helpers.advice import note_runs

import mtlhelpers as mtl
from mtlhelpers.study.advice.neighbours import (
    advised,
    beside_everything,
    constant_rule,
)
from mtlhelpers.study.advice.summary import FRESH, recorded_cells, shipped_cells
from mtlhelpers.study.protocol import EVERYTHING, FROZEN

STUDIES = Path(__file__).parents[3] / "studies"
BOTH = ("sentence", "ner")
CORPORA = ("snips+2000", "hwu64", "clinc150-oos+wnut17")


def note(folder, corpus, frozen, free, size=300):
    note_runs(folder, FRESH[FROZEN][0], corpus, size, frozen)
    note_runs(folder, FRESH[EVERYTHING][0], corpus, size, free)


@pytest.mark.parametrize(
    ("frozen", "tasks", "expected"),
    [
        ((90, 60), BOTH, FROZEN),  # as good on every corpus: the cheaper one
        ((89.5, 59), BOTH, FROZEN),  # behind by less than the margins
        ((88, 60), BOTH, EVERYTHING),
        ((90, 57), BOTH, EVERYTHING),
        ((90, 57), ("sentence",), FROZEN),  # a task alone is judged alone
    ],
)
def test_less_is_advised_only_where_it_is_shown_to_do(
    tmp_path, frozen, tasks, expected
):
    for corpus in CORPORA:
        note(tmp_path, corpus, frozen, (90, 60))
    beside = beside_everything(recorded_cells(tmp_path), 300)
    assert advised(beside, tasks) == expected


def test_corpora_that_differ_show_nothing(tmp_path):
    for corpus, points in zip(CORPORA, (89, 90, 95)):
        note(tmp_path, corpus, (points, 60), (90, 60))
    assert advised(beside_everything(recorded_cells(tmp_path), 300), BOTH) == EVERYTHING


def test_each_corpus_is_advised_from_the_others(tmp_path):
    """Three agree that less will do; the fourth is otherwise, and told wrongly."""
    for corpus in CORPORA:
        note(tmp_path, corpus, (90, 60), (90, 60))
    note(tmp_path, "newsdesk", (80, 60), (90, 70))
    note(tmp_path, "newsdesk", (80, 60), (90, 70), size=10)  # far from all others
    table = mtl.check_advice(tmp_path).set_index("corpus")
    assert sorted(table.index) == sorted([*CORPORA, "newsdesk"])
    wrong = table.loc["newsdesk"]
    assert (wrong.advised, wrong.best) == (FROZEN, EVERYTHING)
    assert not wrong.hit and wrong.constant
    assert wrong.lost == pytest.approx(10)
    assert table.loc["hwu64"].hit and table.loc["hwu64"].lost == 0
    said = constant_rule(recorded_cells(tmp_path))
    assert "in 3 of 4 cases" in said and "always, is so in 4" in said


def test_without_records_the_account_is_empty(tmp_path):
    assert mtl.check_advice(tmp_path).empty
    assert constant_rule([]) == ""


def test_on_the_committed_records_it_is_the_constant_rule_and_says_so():
    table = mtl.check_advice()
    assert len(table) >= 25
    assert table.hit.sum() >= table.constant.sum()
    assert set(table.advised) == {EVERYTHING}
    assert constant_rule(shipped_cells()).startswith("The constant rule")


def test_what_ships_is_what_the_records_give():
    """Else: python -m studies.summary."""
    assert shipped_cells() == recorded_cells(STUDIES)
