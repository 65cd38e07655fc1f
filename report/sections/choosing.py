"""What if the settings had been chosen otherwise: on few sentences, or by one seed?

The runs that tuned the main comparison hold what each configuration scores on every
test sentence. So a part of these can play a small validation set, and the rest the test
set: the choice is made again for each draw, with no new run. The tuning seeds are two,
so a range over draws stands here, and no interval over seeds.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtlhelpers.data.streams import stream
from mtlhelpers.study.protocol import PUBLISHED, TASKS
from mtlhelpers.study.records.record import Record, unpack_outcomes
from report.facts import EVERYTHING, FROZEN, Facts
from report.words import TASK_WORDS, corpus_name, interval, signed

TUNING = "transfer_tuning"
SIZE = 300
VALIDATION = (300, 30)  # sentences to choose on: as many as to train on, and very few
DRAWS = 200
WITHIN = (2.5, 97.5)  # per cent of the draws

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tried:
    """One arm on one corpus: each of C configurations, run with each of S seeds."""

    # What is summed over N sentences above and below the line of either score.
    terms: Floats  # (C, S, 2 scores, 2, N)
    validation: Floats  # (C, S), the mean of both scores on the whole of validation

    def scores(self, counted: Floats) -> Floats:
        """Return accuracy and F1 where sentence n counts `counted[n]`: (C, S, 2)."""
        above, below = np.moveaxis(self.terms @ counted, -1, 0)
        found: Floats = np.divide(
            above, below, out=np.zeros_like(above), where=below > 0
        )
        return found


@cache
def section(facts: Facts) -> dict[str, Any]:
    """Return a row per corpus and task, and how the settings were chosen there."""
    tried: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in facts.records(TUNING):
        if record["plan"]["train_size"] == SIZE:
            tried[record["corpus"]][record["arm"]].append(record)
    return {
        "size": SIZE,
        "headings": [f"by {sentences} sentences" for sentences in VALIDATION],
        "draws": DRAWS,
        "within": WITHIN[1] - WITHIN[0],
        "rows": [row for corpus in PUBLISHED for row in rows(corpus, tried[corpus])],
    }


def rows(corpus: str, arms: dict[str, list[Record]]) -> Iterator[dict[str, Any]]:
    """Yield a row per task: frozen minus everything, under each way to choose."""
    pair = tabulate(arms[FROZEN.arm]), tabulate(arms[EVERYTHING.arm])
    whole = difference(pair, [one.validation.mean(1).argmax() for one in pair])
    swapped = np.mean([by_one_seed(pair, seed) for seed in range(2)], axis=0)
    few = [on_few(pair, sentences, corpus) for sentences in VALIDATION]
    for number, task in enumerate(TASKS):
        yield {
            "name": f"{corpus_name(corpus, task)}, {TASK_WORDS[task]}",
            "whole": signed(100 * whole[number]),
            "swapped": signed(100 * swapped[number]),
            "moved": 100 * (swapped[number] - whole[number]),
            "few": [said(100 * found[:, number]) for found in few],
        }


def tabulate(records: Sequence[Record]) -> Tried:
    """Return an arm's records by configuration and seed. All have the same seeds."""
    cells: dict[str, dict[int, Record]] = defaultdict(dict)
    for record in records:
        plan = {key: value for key, value in record["plan"].items() if key != "seed"}
        cells[repr(sorted(plan.items()))][record["plan"]["seed"]] = record
    grid = [[runs[seed] for seed in sorted(runs)] for runs in cells.values()]
    return Tried(
        np.array([[terms(record) for record in runs] for runs in grid]),
        np.array([[validation(record) for record in runs] for runs in grid]),
    )


def terms(record: Record) -> Floats:
    """Return both terms of accuracy and F1 for each test sentence: (2, 2, N)."""
    outcomes = unpack_outcomes(record["outcomes"])
    right = np.array(outcomes.label_right, dtype=float)  # nan: no label
    spans = np.array(outcomes.true_spans) + np.array(outcomes.predicted_spans)
    accuracy = np.nan_to_num(right), np.isfinite(right)
    return np.array([accuracy, (2.0 * np.array(outcomes.correct_spans), spans)])


def validation(record: Record) -> float:
    """Return what the settings were chosen by."""
    return float(np.mean([record["validation"][key] for key in ("accuracy", "ner_f1")]))


def difference(pair: Sequence[Tried], chosen: Sequence[int], seed: int = -1) -> Floats:
    """Return first minus second on all test sentences, by task; of one seed or all."""
    first, second = (
        one.scores(np.ones(one.terms.shape[-1]))[best]
        for one, best in zip(pair, chosen, strict=True)
    )
    gaps: Floats = first - second
    return gaps.mean(0) if seed < 0 else gaps[seed]


def by_one_seed(pair: Sequence[Tried], seed: int) -> Floats:
    """Return the difference of one seed, where the other of the two has chosen."""
    chosen = [one.validation[:, 1 - seed].argmax() for one in pair]
    return difference(pair, chosen, seed)


def on_few(pair: Sequence[Tried], sentences: int, corpus: str) -> Floats:
    """Return the difference on the rest of the test sentences, per draw: (DRAWS, 2).

    Each draw takes so many sentences to choose on, of those that a task has.
    """
    labelled = pair[0].terms[0, 0, 0, 1] > 0
    drawn = stream(0, f"validation of {sentences} from {corpus}")
    found = []
    for _ in range(DRAWS):
        small = np.zeros(len(labelled))
        for kind in (labelled, ~labelled):  # the disjoint pair has tags elsewhere
            if kind.any():
                small[drawn.choice(np.flatnonzero(kind), sentences, replace=False)] = 1
        chosen = [one.scores(small).mean((1, 2)).argmax() for one in pair]
        first, second = (
            one.scores(1 - small)[best].mean(0)
            for one, best in zip(pair, chosen, strict=True)
        )
        found.append(first - second)
    return np.array(found)


def said(points: Floats) -> str:
    """Return the mean over draws, and between what most of them lie."""
    low, high = np.percentile(points, WITHIN)
    return f"{signed(points.mean())} ({interval(low, high)})"
