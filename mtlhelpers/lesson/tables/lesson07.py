"""What lesson 07 reports: scores by number of epochs, and differences by size.

Lesson: 07_limited_vs_sufficient_data. A difference is that of the frozen backbone minus
training everything, in points; below zero, training everything is ahead.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtlhelpers.lesson.plots.figures import (
    DPI,
    INCHES,
    INK,
    LETTERS,
    Picture,
    look,
    new_figure,
    show_figure,
)
from mtlhelpers.lesson.plots.lines import draw_family
from mtlhelpers.study.protocol import (
    CORPUS_NAMES,
    EVERYTHING,
    FROZEN,
    LESSON_05,
    MARGINS,
    Score,
    Verdict,
)
from mtlhelpers.study.records.tables import study_table
from mtlhelpers.study.verdicts.crossover import compare_arms
from mtlhelpers.study.verdicts.intervals import Difference, verdict

_CORPORA = {c: name for c, name in CORPUS_NAMES.items() if c not in LESSON_05}
_TASKS: dict[Score, str] = {"accuracy": "labels", "ner_f1": "names"}
_UNITS: dict[Score, str] = {"accuracy": "accuracy", "ner_f1": "NER F1"}
_SIDES = {
    Verdict.SUPPORTED: "frozen better",
    Verdict.CONTRADICTED: "everything better",
    Verdict.NO_DIFFERENCE: "no practical difference",
    Verdict.UNDECIDED: "undecided",
}
_FEW = "backbone_frozen, as few epochs"
_BAND, _GREY = "#DDDDDD", "#666666"
_ENDS = ["difference", "low", "high", "seed_error", "test_error"]


def size_differences(
    folder: Path, corpora: Sequence[str], beside: Path | None = None
) -> pd.DataFrame:
    """Return `compare_arms` of several corpora in points, with the corpus' name."""
    found = [
        compare_arms(folder, corpus, FROZEN, EVERYTHING, beside).assign(corpus=corpus)
        for corpus in corpora
    ]
    table = pd.concat(found, ignore_index=True)
    table[_ENDS] = 100 * table[_ENDS].astype(float)
    return table.assign(corpus=table.corpus.map(_CORPORA))


def show_turn(found: pd.DataFrame) -> Picture:
    """Draw differences in names as points with intervals, one row per case.

    `found` has `case`, `difference`, `low`, `high` and `seeds`.
    """
    rows = found.to_dict("records")
    title = "The same data, the same model: only the epochs of everything differ"
    axes = _new_axes(title, "ner_f1", height=0.9 + 0.42 * len(rows))
    for at, row in enumerate(rows):
        frozen_leads = row["difference"] > 0
        style = look(FROZEN if frozen_leads else EVERYTHING)
        axes.plot([row["low"], row["high"]], [at, at], color=style.colour, linewidth=2)
        axes.plot(row["difference"], at, marker=style.marker, color=style.colour)
        side = "frozen ahead" if frozen_leads else "everything ahead"
        axes.annotate(
            f"{abs(row['difference']):.1f}, {side}",
            (row["difference"], at),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=INK,
        )
    axes.set_yticks(range(len(rows)), [row["case"] for row in rows], color=INK)
    axes.set_ylim(len(rows) - 0.5, -0.7)
    axes.margins(x=0.15)
    axes.set_xlabel("← everything better    points of NER F1    frozen better →")
    told = "; ".join(f"{row['case']} {_said(row)}" for row in rows)
    return show_figure(
        _figure(axes), f"Points with intervals: frozen minus everything. {told}."
    )


