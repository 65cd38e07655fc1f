"""Every claim with its verdicts, as data and as lines to read.

Lesson: 08_what_should_i_freeze.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.verdicts.check_record import read_check, write_check
from mtlhelpers.study.verdicts.claims import CLAIMS, Claim, Comparison, find_claim
from mtlhelpers.study.verdicts.decisions import Decision, Judged
from mtlhelpers.study.verdicts.evidence import Evidence
from mtlhelpers.study.verdicts.judge import decide, decide_at, match_of, rules_of


def judge_claims(
    folder: str | Path, *ids: str, fresh: bool = False
) -> Iterator[Judged]:
    """Decide claims, all of them unless some are named, from the studies in `folder`.

    Claims about bits, counts and milliseconds are decided by checks: by what these last
    found, as recorded there, or by running and recording them now, with `fresh` (half a
    minute for all of them).

    Raises `ValueError` for an id that is no claim's, `StudyError` where the folder is
    not there.
    """
    return _judged(Evidence(Studies.below(folder)), _chosen(ids), fresh)


def claim_lines(
    folder: Path, ids: Sequence[str], as_json: bool, fresh: bool = False
) -> Iterator[str]:
    """What the command `claims` says of all, or of some with their records."""
    evidence = Evidence(Studies.below(folder))
    judged = _judged(evidence, _chosen(ids), fresh)
    if as_json:
        yield json.dumps([one.to_dict() for one in judged], indent=1)
        return
    for one in judged:
        yield f"{one.claim.id:5} {one.claim.statement}"
        if ids:
            yield from _behind(one, evidence)
        else:
            yield from (f"      {decision}" for decision in one.decisions)


def _chosen(ids: Sequence[str]) -> Sequence[Claim]:
    return [find_claim(key) for key in ids] or CLAIMS


def _judged(
    evidence: Evidence, claims: Sequence[Claim], fresh: bool
) -> Iterator[Judged]:
    for claim in claims:
        yield Judged(claim, tuple(_decide(claim, evidence, fresh)))


def _decide(claim: Claim, evidence: Evidence, fresh: bool) -> Iterator[Decision]:
    for rule in rules_of(claim, evidence):
        yield from decide(rule, evidence)
    if claim.check:
        folder = evidence.studies.folder
        if fresh:
            # It brings torch and transformers, which reading records does without.
            from mtlhelpers.study.verdicts.fresh_checks import run_check

            write_check(folder, claim.id, *run_check(claim.check))
        yield from read_check(folder, claim.id)
    if claim.untested:
        yield Decision("-", "both", None, Verdict.NOT_TESTED, claim.untested)


def _behind(judged: Judged, evidence: Evidence) -> Iterator[str]:
    """How a claim is decided, its decisions with their records, and all other sizes."""
    yield f"      decided by: {judged.claim.decided_by}"
    yield f"      the opposite would be: {judged.claim.opposite}"
    for decision in judged.decisions:
        yield f"      {decision}"
        if decision.records:
            yield f"        records: {' '.join(decision.records)}"
    for rule in rules_of(judged.claim, evidence):
        if isinstance(rule, Comparison):
            yield from _at_all_sizes(rule, evidence)


def _at_all_sizes(rule: Comparison, evidence: Evidence) -> Iterator[str]:
    """The same comparison at every recorded size, also those that decide nothing."""
    for corpus in rule.corpora:
        for task in rule.tasks:
            for size in filter(None, evidence.pairs(match_of(rule, corpus))):
                one = decide_at(rule, corpus, task, size, evidence)
                yield f"      {one.where}, {task}, {size:,} sentences: {one.said}"
