"""Which scenario the nearest records speak for, and how often such advice is right.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mtlhelpers.study.judging import SCORE_OF
from mtlhelpers.study.nearest import FRESH, Expected, Near, nearest, recorded
from mtlhelpers.study.rules import TASKS, TRANSFER
from mtlhelpers.study.statistics import MARGINS
from mtlhelpers.study.studies import Studies


@dataclass(frozen=True)
class Advice:
    """A scenario, and what the records say of it."""

    scenario: str
    agreed: bool  # no corpus and task has the other scenario ahead by its margin
    keeps: bool  # the dearer scenario costs the kept task no more than its margin
    expected: Mapping[str, Mapping[str, Expected]]  # of each scenario, by task
    near: tuple[Near, ...]


def advise(near: Sequence[Near], tasks: Sequence[str], kept: str = "") -> Advice:
    """The dearer scenario if its lead is worth it, else the cheaper one.

    Its lead is worth it if the mean over corpora and tasks is more than a margin of
    interest (1 point of accuracy, 2 of F1), and it loses no more than a margin of the
    task that is to be kept, on no corpus. Raises `ValueError` without anything near.
    """
    if not near:
        raise ValueError("no records near enough")
    cheap, dear = near[0].runs
    leads = _leads(near, tasks, dear, cheap)
    keeps = not kept or bool((_leads(near, [kept], dear, cheap) >= -1).all())
    better = keeps and leads.mean() > 1
    return Advice(
        scenario=dear if better else cheap,
        agreed=keeps and bool(((leads if better else -leads) >= -1).all()),
        keeps=keeps,
        expected={
            scenario: {
                task: expected(near, scenario, task) for task in _both(tasks, kept)
            }
            for scenario in (cheap, dear)
        },
        near=tuple(near),
    )


def expected(near: Sequence[Near], scenario: str, task: str) -> Expected:
    """Of one more corpus like these; of one more seed, where there is one corpus."""
    if len(near) == 1:
        return Expected.of_next(near[0].scores(scenario, task))
    return Expected.of_next([one.mean(scenario, task) for one in near])


def check_advice(folder: str | Path) -> pd.DataFrame:
    """Advise on each recorded corpus and size from the other corpora alone.

    One row a corpus and size. `advised` and `best`: scenarios, the best by its mean
    over tasks. `lost`: points by which the advised one is behind the best, the mean
    over tasks. `hit`: behind by no more than the margin on each task. `held` of `of`:
    how many of the advised scenario's expected intervals hold its score. Raises
    `StudyError` where the folder is not there.
    """
    studies = Studies.below(folder)
    rows = []
    for corpus in TRANSFER:
        for size, own in recorded(studies, FRESH, corpus).items():
            others = nearest(studies, FRESH, size, leave_out=(corpus,))
            if len(others) > 1:
                rows.append(_outcome(own, advise(others, TASKS)))
    columns = ("corpus", "size", "advised", "best", "lost", "hit", "held", "of")
    return pd.DataFrame(rows, columns=columns)


def _outcome(own: Near, advice: Advice) -> dict[str, object]:
    means = {name: np.mean([own.mean(name, t) for t in TASKS]) for name in own.runs}
    best = max(means, key=means.__getitem__)
    behind = _leads([own], TASKS, best, advice.scenario)
    scores = {task: own.mean(advice.scenario, task) for task in TASKS}
    intervals = advice.expected[advice.scenario]
    held = [intervals[t].low <= scores[t] <= intervals[t].high for t in TASKS]
    return {
        "corpus": own.corpus,
        "size": own.size,
        "advised": advice.scenario,
        "best": best,
        "lost": 100 * (means[best] - means[advice.scenario]),
        "hit": bool((behind <= 1).all()),
        "held": sum(held),
        "of": len(held),
    }


def _leads(
    near: Sequence[Near], tasks: Sequence[str], one: str, other: str
) -> np.ndarray:
    """By how many margins one scenario leads the other: (corpora, tasks)."""
    return np.array(
        [
            [
                (at.mean(one, task) - at.mean(other, task)) / MARGINS[SCORE_OF[task]]
                for task in tasks
            ]
            for at in near
        ]
    )


def _both(tasks: Sequence[str], kept: str) -> tuple[str, ...]:
    return (*tasks, kept) if kept else tuple(tasks)