def show_epochs(studies: Path) -> Picture:
    """Draw NER F1 over the number of epochs, both sides, one panel per corpus."""
    runs = study_table(studies / "steps")
    lines, corpora = _frozen_lines(studies, runs), list(runs.corpus.unique())
    figure = Figure(figsize=(INCHES, 3.1), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(corpora), sharey=True)
    told = []
    for axes, corpus in zip(panels, corpora):
        curve, few = _curve(runs, corpus, EVERYTHING), _curve(runs, corpus, _FEW)
        _draw_panel(axes, curve, few, lines[corpus])
        axes.set_title(_CORPORA[corpus], fontsize=LETTERS, color=INK)
        if axes is panels[-1]:  # the lines look the same in all of them
            _name_lines(axes, curve, few, lines[corpus])
        points = ", ".join(f"{y:.1f} at {x}" for x, y in curve.items())
        told.append(
            f"{_CORPORA[corpus]}: everything {points}; frozen {lines[corpus]:.1f}; "
            f"frozen with as few epochs {few.iloc[0]:.1f} at {few.index[0]}"
        )
    panels[0].set_ylabel("NER F1, % (up is better)", color=INK)
    figure.suptitle(
        f"300 sentences: who finds names better? ({seeds_of(runs)})",
        x=0.01,
        ha="left",
        fontsize=LETTERS,
        color=INK,
    )
    return show_figure(figure, f"Lines over epochs. {'. '.join(told)}.")


def epochs_to_lead(studies: Path, *, equal: bool = False) -> dict[str, int]:
    """Return the fewest recorded epochs at which everything leads in names.

    It leads heads with all the steps they want or, if `equal`, with as few epochs.
    """
    runs = study_table(studies / "steps")
    found = {}
    for corpus, line in _frozen_lines(studies, runs).items():
        curve = _curve(runs, corpus, EVERYTHING)
        ahead = curve > (_curve(runs, corpus, _FEW) if equal else line)
        found[_CORPORA[corpus]] = int(curve.index[ahead].min())
    return found


def decided_from(found: pd.DataFrame, score: Score) -> dict[str, int]:
    """Return the size from which on every size favours everything, by corpus."""
    own = found[found.score == score]
    sides = pd.Series([_side(row) for row in own.to_dict("records")], own.index)
    better = own[sides == _SIDES[Verdict.CONTRADICTED]]
    last_open = own.drop(better.index).groupby("corpus").train_size.max()
    after = better[better.train_size > better.corpus.map(last_open).fillna(0)]
    sizes = after.groupby("corpus", sort=False).train_size.min()
    return {str(corpus): int(size) for corpus, size in sizes.items()}


def seeds_of(runs: pd.DataFrame) -> str:
    """Say how many seeds the points of a table rest on, from the fewest to the most."""
    counts = runs.groupby(["corpus", "arm", "epochs"]).seed.nunique()
    few, many = counts.min(), counts.max()
    number = f"{few}" if few == many else f"{few} to {many}"
    return f"{number} seed{'s' if many > 1 else ''} per point"


def show_sizes(found: pd.DataFrame, score: Score, title: str) -> Picture:
    """Draw differences over training sizes, one line per corpus, with the margin."""
    unit = f"points of {_UNITS[score]}"
    up = f"frozen minus everything,\n{unit}"
    figure, axes = new_figure(title, across="training sentences", up=up)
    margin = 100 * MARGINS[score]
    axes.axhspan(-margin, margin, color=_BAND, zorder=0)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xscale("log")
    own = found[found.score == score]
    named = own.rename(columns={"low": "difference_low", "high": "difference_high"})
    draw_family(axes, named, x="train_size", y="difference", name="corpus")
    axes.set_xticks([10, 100, 1000, 10000], ["10", "100", "1,000", "10,000"])
    axes.minorticks_off()
    _name_band(axes, margin)
    at = [f"{r.difference:+.1f} at {r.train_size:,}" for r in own.itertuples()]
    lines = own.assign(at=at).groupby("corpus", sort=False)["at"].agg(", ".join)
    told = "; ".join(f"{corpus} {line}" for corpus, line in lines.items())
    alt = f"Lines. {title}. Frozen minus everything, {unit}: {told}."
    return show_figure(figure, alt)


def fit_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return NER F1 in per cent on training and test sentences, one row per corpus.

    `runs` is a `study_table` at one size.
    """
    own = runs[runs.corpus.isin(_CORPORA)].groupby(["corpus", "arm"])
    means = 100 * own[["ner_f1_train", "ner_f1"]].mean().astype(float).unstack()
    shown = {
        f"{side}, {split}": means[column, arm].round(1)
        for arm, side in ((FROZEN, "frozen"), (EVERYTHING, "everything"))
        for column, split in (("ner_f1_train", "training"), ("ner_f1", "test"))
    }
    return pd.DataFrame(shown).rename(index=_CORPORA)


def sides_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return how many sizes below 10,000 favour which side, per corpus and task."""
    below = found[found.train_size < 10_000]
    sides = [_side(row) for row in below.to_dict("records")]
    tasks = below.score.map(_TASKS).rename("task")
    table = pd.crosstab([below.corpus, tasks], pd.Series(sides, below.index))
    whole = table.reindex(columns=list(_SIDES.values()), fill_value=0)
    return whole.rename_axis(columns=None)


