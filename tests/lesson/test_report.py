"""The report's tables, sentences and card say what the decisions say, and no more."""

import pandas as pd
import pytest

from mtlhelpers.lesson.report import (
    OPEN,
    answer,
    answers,
    claim_overview,
    claim_table,
    decision_card,
    verdict_sentence,
)
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.claims import CARD, CLAIMS
from mtlhelpers.study.verdicts.decisions import Decision, Judged


def judged(claim: str, *verdicts: tuple[str, str, Verdict]) -> Judged:
    """A claim with decisions on corpora and tasks, each of two runs."""
    decisions = [
        Decision(corpus, task, 300, verdict, "found", records=(f"{corpus}-1", "2"))
        for corpus, task, verdict in verdicts
    ]
    return Judged(CLAIMS[claim], tuple(decisions))


@pytest.fixture
def mixed() -> Judged:
    return judged(
        "4.2",
        ("hwu64", "sentence", Verdict.CONTRADICTED),
        ("hwu64", "ner", Verdict.CONTRADICTED),
        ("newsdesk", "sentence", Verdict.SUPPORTED),
        ("newsdesk", "ner", Verdict.UNDECIDED),
    )


def test_a_row_a_decision(mixed):
    table = claim_table([mixed])
    assert list(table["verdict"]) == [str(one.verdict) for one in mixed.decisions]
    assert table.loc[2, ["claim", "corpus", "task", "size"]].tolist() == [
        *("4.2", "newsdesk", "sentence", 300),
    ]
    assert table.loc[0, "records"] == ("hwu64-1", "2")


def test_a_decision_without_size_leaves_a_gap_and_not_a_zero():
    one = Judged(
        CLAIMS["1.1"], (Decision("newsdesk", "both", None, Verdict.SUPPORTED, ""),)
    )
    assert claim_table([one])["size"].isna().all()


def test_the_overview_counts_verdicts_and_different_records(mixed):
    row = claim_overview([mixed]).loc["4.2"]
    assert row["contradicted"] == 2 and row["supported"] == row["undecided"] == 1
    assert row["not tested"] == 0
    assert row["records"] == 3  # hwu64-1, newsdesk-1 and the one that all share
    assert row["lesson"] == "07"


def test_a_sentence_names_every_place_under_its_verdict(mixed):
    assert verdict_sentence(mixed) == (
        "4.2: **supported** on newsdesk (sentence); **contradicted** on hwu64; "
        "**undecided** on newsdesk (ner)."
    )


def test_a_claim_that_is_about_no_corpus_names_none():
    one = judged("4.0", ("-", "both", Verdict.NOT_TESTED))
    assert verdict_sentence(one) == "4.0: **not tested**."


def test_the_card_gives_each_answer_with_its_places(mixed):
    assert "| 4.2 |" in decision_card([mixed])
    assert answer(mixed.claim, mixed.decisions) == (
        "**everything** (hwu64); **the heads alone; freeze the backbone** (newsdesk "
        "(sentence)); **the runs do not decide** (newsdesk (ner))"
    )


def test_what_is_not_measured_comes_after_what_is():
    one = judged(
        "4.2",
        ("hwu64", "ner", Verdict.NOT_TESTED),
        ("newsdesk", "ner", Verdict.CONTRADICTED),
    )
    assert answer(one.claim, one.decisions) == (
        "**everything** (newsdesk); **not measured** (hwu64)"
    )


def test_an_answer_that_is_one_everywhere_says_so():
    one = judged("4.1", ("hwu64", "ner", Verdict.SUPPORTED))
    assert answer(one.claim, one.decisions) == "**yes** (everywhere: hwu64)"


@pytest.mark.parametrize("claim", CARD)
def test_no_advice_without_a_verdict(claim):
    """And another one for each verdict that is reached."""
    given = answers(CLAIMS[claim])
    assert set(given) == set(Verdict)
    assert {given[verdict] for verdict in OPEN} == set(OPEN.values())
    assert given[Verdict.SUPPORTED] != given[Verdict.CONTRADICTED]


def test_the_card_has_a_line_for_what_was_judged_alone(mixed):
    lines = decision_card([mixed]).splitlines()
    assert len(lines) == 3
    assert all(line.count("|") == 4 for line in lines)


def test_an_empty_table_has_its_columns():
    assert isinstance(claim_table([]), pd.DataFrame)
    assert "verdict" in claim_table([]) and "records" in claim_overview([])
