"""From recorded runs to verdicts on the claims, as data and as lines to read.

Lesson: 08_what_should_i_freeze.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mtlhelpers.errors import InputError
from mtlhelpers.study.protocol import (
    BACKBONE,
    ENDS,
    MARGINS,
    SCORE_OF,
    TASKS,
    Score,
    Task,
    Verdict,
    seeds_at,
    sizes_of,
)
from mtlhelpers.study.records.arms import Runs, Size, Studies, ids_of
from mtlhelpers.study.verdicts.claims import CLAIMS, Claim, Comparison, Crossing, Rule
from mtlhelpers.study.verdicts.contrast import decide_contrast
from mtlhelpers.study.verdicts.crossover import border_verdict, crossover
from mtlhelpers.study.verdicts.decisions import (
    Decision,
    Judged,
    missing_runs,
    read_check,
    write_check,
)
from mtlhelpers.study.verdicts.evidence import Evidence, Floats, Match, add
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    mean_difference,
    t_interval,
    verdict,
)

PREFIXES = {"test": "", "gap": "gap ", "probe": "probe "}  # of a difference in words


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
    return judge_from(Evidence(Studies.below(folder)), ids, fresh)


def judge_from(
    evidence: Evidence, ids: Sequence[str] = (), fresh: bool = False
) -> Iterator[Judged]:
    """Do the same from evidence, of which no arm is scored twice."""
    return _judged(evidence, _chosen(ids), fresh)


def claim_lines(
    folder: Path, ids: Sequence[str], as_json: bool, fresh: bool = False
) -> Iterator[str]:
    """What the command `claims` says of all, or of some with their records."""
    evidence = Evidence(Studies.below(folder))
    judged = judge_from(evidence, ids, fresh)
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
    if unknown := [key for key in ids if key not in CLAIMS]:
        raise InputError(f"no claim {unknown[0]!r}: the ids are {', '.join(CLAIMS)}")
    return [CLAIMS[key] for key in ids] or list(CLAIMS.values())


def _judged(
    evidence: Evidence, claims: Sequence[Claim], fresh: bool
) -> Iterator[Judged]:
    for claim in claims:
        yield Judged(claim, tuple(_decide(claim, evidence, fresh)))


def _decide(claim: Claim, evidence: Evidence, fresh: bool) -> Iterator[Decision]:
    for rule in rules_of(claim, evidence):
        yield from decide(rule, evidence)
    for contrast in claim.contrast:
        yield decide_contrast(contrast, evidence)
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
            recorded = [evidence.pairs(match) for match in matches_of(rule, corpus)]
            for size in filter(None, recorded[0]):
                if any(size not in one for one in recorded):
                    continue
                one = decide_at(rule, corpus, task, size, evidence)
                yield f"      {one.where}, {task}, {size:,} sentences: {one.said}"


def rules_of(claim: Claim, evidence: Evidence) -> list[Rule]:
    """What decides a claim; on another backbone, once its study has records."""
    rules: tuple[Rule, ...] = (*claim.comparison, *claim.crossing)
    return [
        rule
        for rule in rules
        if rule.backbone == BACKBONE or evidence.studies.all(rule.first.study)
    ]


def decide(rule: Rule, evidence: Evidence) -> Iterator[Decision]:
    """The decisions on every corpus and task that a rule names, at its primary size."""
    for corpus in rule.corpora:
        if isinstance(rule, Crossing):
            yield from (_where_it_crosses(rule, corpus, one, evidence) for one in TASKS)
        else:
            yield from (_primary(rule, corpus, one, evidence) for one in rule.tasks)


def match_of(rule: Rule, corpus: str) -> Match:
    """The arms of a rule on a corpus."""
    of = "test" if isinstance(rule, Crossing) else rule.of
    return Match(rule.first, rule.second, corpus, of)


def matches_of(rule: Comparison, corpus: str) -> list[Match]:
    """The pairs of arms that a comparison is made of: one, or two with a gap's rest."""
    match = match_of(rule, corpus)
    rest = [match._replace(second=rule.left_to)] if rule.left_to else []
    return [match, *rest]


