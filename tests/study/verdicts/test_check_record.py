"""What fresh checks found is kept, and told with its day, until they run again."""

import json
from pathlib import Path

import pytest

import mtlhelpers as mtl
from mtlhelpers.errors import RecordError
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts import fresh_checks
from mtlhelpers.study.verdicts.claims import CLAIMS
from mtlhelpers.study.verdicts.decisions import FILE, Decision, read_check, write_check
from mtlhelpers.study.verdicts.judge import claim_lines

TIMED = Decision(
    "newsdesk", "time", None, Verdict.SUPPORTED, "fast", -1.5, (-2.0, -1.0), 5
)
HELD = Decision("newsdesk", "both", 100, Verdict.SUPPORTED, "no bit", seeds=1)


def test_what_was_written_is_read_with_its_day(tmp_path):
    write_check(tmp_path, "2.2", "2026-11-30", [TIMED, HELD], {"cores": 2})
    one, other = read_check(tmp_path, "2.2")
    assert one.checked == other.checked == "2026-11-30"
    assert one.to_dict() == TIMED.to_dict() | {"checked": "2026-11-30"}
    assert str(other).endswith(
        "[newsdesk, both, 100 sentences, 1 seed, checked 2026-11-30]"
    )


def test_checks_of_other_claims_stay(tmp_path):
    write_check(tmp_path, "2.2", "2026-11-29", [TIMED], {})
    write_check(tmp_path, "1.1", "2026-11-30", [HELD], {"torch": "2.13.0"})
    assert read_check(tmp_path, "2.2")[0].checked == "2026-11-29"
    entries = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert entries["1.1"]["machine"] == {"torch": "2.13.0"}


def test_a_check_that_never_ran_is_not_tested_and_says_what_to_do(tmp_path):
    (judged,) = mtl.judge_claims(tmp_path, "1.1")
    (found,) = judged.decisions
    assert found.verdict is Verdict.NOT_TESTED
    assert "mtlhelpers claims 1.1 --fresh" in found.said


@pytest.mark.parametrize("text", ["{", '{"1.1": {"decisions": [{}]}}', '{"1.1": 3}'])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match="record.json, claim 1.1"):
        read_check(tmp_path, "1.1")


def test_an_interval_with_one_end_is_damaged(tmp_path):
    decided = Decision("a", "ner", 1, Verdict.SUPPORTED, "x", 0.1, (0.0, 0.2), 3)
    write_check(tmp_path, "1.1", "2026-11-29", [decided], {})
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    (tmp_path / FILE).write_text(text.replace("0.2", "null"), encoding="utf-8")
    with pytest.raises(RecordError, match="interval are no numbers"):
        read_check(tmp_path, "1.1")


def test_fresh_checks_run_when_asked_for_and_are_kept(tmp_path, monkeypatch):
    ran = []

    def check(ground):
        ran.append(ground)
        yield HELD

    monkeypatch.setitem(fresh_checks.CHECKS, "nothing_learns", check)
    before, now, after = (
        "\n".join(claim_lines(tmp_path, ["1.1"], False, fresh))
        for fresh in (False, True, False)
    )
    assert len(ran) == 1
    assert "not tested" in before
    assert "supported: no bit" in now and "checked 2" in now
    assert after == now


def test_the_committed_checks_are_those_of_today():
    """Each claim that a check decides has a result, of these tasks."""
    studies = Path(__file__).parents[3] / "studies"
    for claim in CLAIMS.values():
        if claim.check:
            decisions = read_check(studies, claim.id)
            tasks = [one.task for one in decisions]
            assert tasks == (["time", "reason"] if claim.id == "2.2" else ["both"])
            assert all(one.checked for one in decisions)
