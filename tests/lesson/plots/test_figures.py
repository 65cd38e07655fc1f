"""Figures: alt text on each, a second cue beside colour, values written down."""

from html.parser import HTMLParser

import pandas as pd
import pytest

import mtlhelpers as mtl
from mtlhelpers.lesson.plots.figures import LOOKS, PLAIN, look
from mtlhelpers.model.scenarios import WHOLE_PARTS


class Images(HTMLParser):
    """The attributes of every image on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict] = []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append(dict(attributes))


def test_a_picture_carries_its_alt_text_wherever_it_is_shown():
    figure, axes = mtl.new_figure("Scores")
    mtl.draw_bars(axes, {"none_frozen": 0.9, "all_frozen": 0.1})
    alt = 'Two bars: "none" at 0.9 & all at < 0.2'
    picture = mtl.show_figure(figure, alt)
    page = Images()
    page.feed(picture._repr_html_())
    assert [image["alt"] for image in page.found] == [alt]
    assert page.found[0]["src"].startswith("data:image/png;base64,")
    assert alt in repr(picture)
    assert picture.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("alt", ["", "   ", "a figure"])
def test_alt_text_has_to_say_something(alt):
    figure, _ = mtl.new_figure("Scores")
    with pytest.raises(ValueError, match="say what the figure shows"):
        mtl.show_figure(figure, alt)


def test_the_same_figure_is_the_same_file():
    def draw():
        figure, axes = mtl.new_figure("Scores", across="score")
        mtl.draw_bars(axes, {"none_frozen": 3.0, "all_frozen": 0.0}, log=True)
        return mtl.show_figure(figure, "Two bars, of three and of zero").png

    assert draw() == draw()


def test_every_bar_has_its_value_beside_it_also_where_it_is_zero():
    _, axes = mtl.new_figure("Counts")
    mtl.draw_bars(axes, {"none_frozen": 22_573_076, "all_frozen": 0}, log=True)
    assert {text.get_text() for text in axes.texts} == {"22,573,076", "0"}
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["none_frozen", "all_frozen"]


def test_an_interval_is_drawn_where_it_is_given():
    _, axes = mtl.new_figure("Scores")
    mtl.draw_bars(axes, {"ner": 0.5}, form="{:.2f}", intervals={"ner": (0.4, 0.6)})
    assert [list(line.get_xdata()) for line in axes.lines] == [[0.4, 0.6]]


def test_a_line_is_named_at_its_end():
    _, axes = mtl.new_figure("Loss", across="step", up="loss (nats)")
    mtl.draw_line(axes, "ner", [1, 2], [3.0, 2.0], low=[2.5, 1.5], high=[3.5, 2.5])
    assert axes.texts[0].get_text() == "ner" and axes.texts[0].xy == (2, 2.0)
    assert len(axes.collections) == 1  # the interval


@pytest.mark.parametrize("draw", ["line", "family"])
def test_the_ticks_of_a_logarithmic_axis_are_left_as_they_are(draw):
    _, axes = mtl.new_figure("Scores", across="training sentences")
    axes.set_xscale("log")
    axes.set_xticks([10, 100, 1000])
    if draw == "line":
        mtl.draw_line(axes, "ner", [10, 100, 1000], [0.1, 0.2, 0.3])
    else:
        rows = {"arm": "ner", "train_size": [10, 100, 1000], "f1": [0.1, 0.2, 0.3]}
        mtl.draw_family(axes, pd.DataFrame(rows), x="train_size", y="f1")
    assert axes.get_xticks().tolist() == [10, 100, 1000]


def test_a_value_below_zero_stands_left_of_its_bar_and_interval():
    _, axes = mtl.new_figure("difference", across="points")
    ends = {"ner": (-3.0, -1.0), "sentence": (1.0, 3.0)}
    mtl.draw_bars(axes, {"ner": -2.0, "sentence": 2.0}, intervals=ends)
    below, above = axes.texts
    assert (below.xy[0], below.get_ha()) == (-3.0, "right")
    assert (above.xy[0], above.get_ha()) == (3.0, "left")


def test_alt_text_of_bars_tells_their_intervals():
    ends = {"ner": (0.4, 0.6)}
    values = {"ner": 0.5, "sentence": 0.9}
    bars = mtl.show_bars("F1", values, across="F1", form="{:.1f}", intervals=ends)
    assert bars.alt.endswith("ner 0.5 (0.4 to 0.6), sentence 0.9.")


def test_whole_figures_write_their_own_alt_text():
    bars = mtl.show_bars("Work", {"none_frozen": 3.0, "all_frozen": 1.0}, across="ms")
    assert bars.alt == "Bar chart. Work. Values in ms: none_frozen 3, all_frozen 1."
    lines = mtl.show_lines(
        "Both fall", [1, 2], {"ner": [2.0, 1.0]}, across="step", up="loss"
    )
    assert lines.alt == (
        "Line chart. Both fall. loss over step 1 to 2: ner from 2 to 1."
    )


def test_large_numbers_on_an_axis_are_written_out():
    figure, axes = mtl.new_figure("Counts")
    mtl.draw_bars(axes, {"none_frozen": 22_573_076})
    figure.draw_without_rendering()
    assert "10,000,000" in [label.get_text() for label in axes.get_xticklabels()]


def test_scenarios_differ_in_colour_and_in_a_second_cue():
    looks = [look(name) for name in WHOLE_PARTS]
    for cue in ("colour", "marker", "line", "hatch"):
        assert len({getattr(one, cue) for one in looks}) == len(looks), cue


def test_any_name_can_be_drawn():
    assert look("something else") is PLAIN
    assert set(WHOLE_PARTS) <= set(LOOKS)