def _primary(rule: Comparison, corpus: str, task: Task, evidence: Evidence) -> Decision:
    """The decision at the primary size, once every declared seed is recorded.

    Whoever judges after each seed stops at the first one that says what they hoped for.
    """
    size = rule.size or ENDS[corpus]
    pairs = [evidence.pairs(match) for match in matches_of(rule, corpus)]
    there = min(_seeds_there(one, size) for one in pairs)
    if there < rule.seeds:
        return _not_recorded(rule, corpus, task, size, there)
    return decide_at(rule, corpus, task, size, evidence)


def decide_at(
    rule: Comparison, corpus: str, task: Task, size: int, evidence: Evidence
) -> Decision:
    """What a corpus and task say at a recorded size, primary or not."""
    match, *rest = matches_of(rule, corpus)
    score = SCORE_OF[task]
    arms = evidence.pairs(match)[size]
    by_seed = evidence.difference(match, size, score)
    for left in rest:
        by_seed = add(by_seed, evidence.difference(left, size, score))
        arms = (*arms, evidence.pairs(left)[size][1])
    difference = mean_difference(by_seed)
    if rule.of == "gap":
        # The sentences trained with are not drawn again: the claim is about those.
        first, second = (_on_train(arm, by_seed.seeds, score) for arm in arms)
        gaps = first - second - by_seed.on_test
        difference = t_interval(gaps, difference.test_error)
    outcome = verdict(difference, MARGINS[score], rule.claimed)
    words = PREFIXES[rule.of] + difference.in_points
    if rest:
        words = f"closed less left {words}"
    if rule.kept:
        other = task if rule.kept == "own" else rule.kept
        score = SCORE_OF[other]
        beside = mean_difference(evidence.difference(match, size, score))
        outcome = with_kept(outcome, beside, MARGINS[score])
        words += f"; {other} test score {beside.in_points}"
    return Decision(
        corpus,
        task,
        size,
        outcome,
        words,
        difference.difference,
        (difference.low, difference.high),
        difference.seeds,
        ids_of(arms),
        rule.backbone,
        at=rule.at,
    )


def with_kept(outcome: Verdict, kept: Difference, margin: float) -> Verdict:
    """The verdict on a claim that also needs a score to be no lower by the margin."""
    if outcome is Verdict.CONTRADICTED or kept.high < -margin:
        return Verdict.CONTRADICTED
    return outcome if kept.low > -margin else Verdict.UNDECIDED


def _on_train(runs: Runs, seeds: Sequence[int], score: Score) -> Floats:
    """Scores on sentences trained with, seed by seed."""
    return np.array([runs[seed]["train_scores"][score] for seed in seeds], dtype=float)


def _where_it_crosses(
    rule: Crossing, corpus: str, task: Task, evidence: Evidence
) -> Decision:
    """Where the lead ends, once every seed of every size is recorded."""
    match = match_of(rule, corpus)
    pairs = evidence.pairs(match)
    for size in sizes_of(corpus):
        if (there := _seeds_there(pairs, size)) < seeds_at(size):
            return _not_recorded(rule, corpus, task, size, there)
    numbered = [size for size in pairs if size is not None]
    border = crossover(
        {size: evidence.difference(match, size, SCORE_OF[task]) for size in numbered}
    )
    return Decision(
        corpus,
        task,
        None,
        border_verdict(border, rule.low, rule.high),
        str(border),
        None,
        (border.low, border.high),
        min(_seeds_there(pairs, size) for size in numbered),
        tuple(key for size in numbered for key in ids_of(pairs[size])),
        rule.backbone,
    )


def _seeds_there(pairs: Mapping[Size, Sequence[Runs]], size: int) -> int:
    """How many seeds both arms have at a size."""
    return len(pairs[size][0]) if size in pairs else 0


def _not_recorded(
    rule: Rule, corpus: str, task: Task, size: int, seeds: int
) -> Decision:
    sides = [rule.first, rule.second]
    if isinstance(rule, Comparison) and rule.left_to:
        sides.append(rule.left_to)
    missing = missing_runs(f"{size:,} sentences", sides, seeds)
    none, at = Verdict.NOT_TESTED, rule.at if isinstance(rule, Comparison) else ""
    return Decision(corpus, task, size, none, missing, backbone=rule.backbone, at=at)
