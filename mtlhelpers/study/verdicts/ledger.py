"""Every claim with its verdicts, as data and as lines to read.

Lesson: 08_what_should_i_freeze.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.verdicts.claims import CLAIMS, Claim, Decision, find_claim
from mtlhelpers.study.verdicts.fresh_checks import CHECKS, Ground
from mtlhelpers.study.verdicts.judge import compare, judge, pairs_of, rules_of
from mtlhelpers.study.verdicts.rules import Comparison


class Judged(NamedTuple):
    """A claim, and what was decided of it for each corpus and task."""

    claim: Claim
    decisions: tuple[Decision, ...]

    @property
    def verdicts(self) -> Counter[Verdict]:
        """How often each verdict was given, over corpora and tasks."""
        return Counter(decision.verdict for decision in self.decisions)

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        verdicts = [decision.to_dict() for decision in self.decisions]
        return {
            "id": self.claim.id,
            "statement": self.claim.statement,
            "verdicts": verdicts,
        }


def judge_claims(folder: str | Path, *ids: str) -> Iterator[Judged]:
    """Decide claims, all of them unless some are named, from the studies in `folder`.

    Checks are run afresh (half a minute for all of them). Raises `ValueError` for an id
    that is no claim's, `StudyError` where the folder is not there.
    """
    yield from _judged(Studies.below(folder), ids)


def _judged(studies: Studies, ids: Sequence[str]) -> Iterator[Judged]:
    chosen = [find_claim(key) for key in ids] or CLAIMS
    ground = Ground.prepare() if any(claim.id in CHECKS for claim in chosen) else None
    for claim in chosen:
        yield Judged(claim, tuple(_decide(claim, studies, ground)))


def claim_lines(folder: Path, ids: Sequence[str], as_json: bool) -> Iterator[str]:
    """What `python -m mtlhelpers claims` says of all, or of some with their records."""
    studies = Studies.below(folder)
    found = _judged(studies, ids)
    if as_json:
        yield json.dumps([judged.to_dict() for judged in found], indent=1)
        return
    for judged in found:
        yield f"{judged.claim.id:5} {judged.claim.statement}"
        if ids:
            yield from _behind(judged, studies)
        else:
            yield from (f"      {_told(decision)}" for decision in judged.decisions)


def _decide(
    claim: Claim, studies: Studies, ground: Ground | None
) -> Iterator[Decision]:
    for rule in rules_of(claim.id, studies):
        yield from judge(rule, studies)
    if claim.id in CHECKS:
        yield from CHECKS[claim.id](ground)
    if claim.untested:
        yield Decision("-", "both", None, Verdict.NOT_TESTED, claim.untested)


def _behind(judged: Judged, studies: Studies) -> Iterator[str]:
    """How a claim is decided, its decisions with their records, and all other sizes."""
    yield f"      decided by: {judged.claim.decided_by}"
    yield f"      the opposite would be: {judged.claim.opposite}"
    for decision in judged.decisions:
        yield f"      {_told(decision)}"
        if decision.records:
            yield f"        records: {' '.join(decision.records)}"
    for rule in rules_of(judged.claim.id, studies):
        if isinstance(rule, Comparison):
            yield from _other_sizes(rule, studies)


def _other_sizes(rule: Comparison, studies: Studies) -> Iterator[str]:
    """The same comparison at sizes that decide nothing."""
    for corpus in rule.corpora:
        pairs = pairs_of(rule, corpus, studies)
        for task in rule.tasks:
            for size in pairs:
                found = compare(rule, corpus, task, size, pairs)
                yield f"      {found.where}, {task}, {size:,} sentences: {found.said}"


def _told(decision: Decision) -> str:
    where = [decision.where, decision.task]
    if decision.size is not None:
        where.append(f"{decision.size:,} sentences")
    if decision.seeds:
        where.append(f"{decision.seeds} seed{'s' * (decision.seeds > 1)}")
    return f"{decision.verdict}: {decision.said} [{', '.join(where)}]"
