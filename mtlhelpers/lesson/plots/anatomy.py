"""The model as a drawing: what trains is coloured, what is frozen is grey and locked.

Lesson: 00_start_here. One function for lessons, README and site. Layers are numbered
from 1 at the bottom, though the parts of a scenario count them from 0.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc, FancyBboxPatch, Rectangle

from mtlhelpers.lesson.plots.figures import DPI, INK, Picture, show_figure
from mtlhelpers.model.scenarios import HEADS, Scenario, find_scenario, layer_number

_LEVEL = 0.6  # a box's height; all lengths are in units of 0.42 inches
_STEP = 0.76
_INCH = 0.42
_TRAINS, _FROZEN, _BESIDE = "#0072B2", "#E4E4E4", "#E69F00"
_SENTENCE = ("Ada", "opened", "a", "bank", "in", "Rome")
_ANSWERS = {"sentence": "business", "ner": "person  ·  ·  ·  ·  place"}
_HEAD_NAMES = {"sentence": "sentence head", "ner": "NER head"}
_BESIDES = {"lora": "LoRA", "biases": "biases", "norms": "layer norms"}

_What = str | Scenario | Iterable[str]


class _Shown(NamedTuple):
    """What trains, of the stack from the bottom and of the heads."""

    stack: tuple[bool, ...]  # embeddings, layers 1 to N
    heads: dict[str, bool]
    losses: tuple[str, ...]
    beside: str  # what trains beside the layers: "LoRA", "biases", or nothing

    @property
    def below(self) -> bool:
        """Whether it trains in the embeddings too: their norm has biases, no matrix."""
        return bool(self.beside) and self.beside != _BESIDES["lora"]


def draw_model(
    trains: _What, *, title: str = "", alt: str = "", layers: int = 6
) -> Picture:
    """Draw the model from its words to its two heads.

    Args:
        trains: a scenario or its name, or the parts that train, named as there.
        title: over the drawing.
        alt: what the drawing shows; without it, that is made from what is drawn.
        layers: how many the backbone has.
    """
    shown = _shown(trains, layers)
    width, height = 13.6, 5.2 + _STEP * layers
    figure, axes = _canvas(width, height, title)
    _draw_words(axes)
    _draw_stack(axes, shown, bottom=1.2)
    top = 1.2 + _STEP * (layers + 1)
    _draw_heads(axes, shown, top + 0.75)
    _draw_legend(axes, shown, 10.7, top - _STEP - 0.3)
    return show_figure(figure, alt or f"{title or 'The model'}: {_said(shown)}.")


def draw_models(
    kinds: Mapping[str, _What], *, title: str = "", alt: str = "", layers: int = 6
) -> Picture:
    """Draw several small models side by side, each under its name."""
    shown = {name: _shown(trains, layers) for name, trains in kinds.items()}
    legend = 0.6 * any(one.beside for one in shown.values())
    each, height = 5.0, 2.9 + 0.5 * layers + legend
    figure, axes = _canvas(each * len(shown) + 0.2, height, title)
    if legend:
        _draw_line(axes, height - 1.1)
    for number, one in enumerate(shown.items()):
        _draw_small(axes, *one, left=0.2 + each * number)
    listed = "; ".join(f"{name}: {_said(one)}" for name, one in shown.items())
    return show_figure(figure, alt or f"{title or 'Models side by side'}. {listed}.")


def _shown(trains: _What, layers: int) -> _Shown:
    if not isinstance(trains, str | Scenario):
        trains = Scenario(tuple(sorted(trains)))
    scenario = find_scenario(trains)
    parts = set(scenario.train)
    numbers = {
        layer_number(part, layers)
        for part in parts
        if part.startswith("backbone.layer.")
    }
    whole = "backbone" in parts
    stack = [whole or "backbone.embeddings" in parts]
    stack += [whole or number in numbers for number in range(layers)]
    kinds = {part.split(".")[1] for part in parts if part.count(".")}
    beside = ", ".join(name for key, name in _BESIDES.items() if key in kinds)
    heads = {task: head in parts for task, head in HEADS.items()}
    return _Shown(tuple(stack), heads, scenario.tasks, beside)


def _said(shown: _Shown) -> str:
    """What trains and what is frozen, in a sentence."""
    names = ["embeddings", *(f"layer {n}" for n in range(1, len(shown.stack)))]
    state = dict(zip(names, shown.stack))
    state |= {_HEAD_NAMES[task]: trains for task, trains in shown.heads.items()}
    if len(set(shown.stack)) == 1:
        state = {k: v for k, v in state.items() if k not in names}
        state = {"the whole backbone": shown.stack[0], **state}
    trained = [name for name, trains in state.items() if trains]
    frozen = [name for name, trains in state.items() if not trains]
    where = "in embeddings and layers" if shown.below else "beside the layers"
    trained += [f"{shown.beside} {where}"] if shown.beside else []
    return f"{_listed(trained)} trained, {_listed(frozen)} frozen"


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def _canvas(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """A page of units of equal length both ways, without axes."""
    figure = Figure(figsize=(width * _INCH, height * _INCH), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    axes.text(0.3, height - 0.5, title, size=11, weight="bold", color=INK, va="center")
    return figure, axes


def _draw_words(axes: Axes) -> None:
    """The words of a sentence, below the stack."""
    across = 8.0 / len(_SENTENCE)
    for number, word in enumerate(_SENTENCE):
        middle = 1.6 + across * (number + 0.5)
        axes.text(middle, 0.45, word, size=9, color=INK, ha="center", va="center")
        _arrow(axes, middle, 0.7, 1.15)


def _draw_stack(axes: Axes, shown: _Shown, bottom: float) -> None:
    """The embeddings and layers of the backbone, and a bracket with its name."""
    for number, trains in enumerate(shown.stack):
        name = f"layer {number}" if number else "embeddings"
        low = bottom + _STEP * number
        _box(axes, (1.6, low, 8.0, _LEVEL), name, trains)
        if shown.beside and (number or shown.below):
            _side_block(axes, (9.7, low + 0.06, 0.5, _LEVEL - 0.12))
    top = bottom + _STEP * len(shown.stack) - _STEP + _LEVEL
    axes.plot([1.3, 1.1, 1.1, 1.3], [bottom, bottom, top, top], color=INK, lw=1.0)
    middle = (bottom + top) / 2
    axes.text(0.7, middle, "backbone", size=10, color=INK, rotation=90, va="center",
              ha="center")  # fmt: skip


def _draw_heads(axes: Axes, shown: _Shown, low: float) -> None:
    """The two heads, how they are fed, what they say, and whether that is a loss."""
    fed = {"sentence": "mean of all pieces", "ner": "each piece by itself"}
    for left, (task, trains) in zip((1.6, 5.8), shown.heads.items()):
        middle = left + 1.9
        _arrow(axes, middle, low - 0.72, low - 0.05)
        axes.text(middle + 0.2, low - 0.42, fed[task], size=8, color=INK, va="center")
        _box(axes, (left, low, 3.8, _LEVEL), _HEAD_NAMES[task], trains)
        _arrow(axes, middle, low + _LEVEL + 0.05, low + _LEVEL + 0.4)
        up = low + _LEVEL + 0.65
        axes.text(middle, up, _ANSWERS[task], size=9, color=INK, ha="center",
                  va="center", style="italic")  # fmt: skip
        if task not in shown.losses and shown.losses:
            axes.text(middle + 0.2, low + _LEVEL + 0.2, "its loss is off", size=8,
                      color=INK, va="center")  # fmt: skip


def _draw_legend(axes: Axes, shown: _Shown, left: float, top: float) -> None:
    every = [*shown.stack, *shown.heads.values()]
    rows = [("trains", True)] * any(every) + [("frozen", False)] * (not all(every))
    for number, (name, trains) in enumerate(rows):
        _box(axes, (left, top - _STEP * number, 2.6, _LEVEL), name, trains)
    if shown.beside:
        low = top - _STEP * len(rows)
        _side_block(axes, (left, low + 0.06, 0.5, _LEVEL - 0.12))
        axes.text(left + 0.7, low + _LEVEL / 2, f"{shown.beside}: train", size=9,
                  color=INK, va="center")  # fmt: skip


def _draw_line(axes: Axes, low: float) -> None:
    """What colours and squares mean, in one line."""
    _box(axes, (0.3, low - 0.05, 0.7, 0.42), "", True)
    _box(axes, (2.9, low - 0.05, 0.7, 0.42), "", False, lock=False)
    _side_block(axes, (5.5, low, 0.3, 0.34))
    words = ((1.15, "trains"), (3.75, "frozen"), (5.95, "a small part that trains"))
    for left, word in words:
        axes.text(left, low + 0.17, word, size=9, color=INK, va="center")


def _draw_small(axes: Axes, name: str, shown: _Shown, left: float) -> None:
    """A model without words and names of layers, as one of several."""
    low = 0.85
    frozen = [number for number, trains in enumerate(shown.stack) if not trains]
    locked = frozen[len(frozen) // 2] if frozen else None  # one lock for all
    for number, trains in enumerate(shown.stack):
        box = (left + 0.3, low + 0.5 * number, 4.0, 0.42)
        _box(axes, box, "", trains, lock=number == locked)
        if shown.beside and (number or shown.below):
            _side_block(axes, (left + 4.35, box[1] + 0.04, 0.3, 0.34))
    up = low + 0.5 * len(shown.stack) + 0.12
    for across, (task, trains) in zip((0.3, 2.4), shown.heads.items()):
        label = "label" if task == "sentence" else "names"
        _box(axes, (left + across, up, 1.9, 0.6), label, trains)
    axes.text(left + 2.3, 0.4, name, size=9, color=INK, ha="center", va="center")


def _box(
    axes: Axes,
    place: tuple[float, float, float, float],
    name: str,
    trains: bool,
    *,
    lock: bool = True,
) -> None:
    """A part: coloured if it trains, else grey, hatched, and with a lock."""
    left, low, width, height = place
    axes.add_patch(
        FancyBboxPatch(
            (left + 0.08, low + 0.08),
            width - 0.16,
            height - 0.16,
            boxstyle="round,pad=0.08",
            facecolor=_TRAINS if trains else _FROZEN,
            edgecolor="white" if trains else "#B8B8B8",
            hatch=None if trains else "///",
            linewidth=0 if trains else 0.8,
        )
    )
    middle = (left + width / 2 - (0.2 if name and not trains else 0), low + height / 2)
    behind = None if trains else {"facecolor": _FROZEN, "edgecolor": "none", "pad": 1.5}
    if name:
        axes.text(*middle, name, size=9, color="white" if trains else INK, ha="center",
                  va="center", bbox=behind)  # fmt: skip
    if not trains and lock:
        _lock(axes, left + width - 0.36, low + height / 2 - 0.19)


def _lock(axes: Axes, middle: float, low: float) -> None:
    """A padlock, closed."""
    axes.add_patch(
        Arc((middle, low + 0.22), 0.2, 0.32, theta1=0, theta2=180, color=INK, lw=1.4)
    )
    axes.add_patch(Rectangle((middle - 0.15, low), 0.3, 0.22, color=INK, lw=0))


def _side_block(axes: Axes, place: tuple[float, float, float, float]) -> None:
    """What trains beside a layer that is frozen itself."""
    left, low, width, height = place
    axes.add_patch(
        Rectangle((left, low), width, height, facecolor=_BESIDE, edgecolor=INK, lw=0.6)
    )


def _arrow(axes: Axes, across: float, start: float, end: float) -> None:
    axes.annotate("", (across, end), (across, start),
                  arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 0.8,
                              "shrinkA": 0, "shrinkB": 0})  # fmt: skip
