"""A family of lines: a look for each, and names at their ends that stay apart."""

from itertools import combinations

import pandas as pd
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import mtlhelpers as mtl
from mtlhelpers.lesson.plots.figures import LOOKS


def family(ends, **extra) -> pd.DataFrame:
    """Lines from 0 to each of the ends, named by their number."""
    rows = [
        {"arm": f"line {number}", "epoch": epoch, "score": epoch * end}
        for number, end in enumerate(ends)
        for epoch in (0, 1)
    ]
    return pd.DataFrame(rows).assign(**extra)


def draw(table: pd.DataFrame):
    figure, axes = mtl.new_figure("Scores", across="epoch", up="score")
    mtl.draw_family(axes, table, x="epoch", y="score")
    figure.draw_without_rendering()
    return axes


@pytest.mark.parametrize("ends", [(1.0, 1.0, 1.0, 1.0), (1.0, 1.01, 0.0), (3.0, 1.0)])
def test_every_line_is_named_and_no_name_covers_another(ends):
    axes = draw(family(ends))
    boxes = {text.get_text(): Text.get_window_extent(text) for text in axes.texts}
    assert list(boxes) == [f"line {number}" for number in range(len(ends))]
    for pair in combinations(boxes.values(), 2):
        shared = Bbox.intersection(*pair)
        assert shared is None or shared.height < 1


def test_a_name_with_room_stands_at_the_end_of_its_line():
    axes = draw(family((3.0, 1.0)))
    assert [text.get_position() for text in axes.texts] == [(1, 3.0), (1, 1.0)]
    assert [text.xy for text in axes.texts] == [(1, 3.0), (1, 1.0)]
    assert not any(text.arrow_patch.get_visible() for text in axes.texts)


def test_a_line_that_ends_early_has_its_name_in_the_column_and_a_line_to_it():
    table = family((3.0, 1.0))
    longer = pd.DataFrame([{"arm": "line 0", "epoch": 2, "score": 4.0}])
    longest, early = draw(pd.concat([table, longer]).sort_values("arm")).texts
    assert early.get_position() == (2, 1.0)
    assert early.xy == (1, 1.0)
    assert early.arrow_patch.get_visible()
    assert not longest.arrow_patch.get_visible()


def test_lines_differ_in_colour_and_in_a_second_cue():
    lines = draw(family((1.0, 2.0, 3.0, 4.0))).lines
    for cue in ("color", "marker", "linestyle"):
        assert len({getattr(line, f"get_{cue}")() for line in lines}) == 4, cue


def test_a_scenario_has_the_look_that_it_has_everywhere():
    names = ["none_frozen", "backbone_frozen"]
    rows = [{"arm": name, "epoch": at, "score": at} for name in names for at in (0, 1)]
    for name, line in zip(names, draw(pd.DataFrame(rows)).lines, strict=True):
        known = LOOKS[name]
        assert (line.get_color(), line.get_marker()) == (known.colour, known.marker)


def test_an_interval_is_drawn_where_there_is_one():
    plain = family((1.0,))
    assert not draw(plain).collections
    table = plain.assign(score_low=plain.score - 1, score_high=plain.score + 1)
    heights = draw(table).collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (-1.0, 2.0)


def test_no_lines_make_an_empty_figure():
    assert not draw(family(()).reindex(columns=["arm", "epoch", "score"])).texts