def _side(row: dict[Any, Any]) -> str:
    """Which side is better, from a row of `size_differences`."""
    one = Difference(**{name: row[name] for name in (*_ENDS, "seeds")})
    return _SIDES[verdict(one, 100 * MARGINS[row["score"]], "higher")]


def _name_band(axes: Axes, margin: float) -> None:
    """Words on either side of zero, and a mark where the rule has its border."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, max(high, 3 * margin))
    axes.axvline(10_000, color=INK, linewidth=0.8, linestyle=":")
    words: dict[str, Any] = {"color": INK, "fontsize": 9}
    beside, above = axes.get_yaxis_transform(), axes.get_xaxis_transform()
    axes.text(0.01, 1.2 * margin, "freezing is better ↑", transform=beside, **words)
    down = "training everything is better ↓"
    axes.text(0.01, 0.02, down, transform=axes.transAxes, **words)
    axes.text(9e3, 0.93, "the rule's border", transform=above, ha="right", **words)


def _frozen_lines(studies: Path, runs: pd.DataFrame) -> dict[str, float]:
    """NER F1 in per cent of heads with all their steps, of the seeds of `runs`."""
    every = pd.concat([study_table(studies / "transfer"), runs])
    every = every[(every.arm == FROZEN) & (every.train_size == 300)]
    lines = {}
    for corpus, own in runs[runs.arm == EVERYTHING].groupby("corpus", sort=False):
        rows = every[(every.corpus == corpus) & every.seed.isin(own.seed)]
        if len(rows):
            lines[str(corpus)] = 100 * float(rows.ner_f1.mean())
    return lines


def _curve(runs: pd.DataFrame, corpus: str, arm: str) -> "pd.Series[float]":
    """Mean NER F1 of an arm in per cent, by number of epochs."""
    own = runs[(runs.corpus == corpus) & (runs.arm == arm)]
    return 100 * own.groupby("epochs").ner_f1.mean().astype(float)


def _draw_panel(
    axes: Axes, curve: "pd.Series[float]", few: "pd.Series[float]", line: float
) -> None:
    """Both sides over epochs: everything, the heads as they like, as few epochs."""
    free, frozen = look(EVERYTHING), look(FROZEN)
    axes.plot(curve.index, curve, color=free.colour, marker=free.marker, markersize=4)
    axes.plot(few.index, few, color=_GREY, linestyle=":", marker="x", markersize=4)
    axes.axhline(line, color=frozen.colour, linestyle=frozen.line)
    axes.set_xscale("log")
    axes.set_xticks(list(curve.index), [str(at) for at in curve.index])
    axes.margins(y=0.12)
    axes.minorticks_off()
    axes.set_xlabel("epochs", fontsize=LETTERS, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, colors=INK)


def _name_lines(
    axes: Axes, curve: "pd.Series[float]", few: "pd.Series[float]", line: float
) -> None:
    """Words beside the lines of a panel, where nothing else is."""
    free, frozen = look(EVERYTHING), look(FROZEN)
    for words, y, shift, colour in (
        ("frozen", line, 4, frozen.colour),
        ("everything", curve.iloc[-3:].max(), 5, free.colour),
        ("frozen, as few epochs", few.iloc[-1], -26, _GREY),
    ):
        axes.annotate(
            words,
            (few.index[-1], y),
            (0, shift),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            color=colour,
        )


def _new_axes(title: str, score: Score, height: float) -> Axes:
    """Axes for differences of a score across, with its margin and a zero line."""
    _, axes = new_figure(title, height=height)
    margin = 100 * MARGINS[score]
    axes.axvspan(-margin, margin, color=_BAND, zorder=0)
    axes.axvline(0, color=INK, linewidth=0.8)
    return axes


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def _said(row: dict[Any, Any]) -> str:
    return f"{row['difference']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f})"
