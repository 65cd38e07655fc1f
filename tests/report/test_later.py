"""Statements that were added take their place once their runs are recorded."""

from types import SimpleNamespace

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.claims import CLAIMS
from mtlhelpers.study.verdicts.decisions import Decision, Judged
from report.page import environment
from report.sections.later import section

CLAIM = CLAIMS["5.4"]


def decision(corpus: str, task: str, size: int, verdict: Verdict) -> Decision:
    ends = (-0.031, 0.004)
    return Decision(corpus, task, size, verdict, "", -0.012, ends, 5, at="LoRA")


def facts(*decisions: Decision) -> SimpleNamespace:
    waiting = (Decision("-", "both", None, Verdict.NOT_TESTED, "later"),)
    both = Judged(CLAIM, decisions or waiting), Judged(CLAIMS["4.0"], waiting)
    return SimpleNamespace(judged={one.claim.id: one for one in both})


def page(found: dict) -> str:
    return environment().get_template("later.html").render(later=found)


def test_without_runs_they_wait():
    found = section(facts())
    assert found["decided"] == [] and len(found["waiting"]) == 2
    assert CLAIM.statement in page(found) and "<svg" not in page(found)


def test_with_runs_they_are_drawn_with_their_verdicts():
    told = [
        decision("snips+2000", "sentence", 300, Verdict.UNDECIDED),
        decision("hwu64+2000", "ner", 3000, Verdict.UNDECIDED),
        decision("hwu64+2000", "sentence", 3000, Verdict.SUPPORTED),
    ]
    found = section(facts(*told))
    assert [one["id"] for one in found["decided"]] == ["5.4"]
    assert len(found["decided"][0]["panels"]) == 2
    shown = page(found)
    assert "Undecided: 2, Supported: 1." in shown
    assert "SNIPS: LoRA, 300 sentences: −1.2 (−3.1 to +0.4)" in shown
    assert "HWU64, larger test set: LoRA" in shown and shown.count("<svg") == 2
