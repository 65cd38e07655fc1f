"""Points with an interval in both directions, each with its name beside it.

Lesson: 05_one_head_frozen. What one task gained and what another lost make a point, and
several ways of training make a cloud of them. A name stands where it covers no other
name and no marker, with a thin line to its point where it had to move away.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

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
NOTHING = np.empty((0, 4))
SIDES = {1: ("left", "bottom"), -1: ("right", "top"), 0: ("center", "center")}


Boxes = NDArray[np.float64]  # (N, 4): left, bottom, right, top, in pixels


class Spot(NamedTuple):
    """Where a name may stand: how far from its point, which way, what it then fills."""

    distance: int
    across: int
    up: int
    filled: Boxes  # of the name, and along the line to its point, where one is needed


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
    corners = axes.transData.transform(on_line[[x, y]].astype(float))
    lines = [_along(*pair, steps=40) for pair in pairwise(corners)]
    _name_points(axes, table, x, y, name, lines)


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
    axes: Axes, table: pd.DataFrame, x: str, y: str, name: str, lines: list[Boxes]
) -> None:
    """Write the names, one after another, each where it is least in the way."""
    rows = table.to_dict("records")
    points = [axes.transData.transform((row[x], row[y])) for row in rows]
    bars = np.vstack([NOTHING, *lines, *(_bars(axes, row, x, y) for row in rows)])
    dpi = axes.figure.dpi
    half = MARKER_SIZE * dpi / 72 / 2
    taken = np.vstack([NOTHING, *(_around(point, half) for point in points)])
    inside = np.array([axes.bbox.extents], dtype=float)
    for row, point in zip(rows, points):
        at, unit = (row[x], row[y]), "offset points"
        text = axes.annotate(
            row[name], at, (0, 0), textcoords=unit, fontsize=LETTERS, color=INK
        )
        text.set_in_layout(False)
        size = np.array(text.get_window_extent().size)
        spot = min(
            _spots(point, size, dpi),
            key=lambda spot: _in_the_way(spot, inside, taken, bars),
        )
        taken = np.vstack([taken, spot.filled[:1]])
        offset = (spot.across * spot.distance, spot.up * spot.distance)
        text.set(position=offset, ha=SIDES[spot.across][0], va=SIDES[spot.up][1])
        if spot.distance > NEAR:
            leader = axes.annotate("", at, offset, textcoords=unit, arrowprops=LEADER)
            leader.set_in_layout(False)


def _spots(point: Boxes, size: Boxes, dpi: float) -> Iterator[Spot]:
    """Every place for a name of this size, in pixels, beside its point."""
    for distance, way in product(DISTANCES, DIRECTIONS):
        end = point + np.multiply(way, distance * dpi / 72)
        corner = end - size * (1 - np.array(way)) / 2
        filled = np.hstack([corner, corner + size])[None]
        if distance > NEAR:
            filled = np.vstack([filled, _along(point, end, steps=8)[3:]])
        yield Spot(distance, *way, filled)


def _in_the_way(spot: Spot, inside: Boxes, taken: Boxes, bars: Boxes) -> float:
    """What a name would cover: other names and markers weigh most, lines little."""
    own = spot.filled[:1]
    outside = _shared(own, own) - _shared(own, inside)
    covered = _shared(spot.filled, taken)
    return spot.distance + 100 * (outside + covered) + _shared(own, bars)


def _shared(some: Boxes, others: Boxes) -> float:
    """The area that boxes have in common with others, pair by pair."""
    low = np.maximum(some[:, None, :2], others[:, :2])
    high = np.minimum(some[:, None, 2:], others[:, 2:])
    return float(np.maximum(high - low, 0).prod(axis=-1).sum())


def _along(start: Boxes, end: Boxes, steps: int) -> Boxes:
    """Small boxes on the way from one point to another."""
    share = np.arange(1, steps + 1)[:, None] / steps
    return _around(start + share * (end - start), 1.5)


def _around(points: Boxes, half: float) -> Boxes:
    return np.hstack([points - half, points + half])


def _bars(axes: Axes, row: dict[Any, Any], x: str, y: str) -> Boxes:
    """The boxes of a point's intervals."""
    boxes = [NOTHING]
    for score, other in ((x, y), (y, x)):
        if _reach(row, score) is not None:
            ends = [row[score + "_low"], row[score + "_high"]]
            corners = [(e, row[other]) if score == x else (row[other], e) for e in ends]
            ends_at = axes.transData.transform(corners)
            boxes.append(np.hstack([ends_at[0] - 1, ends_at[1] + 1])[None])
    return np.vstack(boxes)
