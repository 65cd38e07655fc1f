"""From recorded runs to verdicts on the claims.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from mtlhelpers.study.protocol import (
    BERT_BASE,
    ENDS,
    MARGINS,
    SCORE_OF,
    Score,
    Verdict,
    probed_corpus,
    seeds_at,
    sizes_of,
)
from mtlhelpers.study.records.arms import (
    ArmRuns,
    Pairs,
    Studies,
    as_probed,
    groups_of_test,
    pair,
    shared_ids,
    shared_seeds,
)
from mtlhelpers.study.verdicts.bootstrap import seed_differences
from mtlhelpers.study.verdicts.claims import Decision
from mtlhelpers.study.verdicts.crossover import border_verdict, crossover
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    paired_difference,
    t_interval,
    verdict,
)
from mtlhelpers.study.verdicts.rules import (
    RULES,
    Comparison,
    Crossing,
    Rule,
    on_bert_base,
)

NAMED = {"test": "", "gap": "gap ", "probe": "probe "}  # what a difference is of


def rules_of(key: str, studies: Studies) -> list[Rule]:
    """The rules of a claim; those of the transfer study for bert-base-uncased as well,
    once its study has records."""
    own = list(RULES.get(key, ()))
    if not studies.all(BERT_BASE):
        return own
    return own + [other for rule in own if (other := on_bert_base(rule))]


def judge(rule: Rule, studies: Studies) -> Iterator[Decision]:
    """The decisions on every corpus and task that a rule names, at its primary size."""
    for corpus in rule.corpora:
        pairs = pairs_of(rule, corpus, studies)
        if isinstance(rule, Crossing):
            yield from (_crossing(rule, corpus, task, pairs) for task in SCORE_OF)
        else:
            yield from (_primary(rule, corpus, task, pairs) for task in rule.tasks)


def pairs_of(rule: Rule, corpus: str, studies: Studies) -> Pairs:
    """Both arms of a rule on a corpus, by training size."""
    first, second = (studies.runs(side, corpus) for side in (rule.first, rule.second))
    if isinstance(rule, Comparison) and rule.of == "probe":
        first, second = as_probed(first), as_probed(second)
    return pair(first, second)


def _primary(rule: Comparison, corpus: str, task: str, pairs: Pairs) -> Decision:
    """The decision at the primary size, once every declared seed is recorded.

    Who judges after each seed stops at the first one that says what they hoped for.
    """
    size = rule.size or ENDS[corpus]
    if (there := _seeds_there(pairs, size)) < rule.seeds:
        return _not_recorded(rule, corpus, task, size, there)
    return compare(rule, corpus, task, size, pairs)


def compare(
    rule: Comparison, corpus: str, task: str, size: int, pairs: Pairs
) -> Decision:
    """What a corpus and task say at a recorded size, primary or not."""
    asked = probed_corpus(corpus) if rule.of == "probe" else corpus
    groups = groups_of_test(asked, pairs)
    found = _difference(rule.of, SCORE_OF[task], *pairs[size], groups)
    said = verdict(found, MARGINS[SCORE_OF[task]], rule.claimed)
    words = _in_words(found, NAMED[rule.of])
    if rule.kept:
        other = task if rule.kept == "own" else rule.kept
        score = SCORE_OF[other]
        beside = _difference("test", score, *pairs[size], groups)
        said = with_kept(said, beside, MARGINS[score])
        words += f"; {other} test score {_in_words(beside)}"
    return Decision(
        corpus,
        task,
        size,
        said,
        words,
        found.difference,
        (found.low, found.high),
        found.seeds,
        shared_ids(*pairs[size]),
        rule.backbone,
    )


def with_kept(said: Verdict, kept: Difference, margin: float) -> Verdict:
    """The verdict on a claim that also needs a score to be no lower by the margin."""
    if said is Verdict.CONTRADICTED or kept.high < -margin:
        return Verdict.CONTRADICTED
    return said if kept.low > -margin else Verdict.UNDECIDED


def _difference(
    of: str, score: Score, first: ArmRuns, second: ArmRuns, groups: Sequence[str]
) -> Difference:
    on_test = paired_difference(first.outcomes, second.outcomes, groups, score)
    if of != "gap":
        return on_test
    trained = [
        first.train_scores[seed][score] - second.train_scores[seed][score]
        for seed in shared_seeds(first, second)
    ]
    tested = seed_differences(first.outcomes, second.outcomes, groups, score).on_test
    # The sentences trained with are not drawn again: the text's gap is about them.
    return t_interval(np.array(trained) - tested, on_test.test_error)


def _crossing(rule: Crossing, corpus: str, task: str, pairs: Pairs) -> Decision:
    """Where the lead ends, once every seed of every size is recorded."""
    for size in sizes_of(corpus):
        if (there := _seeds_there(pairs, size)) < seeds_at(size):
            return _not_recorded(rule, corpus, task, size, there)
    groups = groups_of_test(corpus, pairs)
    differences = {
        size: seed_differences(one.outcomes, two.outcomes, groups, SCORE_OF[task])
        for size, (one, two) in pairs.items()
    }
    found = crossover(differences)
    ids = tuple(key for both in pairs.values() for key in shared_ids(*both))
    seeds = min(len(one.seeds) for one in differences.values())
    ends = found.low, found.high
    said = border_verdict(found, rule.low, rule.high)
    told = said, str(found), None, ends, seeds, ids, rule.backbone
    return Decision(corpus, task, None, *told)


def _seeds_there(pairs: Pairs, size: int) -> int:
    """How many seeds both arms have at a size."""
    return len(shared_seeds(*pairs[size])) if size in pairs else 0


def _not_recorded(
    rule: Rule, corpus: str, task: str, size: int, seeds: int
) -> Decision:
    sides = (rule.first, rule.second)
    arms = " and ".join(f"{side.arm} of studies/{side.study}" for side in sides)
    so_far = f" with all seeds ({seeds} so far)" if seeds else ""
    said = f"not recorded at {size:,} sentences{so_far}: {arms}"
    told = Verdict.NOT_TESTED, said
    return Decision(corpus, task, size, *told, backbone=rule.backbone)


def _in_words(found: Difference, name: str = "") -> str:
    return (
        f"{name}{100 * found.difference:+.1f} points "
        f"({100 * found.low:+.1f} to {100 * found.high:+.1f})"
    )
