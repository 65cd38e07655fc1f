"""Elements of an inline drawing, as a tree: whoever writes it out escapes its text.

Colours are classes, so that the page's style sheet gives them for light and for dark.
A drawing is 340 units wide: on a narrow telephone a unit is a pixel, and text of 12
units stays readable there.
"""

import xml.etree.ElementTree as tree
from collections.abc import Callable, Sequence
from math import floor, log10

WIDTH = 340.0
LETTER = 12  # units, the size of text
Place = tuple[float, float]
Scale = Callable[[float], float]  # from a value to where it stands


class Canvas:
    """A drawing that grows downwards."""

    def __init__(self, alt: str) -> None:
        self.root = tree.Element("svg", {"role": "img", "aria-label": alt})

    def line(self, start: Place, end: Place, kind: str) -> None:
        """Draw a straight line."""
        (x1, y1), (x2, y2) = start, end
        self._add("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)

    def path(self, points: Sequence[Place], kind: str) -> None:
        """Draw a line through several points."""
        text = " ".join(f"{_text(x)},{_text(y)}" for x, y in points)
        tree.SubElement(self.root, "polyline", {"class": kind, "points": text})

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """Draw a filled rectangle."""
        self._add("rect", kind, x=x, y=y, width=width, height=height)

    def text(self, x: float, y: float, said: str, kind: str = "") -> None:
        """Write a line; kinds `end` and `middle` say where x is in it."""
        self._add("text", kind, x=x, y=y).text = said

    def mark(self, x: float, y: float, look: int) -> None:
        """Draw a mark of one of four looks, each with its own shape and colour."""
        kind, r = f"mark look{look}", 4.5
        if look == 0:
            self._add("circle", kind, cx=x, cy=y, r=r)
        elif look == 1:
            self._add("rect", kind, x=x - r, y=y - r, width=2 * r, height=2 * r)
        else:
            up = r * 1.3 if look == 2 else -r * 1.3
            corners = [(x, y - up), (x + r * 1.2, y + up * 0.7)]
            corners.append((x - r * 1.2, y + up * 0.7))
            text = " ".join(f"{_text(a)},{_text(b)}" for a, b in corners)
            tree.SubElement(self.root, "polygon", {"class": kind, "points": text})

    def finished(self, height: float) -> str:
        """Return the drawing, cut at a height."""
        self.root.set("viewBox", f"0 0 {_text(WIDTH)} {_text(height)}")
        return tree.tostring(self.root, encoding="unicode", short_empty_elements=True)

    def _add(self, name: str, kind: str, **numbers: float) -> tree.Element:
        given = {"class": kind} if kind else {}
        given |= {key: _text(value) for key, value in numbers.items()}
        return tree.SubElement(self.root, name, given)


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Return round numbers from low to high, at most so many."""
    step = 10 ** floor(log10((high - low) / most))
    step = next(
        step * m for m in (1, 2, 5, 10, 20) if (high - low) / (step * m) <= most - 1
    )
    first = -floor(-low / step)
    return [n * step for n in range(first, floor(high / step) + 1)]


def _text(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
