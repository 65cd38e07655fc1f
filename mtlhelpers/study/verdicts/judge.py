"""From recorded runs to verdicts on the claims.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

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
from mtlhelpers.study.records.arms import Runs, Size, ids_of
from mtlhelpers.study.verdicts.claims import Claim, Comparison, Crossing, Rule
from mtlhelpers.study.verdicts.crossover import border_verdict, crossover
from mtlhelpers.study.verdicts.decisions import Decision
from mtlhelpers.study.verdicts.evidence import Evidence, Floats, Match
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    mean_difference,
    t_interval,
    verdict,
)

PREFIXES = {"test": "", "gap": "gap ", "probe": "probe "}  # of a difference in words


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


def _primary(rule: Comparison, corpus: str, task: Task, evidence: Evidence) -> Decision:
    """The decision at the primary size, once every declared seed is recorded.

    Whoever judges after each seed stops at the first one that says what they hoped for.
    """
    size = rule.size or ENDS[corpus]
    there = _seeds_there(evidence.pairs(match_of(rule, corpus)), size)
    if there < rule.seeds:
        return _not_recorded(rule, corpus, task, size, there)
    return decide_at(rule, corpus, task, size, evidence)


def decide_at(
    rule: Comparison, corpus: str, task: Task, size: int, evidence: Evidence
) -> Decision:
    """What a corpus and task say at a recorded size, primary or not."""
    match, score = match_of(rule, corpus), SCORE_OF[task]
    arms = evidence.pairs(match)[size]
    by_seed = evidence.difference(match, size, score)
    difference = mean_difference(by_seed)
    if rule.of == "gap":
        # The sentences trained with are not drawn again: the claim is about those.
        first, second = (_on_train(arm, by_seed.seeds, score) for arm in arms)
        gaps = first - second - by_seed.on_test
        difference = t_interval(gaps, difference.test_error)
    outcome = verdict(difference, MARGINS[score], rule.claimed)
    words = PREFIXES[rule.of] + _in_words(difference)
    if rule.kept:
        other = task if rule.kept == "own" else rule.kept
        score = SCORE_OF[other]
        beside = mean_difference(evidence.difference(match, size, score))
        outcome = with_kept(outcome, beside, MARGINS[score])
        words += f"; {other} test score {_in_words(beside)}"
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
    sides = (rule.first, rule.second)
    arms = " and ".join(f"{side.arm} of studies/{side.study}" for side in sides)
    so_far = f" with all seeds ({seeds} so far)" if seeds else ""
    missing = f"not recorded at {size:,} sentences{so_far}: {arms}"
    none = Verdict.NOT_TESTED
    return Decision(corpus, task, size, none, missing, backbone=rule.backbone)


def _in_words(one: Difference) -> str:
    return (
        f"{100 * one.difference:+.1f} points "
        f"({100 * one.low:+.1f} to {100 * one.high:+.1f})"
    )
