"""Figures: one size, one look per name, alt text on each.

`mtl.plots` in a notebook. A name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "draw_bars",
    "draw_family",
    "draw_line",
    "draw_points",
    "new_figure",
    "show_bars",
    "show_figure",
    "show_lines",
]

# Where a name is at home in this room.
_HOMES = {
    "draw_bars": "figures",
    "draw_family": "lines",
    "draw_line": "figures",
    "draw_points": "points",
    "new_figure": "figures",
    "show_bars": "figures",
    "show_figure": "figures",
    "show_lines": "figures",
}

if TYPE_CHECKING:
    from mtlhelpers.lesson.plots.figures import (
        draw_bars,
        draw_line,
        new_figure,
        show_bars,
        show_figure,
        show_lines,
    )
    from mtlhelpers.lesson.plots.lines import draw_family
    from mtlhelpers.lesson.plots.points import draw_points
else:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return __all__
