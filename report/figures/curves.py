"""Differences by the amount of data or of training: one line per corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from report.figures.svg import LETTER, WIDTH, Canvas, Scale, ticks
from report.words import interval, plain, signed

LEFT, RIGHT, TOP, BOTTOM = 34.0, 80.0, 34.0, 190.0  # units; RIGHT is for names of lines


@dataclass(frozen=True)
class Point:
    """A value at a place, with its interval where there are seeds for one."""

    at: float
    value: float
    ends: tuple[float, float] | None = None

    def __str__(self) -> str:
        said = f"{plain(self.at, 0)}: {signed(self.value)}"
        return f"{said} ({interval(*self.ends)})" if self.ends else said


@dataclass(frozen=True)
class Line:
    """A named line of points, from left to right."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Chart:
    """A drawing of lines over a logarithmic axis, zero and margin marked."""

    title: str
    lines: Sequence[Line]
    across: str
    margin: float
    up: str  # what lies above zero means
    down: str

    def alt(self) -> str:
        """Say what is drawn, number by number."""
        told = [f"{one.name}, {'; '.join(map(str, one.points))}" for one in self.lines]
        return f"{self.title}, in points, by {self.across}. {'. '.join(told)}."

    def draw(self) -> str:
        """Return the drawing."""
        canvas, (low, high) = Canvas(self.alt()), self._range()
        places = sorted({point.at for line in self.lines for point in line.points})
        wide = (WIDTH - RIGHT - LEFT - 12) / log(places[-1] / places[0])

        def x(place: float) -> float:
            return LEFT + 6 + wide * log(place / places[0])

        def y(value: float) -> float:
            return BOTTOM - (value - low) * (BOTTOM - TOP) / (high - low)

        right = WIDTH - RIGHT
        canvas.text(0, LETTER, self.title, "head")
        top, bottom = y(min(self.margin, high)), y(max(-self.margin, low))
        canvas.box(LEFT, top, right - LEFT, bottom - top, "band")
        for tick in ticks(low, high):
            canvas.line((LEFT, y(tick)), (right, y(tick)), "tick" if tick else "zero")
            canvas.text(LEFT - 4, y(tick) + 4, signed(tick, 0) if tick else "0", "end")
        for place in places:
            canvas.line((x(place), BOTTOM), (x(place), BOTTOM + 4), "axis")
        for place in _apart(places, x):
            canvas.text(x(place), BOTTOM + 16, plain(place, 0), "middle")
        canvas.text(LEFT, BOTTOM + 32, f"↓ {self.down}", "small")
        canvas.text(LEFT, TOP - 6, f"↑ {self.up}", "small")
        canvas.text(WIDTH, BOTTOM + 32, self.across, "small end")
        for look, line in enumerate(self.lines):
            self._line(canvas, look, line, x, y)
        self._names(canvas, y)
        return canvas.finished(BOTTOM + 38)

    def _line(self, canvas: Canvas, look: int, line: Line, x: Scale, y: Scale) -> None:
        places = [(x(point.at), y(point.value)) for point in line.points]
        canvas.path(places, f"line look{look}")
        for point, (across, height) in zip(line.points, places):
            if point.ends:
                ends = [(across, y(end)) for end in point.ends]
                canvas.line(ends[0], ends[1], f"whisker look{look}")
            canvas.mark(across, height, look)

    def _names(self, canvas: Canvas, y: Scale) -> None:
        """Names at the ends of the lines, moved apart where these lie close."""
        ends = sorted((y(one.points[-1].value), n) for n, one in enumerate(self.lines))
        lowest = 0.0
        for height, number in ends:
            lowest = max(lowest, height + 4)
            canvas.mark(WIDTH - RIGHT + 10, lowest - 4, number)
            canvas.text(WIDTH - RIGHT + 18, lowest, self.lines[number].name)
            lowest += LETTER + 2

    def _range(self) -> tuple[float, float]:
        ends = [
            end
            for line in self.lines
            for point in line.points
            for end in (point.value, *(point.ends or ()))
        ]
        low, high = min(ends), max(ends)
        low, high = min(low, -1.5 * self.margin), max(high, 1.5 * self.margin)
        return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _apart(places: Sequence[float], x: Scale) -> list[float]:
    """Those whose labels do not run into the one before."""
    kept: list[float] = []
    for place in places:
        if not kept or x(place) - x(kept[-1]) > 6 * len(plain(place, 0)) + 4:
            kept.append(place)
    return kept
