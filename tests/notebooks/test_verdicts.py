"""Prose says of a claim what its verdict says.

The form is fixed, so that none is overlooked: "claim 3A.1 is *supported* on newsdesk
and snips", with "(sentence)" or "(ner)" behind it where the tasks differ.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.decisions import Decision
from mtlhelpers.study.verdicts.judge import judge_claims

ROOT = Path(__file__).parents[2]
WORDS = "|".join(re.escape(verdict) for verdict in Verdict)
SAID = re.compile(
    rf"\bclaim (?P<id>\d[AB]?\.\d) is \*(?P<verdict>{WORDS})\* on "
    r"(?P<corpora>[\w+-]+(?:(?:, | and )[\w+-]+)*)(?: \((?P<task>sentence|ner)\))?"
)
# What sounds like a verdict on a claim, in whatever form.
SOUNDS = re.compile(rf"(?:claim\s+)?\d[AB]?\.\d\b[^.;]{{0,40}}?\b(?:{WORDS})\b", re.I)


class Statement(NamedTuple):
    """What prose says of a claim on one corpus."""

    id: str
    verdict: str
    corpus: str
    task: str | None


def statements(prose: str) -> list[Statement]:
    """All that it says in the fixed form."""
    return [
        Statement(found["id"], found["verdict"], corpus, found["task"])
        for found in SAID.finditer(" ".join(prose.split()))
        for corpus in re.split(", | and ", found["corpora"])
    ]


def fits(one: Statement, decisions: list[Decision]) -> bool:
    """Whether there are decisions on that corpus and task, and all are as it says."""
    own = [
        decision.verdict
        for decision in decisions
        if decision.corpus == one.corpus and one.task in (None, decision.task)
    ]
    return bool(own) and set(own) == {one.verdict}


FILES = [ROOT / "README.md", *sorted((ROOT / "site").glob("*.md"))]
SAYINGS = [
    (path.name, one)
    for path in FILES
    for one in statements(path.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def decided() -> dict[str, list[Decision]]:
    """Of each claim that prose judges: as records stand, of runs and of checks."""
    ids = dict.fromkeys(one.id for _, one in SAYINGS)
    judged = judge_claims(ROOT / "studies", *ids)
    return {one.claim.id: list(one.decisions) for one in judged}


@pytest.mark.parametrize(
    ("where", "one"), SAYINGS, ids=[f"{where}-{one.id}" for where, one in SAYINGS]
)
def test_prose_says_what_the_verdict_says(where, one, decided):
    found = [(d.corpus, d.task, str(d.verdict), d.said) for d in decided[one.id]]
    assert fits(one, decided[one.id]), f"{where} says {one}; decided: {found}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_verdict_has_the_form_that_is_checked(path):
    prose = " ".join(path.read_text(encoding="utf-8").split())
    loose = [found[0] for found in SOUNDS.finditer(SAID.sub("", prose))]
    assert loose == []


def test_a_wrong_verdict_is_found():
    """The test itself: each part of a statement counts."""
    supported = Decision("newsdesk", "ner", 300, Verdict.SUPPORTED, "")
    against = Decision("newsdesk", "sentence", 300, Verdict.CONTRADICTED, "")
    said = "Claim 4.2: no. So\nclaim 4.2 is *{}* on {}."
    for verdict, where, expected in (
        ("supported", "newsdesk (ner)", True),
        ("contradicted", "newsdesk (sentence)", True),
        ("supported", "newsdesk", False),
        ("no practical difference", "newsdesk (ner)", False),
        ("supported", "hwu64 (ner)", False),
        ("supported", "newsdesk and hwu64 (ner)", False),
    ):
        found = statements(said.format(verdict, where))
        assert found
        assert all(fits(one, [supported, against]) for one in found) is expected
    assert SOUNDS.search("As claim 4.2 says, which is contradicted here")
