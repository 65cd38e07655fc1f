"""Is the headline an effect of one choice? What the records can say of that."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mtlhelpers.study.protocol import CONFIDENCE, MARGINS, SCORE_OF, Task
from mtlhelpers.study.records.record import Side
from mtlhelpers.study.verdicts.evidence import Match
from mtlhelpers.study.verdicts.intervals import (
    Difference,
    mean_difference,
    t_interval,
    verdict,
)
from report.facts import FEW, FREEZING, Facts
from report.gaps import Gap
from report.words import TASK_WORDS, corpus_name, interval, signed

SIZE = 300
STRICTER = {"sentence": "macro_f1", "ner": "ner_f1_strict"}
NEAR = (100, 1_000)
# Both sides at equal numbers of epochs: runs that have both ways to decode.
STEPPED = ("backbone_frozen, as few epochs", "none_frozen")
LONGEST = 48
DECODED = ("ner_f1", "ner_f1_constrained")


def section(facts: Facts) -> dict[str, Any]:
    """Return a row per headline, a column per changed choice, and what was undone."""
    family = sum(
        one.difference is not None and bool(one.records)
        for judged in facts.judged.values()
        for one in judged.decisions
    )
    return {
        "rows": [row(facts, gap, family) for gap in facts.primary(FEW)],
        "size": SIZE,
        "near": NEAR,
        "decoding": list(decoding(facts)),
        "family": family,
        "family_confidence": 100 * (1 - (1 - CONFIDENCE) / family),
    }


def row(facts: Facts, gap: Gap, family: int) -> dict[str, Any]:
    """Return a headline, and the same under one changed choice at a time."""
    match = Match(*FREEZING, gap.corpus)
    scores = facts.evidence.difference(match, SIZE, SCORE_OF[gap.task])
    whole = 1 - (1 - CONFIDENCE) / family
    return {
        "name": f"{corpus_name(gap.corpus, gap.task)}, {TASK_WORDS[gap.task]}",
        "as_is": said(mean_difference(scores), gap.task),
        "stricter": said(stricter(facts, match, gap.task), gap.task),
        "near": [near(facts, gap, size) for size in NEAR],
        "family": said(mean_difference(scores, whole), gap.task),
        "errors": errors(facts, match, gap.task),
    }


def said(one: Difference, task: Task) -> dict[str, str]:
    """Return a difference in words, with what the rule makes of it."""
    ends = (100 * one.difference, 100 * one.low, 100 * one.high)
    margin = MARGINS[SCORE_OF[task]]
    return {
        "difference": f"{signed(ends[0])} ({interval(*ends[1:])})",
        "verdict": str(verdict(one, margin, "higher")),
    }


def stricter(facts: Facts, match: Match, task: Task) -> Difference:
    """Return the difference by the stricter score, over seeds alone.

    Macro F1 of the labels, and spans that are well formed; records have these by run
    and not by sentence, so the interval does not hold the choice of test sentences.
    """
    first, second = facts.evidence.pairs(match)[SIZE]
    key = STRICTER[task]
    return t_interval(
        [first[seed]["scores"][key] - second[seed]["scores"][key] for seed in first]
    )


def decoding(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield the difference in names by both ways to decode, where runs have both."""
    first, second = (Side("steps", arm, (("epochs", LONGEST),)) for arm in STEPPED)
    for corpus in sorted({run["corpus"] for run in facts.records("steps")}):
        for pair in facts.evidence.pairs(Match(first, second, corpus)).values():
            gaps = [
                [run["scores"][key] - other["scores"][key] for key in DECODED]
                for run, other in zip(*(one.values() for one in pair), strict=True)
                if all("ner_f1_constrained" in each["scores"] for each in (run, other))
            ]
            if gaps:
                plain, constrained = (signed(100 * gap) for gap in np.mean(gaps, 0))
                yield {
                    "name": corpus_name(corpus, "ner"),
                    "epochs": LONGEST,
                    "seeds": len(gaps),
                    "plain": plain,
                    "constrained": constrained,
                }


def near(facts: Facts, gap: Gap, size: int) -> dict[str, str]:
    """Return the same difference at another amount of data."""
    match = Match(*FREEZING, gap.corpus)
    scores = facts.evidence.difference(match, size, SCORE_OF[gap.task])
    return said(mean_difference(scores), gap.task)


def errors(facts: Facts, match: Match, task: Task) -> str:
    """Return by how much the errors grow when the backbone is frozen, in per cent."""
    frozen, free = (
        1 - np.mean([run["scores"][SCORE_OF[task]] for run in runs.values()])
        for runs in facts.evidence.pairs(match)[SIZE]
    )
    return f"{signed(100 * (frozen / free - 1), 0)} %"
