"""Several lines over one axis, each in its interval, with their names kept apart.

Lesson: 05_one_head_frozen. One way of training at several settings is a family of
lines that mostly have no look of their own, and that often end close together.
"""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator

from mtlhelpers.lesson.figures import FONT, LOOKS
from mtlhelpers.lesson.tradeoff import numbered_look

STYLES = ("-", "--", "-.", ":")
GAP = 13  # points between two names


def draw_family(
    axes: Axes, table: pd.DataFrame, *, x: str, y: str, name: str = "arm"
) -> None:
    """Draw one line a name, from the rows that carry it, with the name at its end.

    Args:
        axes: of `new_figure`; set its limits first, names are placed by them.
        table: as `summarise` gives it. The interval of `y` stands in the columns with
            `_low` and `_high` behind; where it is absent or `nan`, there is none.
        x: the column that runs across, in rising order within a name.
        y: the column that runs up.
        name: the column with the names. One of `LOOKS` has the look that it has in
            every figure; of the others the first has the first look, and so on.
    """
    labels = []
    for number, (called, rows) in enumerate(table.groupby(name, sort=False)):
        labels.append(_draw_one(axes, str(called), rows, x, y, number))
    if (table[x] % 1 == 0).all() and axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.figure.draw_without_rendering()  # settles the layout, and so the pixels
    _spread(axes, labels)


def _draw_one(
    axes: Axes, called: str, rows: pd.DataFrame, x: str, y: str, number: int
) -> Annotation:
    """A line and its interval; return its name, at its end."""
    colour, marker = numbered_look(number)
    style = STYLES[number % len(STYLES)]
    if own := LOOKS.get(called):
        colour, marker, style = own.colour, own.marker, own.line
    axes.plot(
        rows[x], rows[y], color=colour, linestyle=style, marker=marker, markersize=5
    )
    if {f"{y}_low", f"{y}_high"} <= set(rows):
        low, high = rows[f"{y}_low"], rows[f"{y}_high"]
        axes.fill_between(rows[x], low, high, color=colour, alpha=0.15, linewidth=0)
    end = (rows[x].iloc[-1], rows[y].iloc[-1])
    return axes.annotate(
        called, end, xytext=(7, 0), textcoords="offset points", va="center", **FONT
    )


def _spread(axes: Axes, labels: Sequence[Annotation]) -> None:
    """Move names up where they would cover the one below."""
    points = 72 / axes.figure.dpi
    lowest = float("-inf")
    for label in sorted(labels, key=lambda label: label.xy[1]):
        own = axes.transData.transform(label.xy)[1] * points
        lowest = max(own, lowest + GAP)
        label.set_position((7, lowest - own))
