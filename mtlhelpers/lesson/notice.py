"""A few lines that a cell says to its reader, as text and as a box on the page.

Lesson: 00_start_here. Guesses and checks speak through it.
"""

import re
from dataclasses import dataclass
from html import escape

BLUE, GREEN, ORANGE = "#0072B2", "#009E73", "#D55E00"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Notice:
    """A heading and lines below it; `colour` is that of the bar at its side."""

    heading: str
    lines: tuple[str, ...]
    colour: str = BLUE

    def __repr__(self) -> str:
        return "\n  ".join([self.heading, *self.lines])

    def _repr_html_(self) -> str:
        # Colours of text and page stay the reader's: light, dark or high contrast.
        lines = "".join(f"<div>{_as_html(line)}</div>" for line in self.lines)
        return (
            f'<div style="border-left:4px solid {self.colour};padding:.3em 1em">'
            f"<b>{_as_html(self.heading)}</b>{lines}</div>"
        )


def _as_html(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
