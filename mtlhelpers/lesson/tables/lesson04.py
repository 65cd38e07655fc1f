"""What lesson 04 reports of records: pairs of learning rates, scores by layer.

Lesson: 04_backbone_frozen.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mtlhelpers.lesson.machine import studies_folder
from mtlhelpers.lesson.plots.figures import (
    INK,
    LETTERS,
    Picture,
    look,
    new_figure,
    show_figure,
)
from mtlhelpers.lesson.tables.lesson05 import mean_and_deviation
from mtlhelpers.study.protocol import CORPUS_NAMES, LESSON_05, MARGINS
from mtlhelpers.study.records.tables import study_table, summarise

_SCORES = {"sentence": "accuracy", "ner": "ner_f1"}
_SHOWN = {"sentence": "labels", "ner": "names"}
# The arm and the learning rate of the heads, of heads alone and of everything.
_PAIRS = {
    "5e-5 for both": (("head rate", 5e-5), ("one rate 5e-5", 5e-5)),
    "3e-3 for both": (("backbone_frozen", 3e-3), ("one rate 3e-3", 3e-3)),
    "each its own": (("backbone_frozen", 3e-3), ("none_frozen", 3e-3)),
}
_SIZE = 300
_ENDS = ("", "_low", "_high")


def lr_pairs(corpus: str) -> pd.DataFrame:
    """Return heads alone minus everything, in points, one row per pair.

    Columns: `sentence` and `ner`, each with `_low` and `_high` of an interval of 95 %
    over the seeds that both sides share, and `seeds`, how many these are.
    """
    runs = study_table(studies_folder() / "backbone_frozen")
    runs = runs[(runs.corpus == corpus) & (runs.train_size == _SIZE)]
    rows = {}
    for name, sides in _PAIRS.items():
        heads, everything = (
            runs[(runs.arm == arm) & np.isclose(runs.head_lr.astype(float), rate)]
            .set_index("seed")[[*_SCORES.values()]]
            .astype(float)
            for arm, rate in sides
        )
        more = (100 * (heads - everything)).dropna().reset_index()
        found = summarise(more.assign(arm=name, id=""), ["arm"], [*_SCORES.values()])
        rows[name] = {
            task + end: found.loc[0, score + end]
            for task, score in _SCORES.items()
            for end in _ENDS
        } | {"seeds": len(more)}
    return pd.DataFrame(rows).T


def leader_of(pairs: pd.DataFrame, name: str, task: str) -> str:
    """Say who is ahead in a pair, where the interval leaves out zero."""
    low, high = (float(pairs[f"{task}_{end}"][name]) for end in ("low", "high"))
    return "heads alone" if low > 0 else "everything" if high < 0 else "neither"


def show_pairs(pairs: pd.DataFrame) -> Picture:
    """Draw the differences with intervals about zero, the margins as grey bands."""
    figure, axes = new_figure(
        f"Heads alone minus training everything, {_SIZE} sentences",
        across="points: everything is better to the left, heads alone to the right",
        height=3.4,
    )
    told: list[str] = []
    cases = [(name, task) for name in map(str, pairs.index) for task in _SCORES]
    for row, (name, task) in enumerate(cases):
        mean, low, high = (float(pairs[task + end][name]) for end in _ENDS)
        _draw_difference(axes, row, task, (mean, low, high))
        told.append(f"{name}, {_SHOWN[task]} {mean:+.1f} ({low:+.1f} to {high:+.1f})")
    axes.axvline(0, color=INK, linewidth=0.8)
    seeds = pairs.seeds.astype(int)
    names = [f"{name}, {seeds[name]} seeds: {_SHOWN[task]}" for name, task in cases]
    axes.set_yticks(range(len(cases)), names, fontsize=LETTERS, color=INK)
    axes.set_ylim(len(cases) - 0.4, -0.8)
    return show_figure(
        figure,
        f"Differences with intervals about zero, in points: {'; '.join(told)}. Grey "
        f"bands mark what is too small to matter.",
    )


def _draw_difference(
    axes: Axes, row: int, task: str, found: tuple[float, float, float]
) -> None:
    """Draw mean and interval over the margin of the task."""
    style, margin = look(task), 100 * MARGINS[_SCORES[task]]
    mean, low, high = found
    axes.barh(row, 2 * margin, left=-margin, height=0.9, color="#DDDDDD")
    axes.plot([low, high], [row, row], color=style.colour, linewidth=1.8)
    axes.plot(mean, row, style.marker, color=style.colour, markersize=7)
    axes.annotate(
        f"{mean:+.1f}",
        (mean, row),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=LETTERS - 1,
        color=INK,
    )


def layer_table() -> pd.DataFrame:
    """Return scores in per cent of heads on each hidden state, mean ± deviation."""
    runs = study_table(studies_folder() / "backbone_frozen").query("arm == 'layer'")
    runs = runs.assign(layer=[layers[0] for layers in runs.layers])
    columns = {
        f"{CORPUS_NAMES[corpus]}, {_SHOWN[task]}": runs[runs.corpus == corpus]
        .groupby("layer")[score]
        .agg(mean_and_deviation)
        for corpus in LESSON_05
        for task, score in _SCORES.items()
    }
    return pd.DataFrame(columns)
