"""Several lines over one axis, each in its interval, with their names kept apart.

Lesson: 05_one_head_frozen. One way of training at several settings is a family of
lines that mostly have no look of their own, and that often end close together.
"""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import offset_copy

from mtlhelpers.lesson.plots.figures import INK, LETTERS, LOOKS, LineStyle, settle
from mtlhelpers.lesson.plots.points import LEADER, numbered_look

STYLES = ("-", "--", "-.", ":")
_RIGHT = 7  # points from the end of the longest line to its name
GAP = 13  # points between two names


def draw_family(
    axes: Axes, table: pd.DataFrame, *, x: str, y: str, name: str = "arm"
) -> None:
    """Draw one line per name, from the rows that carry it, with the name at its end.

    Names stand in one column, beside the longest line. A thin line leads to the name of
    a line that ends before, and to one that had to move far.

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
    settle(axes)
    _keep_apart(axes, labels)


def _draw_one(
    axes: Axes, called: str, rows: pd.DataFrame, x: str, y: str, number: int
) -> Annotation:
    """A line and its interval; return its name, at its end."""
    colour, marker = numbered_look(number)
    style: LineStyle = STYLES[number % len(STYLES)]
    if own := LOOKS.get(called):
        colour, marker, style = own.colour, own.marker, own.line
    axes.plot(
        rows[x], rows[y], color=colour, linestyle=style, marker=marker, markersize=5
    )
    if {f"{y}_low", f"{y}_high"} <= set(rows):
        low, high = rows[f"{y}_low"], rows[f"{y}_high"]
        axes.fill_between(rows[x], low, high, color=colour, alpha=0.15, linewidth=0)
    end = rows[x].iloc[-1], rows[y].iloc[-1]
    return _name_beside(axes, called, end, colour)


def _name_beside(
    axes: Axes, called: str, end: tuple[float, float], colour: str
) -> Annotation:
    """The name of the line that ends there, and a thin line between them."""
    figure = axes.get_figure(root=True)
    return axes.annotate(
        called,
        xy=end,
        xytext=end,
        textcoords=offset_copy(axes.transData, figure, x=_RIGHT, units="points"),
        va="center",
        # To the middle of the name's left side, in the colour of the line there.
        arrowprops=LEADER | {"relpos": (0, 0.5), "color": colour},
        fontsize=LETTERS,
        color=INK,
    )


def _keep_apart(axes: Axes, labels: Sequence[Annotation]) -> None:
    """Names in one column, each moved up where it would cover the one below."""
    gap = GAP * axes.figure.dpi / 72  # in pixels
    column = max((label.xy[0] for label in labels), default=0)
    lowest = float("-inf")
    for label in sorted(labels, key=lambda label: label.xy[1]):
        own = axes.transData.transform(label.xy)[1]
        lowest = max(own, lowest + gap)
        moved = axes.transData.inverted().transform((0, lowest))[1]
        label.set_position((column, moved if lowest > own else label.xy[1]))
        assert label.arrow_patch is not None
        label.arrow_patch.set_visible(label.xy[0] < column or lowest - own > gap)
