"""What lesson 04 reports of records: pairs of learning rates, scores by layer.

Lesson: 04_backbone_frozen.
"""

import numpy as np
import pandas as pd

from mtlhelpers.lesson.machine import studies_folder
from mtlhelpers.lesson.plots.figures import (
    INK,
    LETTERS,
    Picture,
    look,
    new_figure,
    show_figure,
)
from mtlhelpers.study.protocol import MARGINS
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


def learning_rate_pairs(corpus: str) -> pd.DataFrame:
    """Return heads alone minus everything, in points, one row per pair.

    Columns: `sentence` and `ner`, each with `_low` and `_high` of an interval of 95 %
    over the seeds that both sides share.
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
            for end in ("", "_low", "_high")
        }
    return pd.DataFrame(rows).T


def leader_of(pairs: pd.DataFrame, name: str, task: str) -> str:
    """Say who is ahead in a pair, where the interval leaves out zero."""
    low, high = pairs.loc[name, [f"{task}_low", f"{task}_high"]]
    return "heads alone" if low > 0 else "everything" if high < 0 else "neither"


def show_pairs(pairs: pd.DataFrame) -> Picture:
    """Draw the differences with intervals about zero, the margins as grey bands."""
    figure, axes = new_figure(
        f"Heads alone minus training everything, {_SIZE} sentences",
        across="points: everything is better to the left, heads alone to the right",
        height=3.4,
    )
    rows, told = [], []
    for name, own in pairs.iterrows():
        for task, score in _SCORES.items():
            row, style, margin = len(rows), look(task), 100 * MARGINS[score]
            axes.barh(row, 2 * margin, left=-margin, height=0.9, color="#DDDDDD")
            axes.plot(*_ends(own, task, row), color=style.colour, linewidth=1.8)
            axes.plot(own[task], row, style.marker, color=style.colour, markersize=7)
            axes.annotate(
                f"{own[task]:+.1f}",
                (own[task], row),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=LETTERS - 1,
                color=INK,
            )
            rows.append(f"{name}: {_SHOWN[task]}")
            ends = own[f"{task}_low"], own[f"{task}_high"]
            told.append(
                f"{rows[-1]} {own[task]:+.1f} ({ends[0]:+.1f} to {ends[1]:+.1f})"
            )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), rows, fontsize=LETTERS, color=INK)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    return show_figure(
        figure,
        f"Differences with intervals about zero, in points: {'; '.join(told)}. Grey "
        f"bands mark what is too small to matter.",
    )


def layer_table() -> pd.DataFrame:
    """Return mean scores in per cent of heads on each hidden state, both corpora."""
    runs = study_table(studies_folder() / "backbone_frozen").query("arm == 'layer'")
    runs = runs.assign(layer=[layers[0] for layers in runs.layers])
    columns = {
        f"{shown}, {_SHOWN[task]}": 100
        * runs[runs.corpus == corpus].groupby("layer")[score].mean().astype(float)
        for corpus, shown in (("newsdesk", "newsdesk"), ("snips", "SNIPS"))
        for task, score in _SCORES.items()
    }
    return pd.DataFrame(columns).round(1)


def _ends(row: pd.Series, task: str, at: int) -> tuple[list[float], list[int]]:  # type: ignore[type-arg]
    return [row[f"{task}_low"], row[f"{task}_high"]], [at, at]
