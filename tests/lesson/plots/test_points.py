"""Points with intervals in both directions: all named, no name over another."""

from itertools import combinations
from random import Random

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.transforms import Bbox

import mtlhelpers as mtl

COLUMNS = ("lost", "gained")


def points(count: int, spread: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """So many named points near one another, each with intervals of width 2."""
    draw = Random(seed)
    return pd.DataFrame(
        {
            "arm": [f"way {number}" for number in range(count)],
            **{
                column + end: [value + shift for value in values]
                for column in COLUMNS
                for values in [[draw.gauss(0, spread) for _ in range(count)]]
                for end, shift in (("", 0.0), ("_low", -1.0), ("_high", 1.0))
            },
        }
    )


def draw(table: pd.DataFrame, **named):
    figure, axes = mtl.new_figure("Trade-off", across="lost", up="gained", height=4)
    mtl.draw_points(axes, table, x="lost", y="gained", **named)
    figure.draw_without_rendering()
    return axes


def named(axes) -> dict[str, Bbox]:
    texts = [text for text in axes.texts if text.get_text()]
    return {text.get_text(): text.get_window_extent() for text in texts}


def overlap(one: Bbox, other: Bbox) -> bool:
    common = Bbox.intersection(one, other)
    return common is not None and common.width > 1 and common.height > 1


@pytest.mark.parametrize("seed", range(3))
def test_names_cover_neither_one_another_nor_a_marker(seed):
    table = points(13, seed=seed)
    axes = draw(table)
    found = named(axes)
    assert set(found) == set(table.arm)
    assert not [pair for pair in combinations(found.values(), 2) if overlap(*pair)]
    for x, y in axes.transData.transform(table[["lost", "gained"]]):
        marker = Bbox.from_bounds(x - 3, y - 3, 6, 6)
        assert not [name for name, box in found.items() if overlap(box, marker)]
    inside = axes.bbox.padded(1)
    assert all(inside.contains(*c) for box in found.values() for c in box.corners())


def test_a_name_that_had_to_move_away_is_tied_to_its_point():
    lonely, crowded = draw(points(1)), draw(points(13, spread=0.1))
    assert not [text for text in lonely.texts if not text.get_text()]
    assert [text for text in crowded.texts if not text.get_text()]


def test_intervals_are_drawn_both_ways_where_there_are_any():
    def bars(axes):
        ends = [bar.get_segments()[0].round(6).tolist() for bar in axes.collections]
        return [sorted(segment) for segment in ends]

    table = points(1).round(3)
    x, y = table.lost[0], table.gained[0]
    across = [[round(x - 1, 6), y], [round(x + 1, 6), y]]
    up = [[x, round(y - 1, 6)], [x, round(y + 1, 6)]]
    assert bars(draw(table)) == [across, up]
    one_seed = table.assign(lost_low=float("nan"), lost_high=float("nan"))
    assert bars(draw(one_seed)) == [up]
    assert not bars(draw(table[["arm", *COLUMNS]]))


def test_joined_points_share_a_look_and_a_line_in_the_order_of_the_table():
    table = points(5)
    axes = draw(table, joined=["way 3", "way 1"])
    line, *markers = axes.lines
    assert list(line.get_xdata()) == [table.lost[1], table.lost[3]]
    looks = [(to_hex(m.get_color()), m.get_marker()) for m in markers]
    assert looks[1] == looks[3] and len(set(looks)) == 4


def test_points_differ_in_colour_and_marker_together():
    markers = draw(points(13, spread=9.0)).lines[1:]
    assert len({(m.get_color(), m.get_marker()) for m in markers}) == 13


def test_no_points_make_an_empty_figure():
    assert not named(draw(points(0)))
