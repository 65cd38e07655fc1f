"""What lesson 05 reports: scores, the sentence that turned, remedies from records.

Lesson: 05_one_head_frozen.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from datasets import Dataset
from numpy.typing import ArrayLike
from scipy import stats

from mtlhelpers.lesson.machine import studies_folder
from mtlhelpers.lesson.plots.figures import Picture, new_figure, show_figure
from mtlhelpers.lesson.plots.points import draw_points
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import CORPUS_NAMES, LESSON_05
from mtlhelpers.study.records.tables import study_table, summarise
from mtlhelpers.training.scores import Scores

_RATES = {2e-5: "2e-5", 1e-4: "1e-4", 3e-4: "3e-4"}
_REMEDIES = {
    "3A 3e-4": "nothing done",
    "3A 2e-5": "learning rate 2e-5",
    "l2sp": "L2-SP",
    "ewc": "EWC",
    "lower half frozen": "top 3 layers train",
    "replay 5 %": "replay, 5 %",
    "replay 20 %": "replay, 20 %",
    "head first": "heads first",
    "lwf": "distillation",
    "3B": "NER head alone",
}
_CORPORA = {corpus: CORPUS_NAMES[corpus] for corpus in LESSON_05}
_PROBES = {
    "refit ceiling": "new head, stage one",
    "3A 3e-4": "frozen head, stage two",
    "refit after 3e-4": "new head, stage two",
    "refit floor": "new head, as published",
}
_MOST_WORDS = 14


def score_table(rows: Mapping[str, Scores]) -> pd.DataFrame:
    """Return accuracy and NER F1 in per cent, one row per name."""
    cells = {name: [s.accuracy, s.ner_f1] for name, s in rows.items()}
    columns = ["sentence accuracy, %", "NER F1, %"]
    return (100 * pd.DataFrame(cells, columns, dtype=float).T).round(1)


def turned_sentence(
    before: SharedModel, after: SharedModel, test: Dataset
) -> tuple[list[str], str, list[str]]:
    """Return words, label and tags of a short sentence that was right and is wrong.

    One whose tags are all right afterwards, with as many names as can be had.
    """
    short = [row for row in test if len(row["tokens"]) <= _MOST_WORDS]
    words = [row["tokens"] for row in short]
    turned: list[tuple[bool, int, int]] = []
    for at, (old, new) in enumerate(zip(before.predict(words), after.predict(words))):
        if old.label == short[at]["label"] != new.label:
            gold = short[at]["tags"]
            turned.append((new.tags == gold, sum(t[0] == "B" for t in gold), -at))
    row = short[-max(turned)[2]]
    return row["tokens"], row["label"], row["tags"]


def retention_runs() -> pd.DataFrame:
    """Return the runs of `one_head_frozen`, with `lost` and `gained` in points.

    `lost` is what the sentence task lost in stage two, `gained` the NER F1 after it.
    """
    runs = study_table(studies_folder() / "one_head_frozen")
    plain = runs.arm == "3A"
    runs.loc[plain, "arm"] = "3A " + runs.backbone_lr[plain].map(_RATES).astype(str)
    change = runs.accuracy_before.astype(float) - runs.accuracy.astype(float)
    return runs.assign(lost=100 * change, gained=100 * runs.ner_f1.astype(float))


def refit_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy of old and new heads after stage two, one row per corpus."""
    cells = {
        shown: {
            words: mean_and_deviation(_of(runs, corpus, arm).accuracy)
            for arm, words in _PROBES.items()
        }
        for corpus, shown in _CORPORA.items()
    }
    return pd.DataFrame(cells).T


def retention_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return points lost with their interval and NER F1, one row per remedy."""
    rows: dict[str, dict[str, str]] = {}
    for arm, words in _REMEDIES.items():
        rows[words] = {}
        for corpus, shown in _CORPORA.items():
            own = _of(runs, corpus, arm)
            rows[words][f"{shown}: points lost"] = mean_and_interval(own.lost)
            rows[words][f"{shown}: NER F1"] = mean_and_deviation(own.ner_f1)
    return pd.DataFrame(rows).T


def show_tradeoff(runs: pd.DataFrame, corpus: str) -> Picture:
    """Draw points lost against NER F1, one point per remedy and learning rate."""
    rates = {f"3A {rate}": f"learning rate {rate}" for rate in _RATES.values()}
    names = _REMEDIES | rates
    own = runs[(runs.corpus == corpus) & runs.arm.isin(names)]
    own = own.assign(arm=own.arm.map(names))
    found = summarise(own, by=["arm"], scores=["lost", "gained"])
    figure, axes = new_figure(
        f"What is lost and what is gained, {_CORPORA[corpus]}, five seeds",
        across="points of accuracy lost by the frozen head (left is better)",
        up="NER F1, % (up is better)",
        height=4.6,
    )
    axes.axvline(0, color="#999999", linewidth=0.8)
    draw_points(axes, found, x="lost", y="gained", joined=list(rates.values()))
    told = "; ".join(
        f"{r.arm} {r.lost:.1f}, {r.gained:.1f}" for r in found.itertuples()
    )
    return show_figure(
        figure,
        f"Points with intervals: accuracy lost across, NER F1 up, in points. {told}.",
    )


def compare_remedies(runs: pd.DataFrame, one: str, other: str) -> str:
    """Say what a remedy loses and learns more than another, seed by seed."""
    arms = {words: arm for arm, words in _REMEDIES.items()}
    told = []
    for corpus, shown in _CORPORA.items():
        first, second = (
            _of(runs, corpus, arms[words]).set_index("seed")[["lost", "gained"]]
            for words in (one, other)
        )
        more = (first - second).dropna()
        told.append(
            f"- {shown}: points lost {mean_and_interval(more.lost, '+')}, NER F1 "
            f"{mean_and_interval(more.gained, '+')}."
        )
    heading = f"**{one.capitalize()} minus {other}**, seed by seed, with intervals:"
    return "\n".join([heading, "", *told])


def _of(runs: pd.DataFrame, corpus: str, arm: str) -> pd.DataFrame:
    return runs[(runs.corpus == corpus) & (runs.arm == arm)]


def mean_and_deviation(scores: ArrayLike) -> str:
    """Write scores from 0 to 1 as per cent over seeds, as in 57.8 ± 1.2."""
    points = 100 * np.asarray(scores, dtype=float)
    if len(points) < 2:
        return f"{points[0]:.1f}" if len(points) else "not recorded"
    return f"{points.mean():.1f} ± {points.std(ddof=1):.1f}"


def mean_and_interval(points: ArrayLike, sign: str = "") -> str:
    """Write differences over seeds with a t interval of 95 %, as in 1.0 (0.2 to 1.8).

    `sign` is "+" where a plus is to be written too.
    """
    values = np.asarray(points, dtype=float)
    n = len(values)
    if n < 2:
        return f"{values[0]:{sign}.1f}" if n else "not recorded"
    half = float(stats.t.ppf(0.975, n - 1)) * values.std(ddof=1) / n**0.5
    mean = float(values.mean())
    told = [f"{round(x, 1) + 0.0:{sign}.1f}" for x in (mean, mean - half, mean + half)]
    return f"{told[0]} ({told[1]} to {told[2]})"
