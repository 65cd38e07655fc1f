"""Points with an interval in both directions, each with its name beside it.

Lesson: 05_one_head_frozen. What one task gained and what another lost make a point, and
several ways of training make a cloud of them. A name stands where it covers no other
name and no marker, with a thin line to its point where it had to move away.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from mtlhelpers.lesson.plots.figures import INK, LETTERS, settle

COLOURS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000")
MARKERS = ("s", "^", "D", "v", "P", "X", "h", "<")  # as many as leave no pair alike
JOINED = ("#0072B2", "o")
MARKER_SIZE = 7  # points
NEAR = 8  # a name this many points from its marker needs no line to it
DISTANCES = (NEAR, 16, 26, 38, 54)
DIRECTIONS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
LEADER: dict[str, Any] = {
    "arrowstyle": "-",
    "color": INK,
    "linewidth": 0.5,
    "shrinkA": 0,
}
SIDES = {1: ("left", "bottom"), -1: ("right", "top"), 0: ("center", "center")}


class Box(NamedTuple):
    """A rectangle of the figure, in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def shared(self, other: "Box") -> float:
        """The area that two boxes have in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        up = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(across, 0.0) * max(up, 0.0)


class Spot(NamedTuple):
    """Where a name may stand: how far from its point, which way, what it then fills."""

    distance: int
    across: int
    up: int
    box: Box
    leader: list[Box]  # along the line to its point, where one is needed


def draw_points(
    axes: Axes,
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    name: str = "arm",
    joined: Sequence[str] = (),
) -> None:
    """Draw one point per row, with its intervals and its name.

    Args:
        axes: of `new_figure`.
        table: as `summarise` gives it. An interval stands in the columns of the score
            with `_low` and `_high` behind; where they are absent or `nan`, there is
            none.
        x: the column that runs across.
        y: the column that runs up.
        name: the column with the names.
        joined: names of points that share one look, with a line through them in the
            order of the table: one method at several settings.
    """
    on_line = table[table[name].isin(list(joined))]
    axes.plot(on_line[x], on_line[y], color=JOINED[0], linewidth=1.2, zorder=1)
    others = [called for called in table[name] if called not in set(joined)]
    looks = {called: numbered_look(number) for number, called in enumerate(others)}
    for row in table.to_dict("records"):
        colour, marker = looks.get(row[name], JOINED)
        _draw_point(axes, row, x, y, colour, marker)
    axes.margins(0.12)
    settle(axes)
    corners = axes.transData.transform(on_line[[x, y]].astype(float)).tolist()
    line = [box for pair in pairwise(corners) for box in _along(*pair, steps=40)]
    _name_points(axes, table, x, y, name, line)


def _draw_point(
    axes: Axes, row: dict[Any, Any], x: str, y: str, colour: str, marker: str
) -> None:
    axes.errorbar(
        row[x],
        row[y],
        xerr=_reach(row, x),
        yerr=_reach(row, y),
        color=colour,
        marker=marker,
        markersize=MARKER_SIZE,
        elinewidth=1.0,
        zorder=2,
    )


def numbered_look(number: int) -> tuple[str, str]:
    """Colour and marker of the first, second … of many; a pair comes again after 56."""
    return COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]


def _reach(row: dict[Any, Any], score: str) -> list[list[float]] | None:
    """How far the interval goes below and above the score, as `errorbar` wants it."""
    low, high = (row.get(score + end) for end in ("_low", "_high"))
    if low is None or pd.isna(low):
        return None
    return [[row[score] - low], [high - row[score]]]


def _name_points(
    axes: Axes, table: pd.DataFrame, x: str, y: str, name: str, line: list[Box]
) -> None:
    """Write the names, one after another, each where it is least in the way."""
    rows = table.to_dict("records")
    points = [axes.transData.transform((row[x], row[y])).tolist() for row in rows]
    bars = [*line, *(bar for row in rows for bar in _bars(axes, row, x, y))]
    dpi = axes.figure.dpi
    half = MARKER_SIZE * dpi / 72 / 2
    taken = [_around(point, half) for point in points]
    inside = Box(*map(float, axes.bbox.extents))
    for row, point in zip(rows, points):
        at = row[x], row[y]
        text = axes.annotate(
            row[name],
            at,
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=LETTERS,
            color=INK,
        )
        text.set_in_layout(False)
        size = text.get_window_extent()
        spot = min(
            _spots(point, size.width, size.height, dpi),
            key=lambda spot: _in_the_way(spot, inside, taken, bars),
        )
        taken.append(spot.box)
        offset = (spot.across * spot.distance, spot.up * spot.distance)
        text.set(position=offset, ha=SIDES[spot.across][0], va=SIDES[spot.up][1])
        if spot.distance > NEAR:
            leader = axes.annotate(
                "", at, xytext=offset, textcoords="offset points", arrowprops=LEADER
            )
            leader.set_in_layout(False)


def _spots(
    point: Sequence[float], width: float, height: float, dpi: float
) -> Iterator[Spot]:
    """Every place for a name of this size, in pixels, beside its point."""
    for distance, (across, up) in product(DISTANCES, DIRECTIONS):
        end = [at + way * distance * dpi / 72 for at, way in zip(point, (across, up))]
        left = end[0] - width * (1 - across) / 2
        bottom = end[1] - height * (1 - up) / 2
        box = Box(left, bottom, left + width, bottom + height)
        leader = list(_along(point, end, steps=8))[3:] if distance > NEAR else []
        yield Spot(distance, across, up, box, leader)


def _in_the_way(spot: Spot, inside: Box, taken: list[Box], bars: list[Box]) -> float:
    """What a name would cover: other names and markers weigh most, lines little."""
    filled = [spot.box, *spot.leader]
    outside = spot.box.shared(spot.box) - spot.box.shared(inside)
    covered = sum(box.shared(other) for box in filled for other in taken)
    crossed = sum(spot.box.shared(bar) for bar in bars)
    return spot.distance + 100 * (outside + covered) + crossed


def _along(start: Sequence[float], end: Sequence[float], steps: int) -> Iterator[Box]:
    """Small boxes on the way from one point to another."""
    for step in range(1, steps + 1):
        share = step / steps
        yield _around([a + share * (b - a) for a, b in zip(start, end)], 1.5)


def _around(point: Sequence[float], half: float) -> Box:
    return Box(point[0] - half, point[1] - half, point[0] + half, point[1] + half)


def _bars(axes: Axes, row: dict[Any, Any], x: str, y: str) -> Iterator[Box]:
    """The boxes of a point's intervals."""
    for score, other in ((x, y), (y, x)):
        if _reach(row, score) is None:
            continue
        ends = [row[score + "_low"], row[score + "_high"]]
        corners = [(e, row[other]) if score == x else (row[other], e) for e in ends]
        (left, bottom), (right, top) = axes.transData.transform(corners).tolist()
        yield Box(left - 1, bottom - 1, right + 1, top + 1)
