"""The short answer as a figure: what freezing the backbone costs, from the records.

Lesson: 00_start_here; the README shows it too. Scores of a frozen backbone with linear
heads minus those of training everything, on three published corpora.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtlhelpers.lesson.machine import studies_folder
from mtlhelpers.lesson.plots.figures import DPI, INK, Picture, show_figure
from mtlhelpers.study.protocol import (
    BACKBONE,
    CONFIDENCE,
    CORPUS_NAMES,
    MARGINS,
    PUBLISHED,
    SCORE_OF,
    TASKS,
    Task,
)
from mtlhelpers.study.verdicts.judge import judge_claims

_CORPORA = {corpus: CORPUS_NAMES[corpus] for corpus in PUBLISHED}
_TITLES: dict[Task, str] = {"sentence": "labels (accuracy)", "ner": "names (F1)"}
_LOOKS = (("#D55E00", "s"), ("#0072B2", "o"))  # of the smaller size, and the larger


class Bar(NamedTuple):
    """A difference in points, frozen minus everything, with its interval."""

    corpus: str
    task: Task
    size: int
    difference: float
    low: float
    high: float


def show_answer() -> Picture:
    """Draw the short answer as the records of this clone give it."""
    shown = _recorded(studies_folder())
    figure = draw(shown)
    figure.set_dpi(DPI)
    return show_figure(figure, alt_text(shown))


def lead_in_words(size: int) -> str:
    """Say by how much training everything is ahead at a size, over the corpora."""
    shown = [one for one in _recorded(studies_folder()) if one.size == size]
    parts = []
    for task, unit in (("sentence", "points of accuracy"), ("ner", "points of F1")):
        ahead = [-one.difference for one in shown if one.task == task]
        what = "labels" if task == "sentence" else "names"
        parts.append(f"{min(ahead):.1f} to {max(ahead):.1f} {unit} in {what}")
    return " and ".join(parts)


def doubts_in_words(size: int) -> str:
    """Name the leads of training everything that may be too small to matter, if any."""
    said = []
    for one in _recorded(studies_folder()):
        if one.size == size and one.high > -100 * MARGINS[SCORE_OF[one.task]]:
            what = "labels" if one.task == "sentence" else "names"
            said.append(
                f"On {_CORPORA[one.corpus]} the lead in {what} may be too small to "
                "matter."
            )
    return " ".join(said)


@cache
def _recorded(studies: Path) -> tuple[Bar, ...]:
    """The same, once for all that a notebook says of them."""
    return tuple(bars(studies))


def bars(studies: Path) -> Iterator[Bar]:
    """Read them from the decisions on the two claims, the smaller size first."""
    for judged in judge_claims(studies, "4.2", "4.3"):
        for one in judged.decisions:
            if one.corpus in _CORPORA and one.backbone == BACKBONE and one.interval:
                ends = [100 * end for end in (one.difference or 0.0, *one.interval)]
                (task,) = (task for task in TASKS if task == one.task)
                yield Bar(one.corpus, task, one.size or 0, *ends)


def alt_text(shown: Iterable[Bar]) -> str:
    """Say what the figure shows, number by number."""
    parts = []
    for task, title in _TITLES.items():
        own = [
            f"{_CORPORA[one.corpus]} at {one.size:,} sentences {one.difference:+.1f} "
            f"({one.low:+.1f} to {one.high:+.1f})"
            for one in shown
            if one.task == task
        ]
        parts.append(f"{title}: {'; '.join(own)}")
    return (
        "Points that a frozen backbone with linear heads gains or loses against "
        f"training everything, MiniLM-L6. {'. '.join(parts)}."
    )


def draw(shown: Sequence[Bar]) -> Figure:
    """Draw a panel per task: a row per corpus, a mark per size, zero and the margin."""
    figure = Figure(figsize=(8.2, 3.2), layout="constrained")
    figure.suptitle(
        f"Frozen minus everything, {100 * CONFIDENCE:g} % intervals", size=10
    )
    panels = figure.subplots(1, 2, sharey=True)
    for axes, task in zip(panels, _TITLES):
        _panel(axes, task, [one for one in shown if one.task == task])
    panels[0].set_yticks(range(len(_CORPORA)), list(_CORPORA.values()))
    panels[0].invert_yaxis()
    return figure


def _panel(axes: Axes, task: Task, shown: list[Bar]) -> None:
    margin = 100 * MARGINS[SCORE_OF[task]]
    axes.axvspan(-margin, margin, color="#DDDDDD", zorder=0)
    axes.axvline(0, color=INK, linewidth=1)
    smallest = min(one.size for one in shown)
    for one in shown:
        large = one.size != smallest
        at = list(_CORPORA).index(one.corpus) + (0.18 if large else -0.18)
        reach = [[one.difference - one.low], [one.high - one.difference]]
        colour, marker = _LOOKS[large]
        axes.errorbar(one.difference, at, xerr=reach, capsize=3, markersize=5,
                      color=colour, marker=marker)  # fmt: skip
        axes.annotate(f"{one.size:,}", (one.low, at), (-6, 0), va="center", ha="right",
                      size=8, textcoords="offset points", color=colour)  # fmt: skip
    axes.set_title(_TITLES[task], fontsize=10)
    axes.set_xlabel("points", size=8)
    for text, end, side in (("everything", 0, "left"), ("freezing", 1, "right")):
        said = f"← {text} is better" if not end else f"{text} is better →"
        axes.text(end, -0.17, said, ha=side, size=8, transform=axes.transAxes)
    axes.set_xlim(min(one.low for one in shown) * 1.3, max(4.0, margin * 2.2))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False, labelsize=9)
