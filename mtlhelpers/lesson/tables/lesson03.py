"""What lesson 03 reports: where heads fall that know nothing, and what a pass keeps.

Lesson: 03_everything_frozen.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from transformers import BatchEncoding

from mtlhelpers.lesson.plots.figures import (
    INK,
    LETTERS,
    Picture,
    new_figure,
    show_figure,
)
from mtlhelpers.lesson.plots.points import numbered_look
from mtlhelpers.model.shared import SharedModel

_SHOWN = 200  # points per row


def show_chance(spread: Mapping[str, NDArray[np.float64]], chance: float) -> Picture:
    """Draw accuracies (0 to 1) in one row per name, with where 95 % of them lie."""
    most = max(map(len, spread.values()))
    figure, axes = new_figure(
        f"Heads that know nothing: {_SHOWN} of {most:,} shown; bars hold 95 %",
        across="% of test sentences",
        height=0.9 + 0.75 * len(spread),
    )
    told, place = [], np.random.default_rng(0)
    for row, (name, values) in enumerate(spread.items()):
        colour, marker = numbered_look(row)
        points = 100 * values[:_SHOWN]
        height = row + place.uniform(-0.12, 0.28, len(points))
        axes.plot(points, height, marker, color=colour, markersize=3, alpha=0.4)
        low, high = np.quantile(100 * values, [0.025, 0.975])
        axes.plot([low, high], [row - 0.3] * 2, color=INK, linewidth=3)
        _write(axes, f"{low:.1f} to {high:.1f} %", high, row - 0.3)
        told.append(f"{name} {low:.1f} to {high:.1f} %")
    axes.axvline(100 * chance, color=INK, linewidth=0.8, linestyle=":")
    _write(axes, "1 / number of labels", 100 * chance, len(spread) - 0.5)
    axes.set_yticks(range(len(spread)), list(spread), fontsize=LETTERS, color=INK)
    axes.set_ylim(len(spread) - 0.35, -0.6)
    return show_figure(
        figure,
        f"Points about {100 * chance:.1f} %, one over the number of labels. 95 % lie "
        f"within: {'; '.join(told)}.",
    )


def _write(axes: Axes, words: str, x: float, y: float) -> None:
    """Write words to the right of a place."""
    axes.annotate(
        words,
        (x, y),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=LETTERS,
        color=INK,
    )


def kept_megabytes(model: SharedModel, pieces: BatchEncoding) -> float:
    """Measure what one forward pass keeps for the backward pass, weights left out."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        model(**pieces)
    sizes = [
        t.untyped_storage().nbytes() for at, t in kept.items() if at not in weights
    ]
    return sum(sizes) / 1e6
