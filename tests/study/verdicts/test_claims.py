"""The claims: all there, each decided in one way, and told as data and as lines."""

import json
from pathlib import Path

import pytest

from mtlhelpers.cli import main
from mtlhelpers.study.protocol import LESSON_05, TRANSFER, Verdict
from mtlhelpers.study.records.tables import study_table
from mtlhelpers.study.verdicts.claims import CLAIMS, find_claim
from mtlhelpers.study.verdicts.fresh_checks import CHECKS
from mtlhelpers.study.verdicts.ledger import judge_claims
from mtlhelpers.study.verdicts.rules import RULES, Crossing

IDS = (
    *("1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5", "3A.1", "3A.2", "3A.3"),
    *("3A.4", "3B.1", "3B.2", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5"),
)
DECISION = {
    *("corpus", "task", "size", "verdict", "difference", "interval", "seeds"),
    *("records", "said", "backbone"),
}


@pytest.fixture
def studies() -> Path:
    return Path(__file__).parents[3] / "studies"


def test_every_claim_is_there_and_decided_in_one_way():
    assert tuple(claim.id for claim in CLAIMS) == IDS
    for claim in CLAIMS:
        ways = claim.id in RULES, claim.id in CHECKS, bool(claim.untested)
        assert sum(ways) == 1, claim.id
        assert claim.statement and claim.decided_by and claim.opposite


def test_claims_that_no_training_decides_are_checks():
    assert set(CHECKS) == {"1.1", "1.2", "1.3", "2.1", "2.2", "3B.1", "3B.2"}


def test_newsdesk_takes_no_part_in_where_the_border_lies():
    """Its 10,000 sentences are variants of few."""
    (rule,) = RULES["4.4"]
    assert isinstance(rule, Crossing)
    assert set(rule.corpora) == set(TRANSFER) - {"newsdesk"}


def test_an_unknown_claim_names_those_there_are():
    with pytest.raises(ValueError, match="no claim '9.9': the ids are 1.1, 1.2"):
        find_claim("9.9")


def test_the_recorded_loss_of_a_frozen_head_is_what_lesson_05_says(studies):
    """A moving backbone costs the frozen head's task more than a point, everywhere."""
    (judged,) = judge_claims(studies, "3A.1")
    recorded = [one for one in judged.decisions if one.size == 400]
    assert [one.corpus for one in recorded] == list(LESSON_05)
    for one in recorded:
        assert one.verdict is Verdict.SUPPORTED
        assert (one.seeds, len(one.records)) == (5, 10)
    assert judged.verdicts == {Verdict.SUPPORTED: 4}


def test_lost_points_are_those_before_minus_after(studies):
    """3B leaves every sentence answer as stage one left it, so it stands for before."""
    (judged,) = judge_claims(studies, "3A.1")
    table = study_table(studies / "one_head_frozen")
    for one in judged.decisions:
        if one.size == 400:
            own = table[table.id.isin(one.records) & (table.arm == "3A")]
            lost = (own.accuracy - own.accuracy_before).mean()
            assert one.difference == pytest.approx(lost, abs=1e-9)


def test_json_has_the_fields_that_machines_read(studies, capsys):
    ids = ["3A.1", "3A.2", "4.0"]
    assert main(["claims", *ids, "--json", "--studies", str(studies)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [claim["id"] for claim in found] == ids
    for claim in found:
        assert set(claim) == {"id", "statement", "verdicts"}
        for verdict in claim["verdicts"]:
            assert set(verdict) == DECISION
            assert verdict["verdict"] in set(Verdict)
            tested = verdict["verdict"] != Verdict.NOT_TESTED
            assert (verdict["difference"] is not None) == tested
            assert bool(verdict["records"]) == tested


def test_a_claim_is_shown_with_its_records_and_all_sizes(studies, capsys):
    assert main(["claims", "3A.4", "--studies", str(studies)]) == 0
    said = capsys.readouterr().out
    (judged,) = judge_claims(studies, "3A.4")
    for one in judged.decisions:
        for key in one.records:
            assert key in said
    for part in ("decided by", "the opposite would be", "hwu64, sentence, 300"):
        assert part in said


def test_a_claim_without_records_says_which_runs_are_missing(tmp_path, capsys):
    assert main(["claims", "3A.4", "--studies", str(tmp_path)]) == 0
    (said,) = [one for one in capsys.readouterr().out.splitlines() if "hwu64" in one]
    runs = "3A, lwf of studies/further and 3A of studies/further"
    where = "[hwu64, sentence, 3,000 sentences]"
    assert said.strip() == (
        f"not tested: not recorded at 3,000 sentences: {runs} {where}"
    )


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path, capsys):
    assert main(["claims", "4.2", "--studies", str(tmp_path / "none")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("claims: ") and "--studies" in said
    assert said.count("\n") == 1
