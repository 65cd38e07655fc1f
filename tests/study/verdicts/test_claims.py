"""The claims: all there, each decided in one way, and told as data and as lines."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mtlhelpers.cli import main
from mtlhelpers.errors import ClaimError
from mtlhelpers.study.protocol import LESSON_05, TRANSFER, Verdict
from mtlhelpers.study.records.tables import study_table
from mtlhelpers.study.verdicts.claims import CLAIMS, read_claims
from mtlhelpers.study.verdicts.judge import judge_claims

IDS = (
    *("1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5", "3A.1", "3A.2", "3A.3"),
    *("3A.4", "3B.1", "3B.2", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5"),
    *("5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "5.10"),
)
DECISION = {
    *("corpus", "task", "size", "verdict", "difference", "interval", "seeds"),
    *("records", "said", "backbone", "checked", "at"),
}


@pytest.fixture
def studies() -> Path:
    return Path(__file__).parents[3] / "studies"


def test_every_claim_is_there_and_decided_in_one_way():
    assert tuple(claim.id for claim in CLAIMS.values()) == IDS
    for claim in CLAIMS.values():
        assert claim.statement and claim.decided_by and claim.opposite
    checked = {claim.id for claim in CLAIMS.values() if claim.check}
    assert checked == {"1.1", "1.2", "1.3", "2.1", "2.2", "3B.1", "3B.2"}


def test_rules_are_those_that_were_written_before_the_runs():
    """Each arm, size, direction and number of seeds: none may move afterwards."""
    lines = Path(__file__).with_name("rules_before_the_runs.jsonl").read_text("utf-8")
    written = [json.loads(line) for line in lines.splitlines()]
    rules = [
        {"claim": claim.id, "kind": type(rule).__name__} | asdict(rule)
        for claim in CLAIMS.values()
        for rule in (*claim.comparison, *claim.crossing)
    ]
    for rule in rules:
        for side in ("first", "second"):
            study, arm, settings = rule[side]
            rule[side] = {"study": study, "arm": arm, "settings": dict(settings)}
        if "kept" in rule:
            rule["kept"] = rule["kept"] or None
        if rule.get("left_to"):
            study, arm, settings = rule["left_to"]
            rule["left_to"] = {"study": study, "arm": arm, "settings": dict(settings)}
        for key in ("at", "left_to"):  # which no rule of the first round has
            if not rule.get(key):
                rule.pop(key, None)
    assert json.loads(json.dumps(rules)) == written


def test_newsdesk_takes_no_part_in_where_the_border_lies():
    """Its 10,000 sentences are variants of few."""
    for rule in CLAIMS["4.4"].crossing:
        assert set(rule.corpora) == set(TRANSFER) - {"newsdesk"}


CLAIM = """
[[claim]]
id = "9.9"
lesson = "08"
statement = "It rains."
decided_by = "a look"
opposite = "sun"
"""
RULE = """
[[claim.comparison]]
first = { study = "one", arm = "a" }
second = { study = "two", arm = "b" }
claimed = "higher"
corpora = ["hwu64"]
tasks = ["ner"]
seeds = 5
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CLAIM, "claim 9.9: needs runs to compare, a 'check', or"),
        (CLAIM + 'check = "x"' + RULE, "claim 9.9: needs runs to compare"),
        (CLAIM.replace('lesson = "08"', "") + RULE, "claim 9.9: 'lesson' is missing"),
        (CLAIM + "colour = 3" + RULE, "claim 9.9: 'colour' is unknown"),
        (CLAIM + RULE.replace("5", '"5"'), "claim 9.9, comparison, seeds: '5' does"),
        (CLAIM + RULE.replace("higher", "up"), "comparison, claimed: 'up' does not"),
        (CLAIM + RULE.replace('"ner"', '"pos"'), "comparison, tasks: 'pos' does not"),
        (CLAIM + RULE.replace('"one", ', '"one", rate = 1, '), "first: 'rate' is unk"),
        (CLAIM + RULE.replace(', arm = "b"', ""), "second: 'arm' is missing"),
        (CLAIM + RULE.replace('["hwu64"]', '"hwu64"'), "corpora: 'hwu64' does not fit"),
        (CLAIM + "size =", "claims.toml: "),
    ],
)
def test_a_fault_is_named_with_file_claim_and_key(tmp_path, text, said):
    path = tmp_path / "claims.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ClaimError, match="^claims.toml") as error:
        read_claims(path)
    assert said in str(error.value)


def test_a_rule_may_leave_out_what_is_usual(tmp_path):
    path = tmp_path / "claims.toml"
    path.write_text(CLAIM + RULE, encoding="utf-8")
    (claim,) = read_claims(path).claim
    (rule,) = claim.comparison
    assert (rule.size, rule.of, rule.kept, rule.backbone) == (
        None,
        "test",
        "",
        "minilm",
    )


def test_an_unknown_claim_names_those_there_are():
    with pytest.raises(ValueError, match="no claim '9.9': the ids are 1.1, 1.2"):
        judge_claims(Path(), "9.9")


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


@pytest.mark.parametrize(
    "content", [b"\xff", b"x = " + b"[" * 9_999, b"x = " + b"9" * 9_999]
)
def test_a_file_that_cannot_be_read_at_all_is_named(tmp_path, content):
    path = tmp_path / "claims.toml"
    path.write_bytes(content)
    with pytest.raises(ClaimError, match=r"^claims.toml: .* Mend it there\.$"):
        read_claims(path)
