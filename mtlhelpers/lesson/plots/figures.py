"""Every figure goes through here: one size, one look per name, alt text on each.

Lesson: 00_start_here. Colours are those of Okabe and Ito (2008), which survive colour
blindness; a marker, a line style or a hatch says the same a second time, and what is
drawn is labelled where it stands. No pyplot: a figure belongs to the cell that made it.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mtlhelpers.errors import InputError

INCHES = 7.2  # across
DPI = 110
INK = "#222222"
LETTERS = 10  # points

LineStyle = str | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class Look:
    """How one name is drawn, everywhere in the series."""

    colour: str
    marker: str
    line: LineStyle
    hatch: str


PLAIN = Look("#0072B2", "o", "-", "")
LOOKS = {
    "none_frozen": Look("#0072B2", "o", "-", ""),
    "all_frozen": Look("#7F7F7F", "x", ":", "xx"),
    "backbone_frozen": Look("#D55E00", "s", "--", "//"),
    "sentence_head_frozen": Look("#009E73", "^", "-.", "\\\\"),
    "sentence_head_and_backbone_frozen": Look("#CC79A7", "v", (0, (5, 1)), "||"),
    "ner_head_frozen": Look("#56B4E9", "D", (0, (3, 1, 1, 1)), ".."),
    "ner_head_and_backbone_frozen": Look("#E69F00", "P", (0, (1, 1)), "--"),
    "backbone": Look("#0072B2", "o", "-", ""),
    "sentence": Look("#009E73", "^", "-", "\\\\"),
    "ner": Look("#D55E00", "s", "--", "//"),
}


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its alt text, ready for a notebook."""

    png: bytes
    alt: str

    def __repr__(self) -> str:
        return f"[figure] {self.alt}"

    def _repr_html_(self) -> str:
        # An <img> of our own: JupyterLab drops the alt text of a plain PNG output.
        data = base64.b64encode(self.png).decode("ascii")
        return f'<img alt="{escape(self.alt)}" src="data:image/png;base64,{data}">'


def look(name: str) -> Look:
    """The look of a scenario, task or part; a plain one for any other name."""
    return LOOKS.get(name, PLAIN)


def show_bars(
    title: str,
    values: Mapping[str, float],
    *,
    across: str,
    form: str = "{:,.0f}",
    log: bool = False,
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> Picture:
    """A whole figure of bars, by `draw_bars`; its alt text lists what is drawn."""
    figure, axes = new_figure(title, across=across, height=1.1 + 0.3 * len(values))
    draw_bars(axes, values, form=form, log=log, intervals=intervals)
    listed = ", ".join(
        f"{name} {form.format(value)}" + _ends(form, (intervals or {}).get(name))
        for name, value in values.items()
    )
    return show_figure(figure, f"Bar chart. {title}. Values in {across}: {listed}.")


def _ends(form: str, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return ""
    low, high = map(form.format, interval)
    return f" ({low} to {high})"


def show_lines(
    title: str,
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    across: str,
    up: str,
) -> Picture:
    """A whole figure of named lines over one `x`; its alt text gives their ends."""
    figure, axes = new_figure(title, across=across, up=up)
    for name, y in lines.items():
        draw_line(axes, name, x, y)
    ends = "; ".join(
        f"{name} from {y[0]:.3g} to {y[-1]:.3g}" for name, y in lines.items()
    )
    span = f"{across} {x[0]:.3g} to {x[-1]:.3g}"
    return show_figure(figure, f"Line chart. {title}. {up} over {span}: {ends}.")


def new_figure(
    title: str, *, across: str = "", up: str = "", height: float = 3.2
) -> tuple[Figure, Axes]:
    """An empty figure of the series' size, with its title and axis labels.

    Titles and labels name the unit. `height` is in inches.
    """
    figure = Figure(figsize=(INCHES, height), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=LETTERS, color=INK)
    axes.set_xlabel(across, fontsize=LETTERS, color=INK)
    axes.set_ylabel(up, fontsize=LETTERS, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, colors=INK)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter("{x:,.10g}")  # 2,000,000 and not 0.2 with 1e7 below
    return figure, axes


def draw_bars(
    axes: Axes,
    values: Mapping[str, float],
    *,
    form: str = "{:,.0f}",
    log: bool = False,
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> None:
    """Draw one horizontal bar per name, first on top, each with its value at its end.

    `form` formats the value; `intervals` gives (low, high) by name. On a logarithmic
    axis, which `log` sets, zero has no bar but still its label.
    """
    for row, (name, value) in enumerate(values.items()):
        style = look(name)
        low, high = (intervals or {}).get(name, (value, value))
        axes.barh(row, value, color=style.colour, hatch=style.hatch, edgecolor="white")
        if intervals:
            axes.plot([low, high], [row, row], color=INK, linewidth=1.5)
        no_bar, to_left = log and value <= 0, value < 0
        end = min(low, value) if to_left else max(high, value)
        axes.annotate(
            form.format(value),
            (0 if no_bar else end, row),
            xycoords=axes.get_yaxis_transform() if no_bar else axes.transData,
            xytext=(-5 if to_left else 5, 0),
            textcoords="offset points",
            ha="right" if to_left else "left",
            va="center",
            fontsize=LETTERS,
            color=INK,
        )
    axes.set_yticks(range(len(values)), list(values), fontsize=LETTERS, color=INK)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    if log:
        axes.set_xscale("log")


def draw_line(
    axes: Axes,
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
) -> None:
    """Draw a line with its name at its end, in its interval where that is given.

    For a logarithmic axis set the scale before.
    """
    style = look(name)
    every = max(1, len(x) // 12)
    whole = all(float(value).is_integer() for value in x)
    if whole and axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.plot(
        x,
        y,
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markevery=every,
        markersize=5,
    )
    if low is not None and high is not None:
        axes.fill_between(x, low, high, color=style.colour, alpha=0.18, linewidth=0)
    axes.annotate(
        name,
        (x[-1], y[-1]),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=LETTERS,
        color=INK,
    )


def settle(axes: Axes) -> Figure:
    """Lay a figure out, so that places in pixels hold, and return it."""
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    return figure


def show_figure(figure: Figure, alt: str) -> Picture:
    """Finish a figure; the last line of its cell. `alt` says what a reader would see.

    Raises `ValueError` where the alt text is too short to say anything.
    """
    if len(alt.split()) < 5:
        raise InputError(f"alt text {alt!r}: say what the figure shows, in a sentence")
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None, "Description": alt})
    return Picture(file.getvalue(), alt)
