"""Scores over a logarithmic axis: a numbered mark per way, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from report.figures.svg import LETTER, WIDTH, Canvas, ticks
from report.words import interval, plain

LEFT, RIGHT, TOP, BOTTOM = 34.0, 16.0, 34.0, 210.0  # units


@dataclass(frozen=True)
class Spot:
    """The score of a way in points, with its interval, and what it takes."""

    number: int  # of the way, in the list beside the drawings
    name: str
    at: float  # 0 stands at the left end
    value: float
    low: float
    high: float
    look: int = 0

    def __str__(self) -> str:
        ends = interval(self.low, self.high).replace("+", "")
        return f"{self.name}, {plain(self.at, 0)}: {plain(self.value)} ({ends})"


@dataclass(frozen=True)
class Scatter:
    """A drawing of spots; `looks` says what each kind of mark stands for."""

    title: str
    across: str
    spots: Sequence[Spot]
    looks: Sequence[str]

    def alt(self) -> str:
        """Say what is drawn, number by number."""
        told = []
        for look, kind in enumerate(self.looks):
            own = "; ".join(str(spot) for spot in self.spots if spot.look == look)
            told.append(f"{kind}: {own}" if own else f"{kind}: none recorded")
        return f"{self.title} by {self.across}, with intervals. {'. '.join(told)}."

    def draw(self) -> str:
        """Return the drawing."""
        canvas, (low, high) = Canvas(self.alt()), self._range()
        first, last = self._decades()
        wide = (WIDTH - RIGHT - LEFT) / (last - first)

        def x(value: float) -> float:
            return LEFT + wide * (log10(value) - first) if value > 0 else LEFT

        def y(value: float) -> float:
            return BOTTOM - (value - low) * (BOTTOM - TOP) / (high - low)

        canvas.text(0, LETTER, self.title, "head")
        for tick in ticks(low, high):
            canvas.line((LEFT, y(tick)), (WIDTH - RIGHT, y(tick)), "tick")
            canvas.text(LEFT - 4, y(tick) + 4, plain(tick, 0), "end")
        for power in range(first, last + 1):
            canvas.line((x(10**power), BOTTOM), (x(10**power), BOTTOM + 4), "axis")
            name = "0" if power == first and self._with_none() else _short(10**power)
            canvas.text(x(10**power), BOTTOM + 17, name, "middle")
        canvas.text(LEFT, BOTTOM + 33, self.across, "small")
        for look, kind in enumerate(self.looks):
            canvas.mark(LEFT + 110 * look + 5, TOP - 12, look)
            canvas.text(LEFT + 110 * look + 14, TOP - 8, kind, "small")
        for spot in self.spots:
            across = x(spot.at)
            ends = (across, y(spot.low)), (across, y(spot.high))
            canvas.line(*ends, f"whisker look{spot.look}")
            canvas.mark(across, y(spot.value), spot.look)
            side, kind = (6, "") if spot.look else (-6, "end")  # so that two are read
            canvas.text(across + side, y(spot.value) + 4, str(spot.number), kind)
        return canvas.finished(BOTTOM + 40)

    def _with_none(self) -> bool:
        return any(spot.at <= 0 for spot in self.spots)

    def _decades(self) -> tuple[int, int]:
        """The powers of ten between which all spots lie, one more where one is 0."""
        places = [log10(spot.at) for spot in self.spots if spot.at > 0] or [0.0]
        first, last = int(min(places) // 1), int(-(-max(places) // 1))
        return first - self._with_none(), max(last, first + 1)

    def _range(self) -> tuple[float, float]:
        low = min(spot.low for spot in self.spots)
        high = max(spot.high for spot in self.spots)
        air = 0.05 * max(high - low, 1.0)
        return low - air, high + air


def _short(number: float) -> str:
    """Return a power of ten: 10, 1k, 10M."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{plain(number / unit, 0)}{name}"
    return plain(number, 0) if number >= 1 else f"{number:g}"
