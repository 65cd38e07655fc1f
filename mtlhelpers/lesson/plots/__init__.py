"""Figures: one size, one look per name, alt text on each.

`mtl.plots` in a notebook. A name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from mtlhelpers.names import lazy_names

if TYPE_CHECKING:
    from mtlhelpers.lesson.plots.anatomy import draw_model as draw_model
    from mtlhelpers.lesson.plots.anatomy import draw_models as draw_models
    from mtlhelpers.lesson.plots.figures import draw_bars as draw_bars
    from mtlhelpers.lesson.plots.figures import draw_line as draw_line
    from mtlhelpers.lesson.plots.figures import new_figure as new_figure
    from mtlhelpers.lesson.plots.figures import show_bars as show_bars
    from mtlhelpers.lesson.plots.figures import show_figure as show_figure
    from mtlhelpers.lesson.plots.figures import show_lines as show_lines
    from mtlhelpers.lesson.plots.lines import draw_family as draw_family
    from mtlhelpers.lesson.plots.points import draw_points as draw_points
else:
    __all__, __getattr__, __dir__ = lazy_names(__name__, __file__)
