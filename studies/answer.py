"""The figure of the short answer in the README: what freezing the backbone costs.

    python -m studies.answer

It writes site/answer.svg from the recorded runs that decide claims 4.2 and 4.3: scores
of a frozen backbone with linear heads minus those of training everything, on the three
published corpora, at 300 sentences and at all there are.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtlhelpers.lesson.plots.figures import INK
from mtlhelpers.study.protocol import (
    BACKBONE,
    MARGINS,
    PUBLISHED,
    SCORE_OF,
    TASKS,
    Task,
)
from mtlhelpers.study.verdicts.judge import judge_claims

STUDIES = Path(__file__).parent
FILE = STUDIES.parent / "site" / "answer.svg"
CORPORA = {"snips+2000": "SNIPS", "hwu64": "HWU64", PUBLISHED[2]: "CLINC150, WNUT17"}
TITLES: dict[Task, str] = {"sentence": "labels (accuracy)", "ner": "names (F1)"}
LOOKS = ({"color": "#D55E00", "marker": "s"}, {"color": "#0072B2", "marker": "o"})


class Bar(NamedTuple):
    """A difference in points, frozen minus everything, with its interval."""

    corpus: str
    task: Task
    size: int
    difference: float
    low: float
    high: float


def bars() -> Iterator[Bar]:
    """Read them from the decisions on the two claims, the smaller size first."""
    for judged in judge_claims(STUDIES, "4.2", "4.3"):
        for one in judged.decisions:
            if one.corpus in CORPORA and one.backbone == BACKBONE and one.interval:
                ends = [100 * end for end in (one.difference or 0.0, *one.interval)]
                (task,) = (task for task in TASKS if task == one.task)
                yield Bar(one.corpus, task, one.size or 0, *ends)


def alt_text(shown: Iterable[Bar]) -> str:
    """Say what the figure shows, number by number."""
    parts = []
    for task, title in TITLES.items():
        own = [
            f"{CORPORA[one.corpus]} at {one.size:,} sentences {one.difference:+.1f} "
            f"({one.low:+.1f} to {one.high:+.1f})"
            for one in shown
            if one.task == task
        ]
        parts.append(f"{title}: {'; '.join(own)}")
    return (
        "Points that a frozen backbone with linear heads gains or loses against "
        f"training everything, MiniLM-L6. {'. '.join(parts)}."
    )


def draw(shown: list[Bar]) -> Figure:
    """Draw a panel per task: a row per corpus, a mark per size, zero and the margin."""
    figure = Figure(figsize=(8.2, 2.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, task in zip(panels, TITLES):
        _panel(axes, task, [one for one in shown if one.task == task])
    panels[0].set_yticks(range(len(CORPORA)), list(CORPORA.values()))
    panels[0].invert_yaxis()
    return figure


def _panel(axes: Axes, task: Task, shown: list[Bar]) -> None:
    margin = 100 * MARGINS[SCORE_OF[task]]
    axes.axvspan(-margin, margin, color="#DDDDDD", zorder=0)
    axes.axvline(0, color=INK, linewidth=1)
    smallest = min(one.size for one in shown)
    for one in shown:
        large = one.size != smallest
        at = list(CORPORA).index(one.corpus) + (0.18 if large else -0.18)
        reach = [[one.difference - one.low], [one.high - one.difference]]
        axes.errorbar(
            one.difference, at, xerr=reach, capsize=3, markersize=5, **LOOKS[large]
        )
        colour = LOOKS[large]["color"]
        spot = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(f"{one.size:,}", (one.high, at), **spot, color=colour, size=8)
    axes.set_title(TITLES[task], fontsize=10)
    axes.set_xlabel("← training everything is better   points   freezing is better →")
    axes.xaxis.label.set_size(8)
    axes.set_xlim(min(one.low for one in shown) * 1.08, max(4.0, margin * 2.2))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False, labelsize=9)


def main() -> None:
    """Write the figure; the same records give the same bytes."""
    shown = list(bars())
    FILE.parent.mkdir(exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "answer", "svg.fonttype": "path"}):
        about = {"Date": None, "Description": alt_text(shown)}
        draw(shown).savefig(FILE, metadata=about)
    print(f"wrote {FILE}")


if __name__ == "__main__":
    main()
