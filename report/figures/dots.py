"""Rows of differences with intervals about a labelled zero: most of the figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.figures.svg import LETTER, WIDTH, Canvas, Scale, ticks
from report.gaps import Gap
from report.words import signed

LABELS, VALUES = 118.0, 42.0  # units: columns left and right of the plot
ROW, AIR = 17.0, 4.0
MARK, HEAD = "mark", "head"


@dataclass(frozen=True)
class Row:
    """One difference: under the heading of its group, with a label of its own."""

    group: str
    label: str
    gap: Gap
    look: int = 0  # of its mark


@dataclass(frozen=True)
class Panel:
    """A drawing of rows, with what left and right of zero mean."""

    title: str
    rows: Sequence[Row]
    left: str
    right: str

    def alt(self) -> str:
        """Say what is drawn, number by number."""
        told = []
        for row in self.rows:
            where = ", ".join(part for part in (row.group, row.label) if part)
            told.append(f"{where}: {row.gap}")
        return f"{self.title}, in points. {'; '.join(told)}."

    def draw(self) -> str:
        """Return the drawing."""
        canvas, left, right = Canvas(self.alt()), LABELS, WIDTH - VALUES
        low, high = self._range()
        scale = (right - left) / (high - low)

        def at(value: float) -> float:
            return left + (value - low) * scale

        bottom = 20.0 + self._height()
        margin = self.rows[0].gap.margin
        canvas.box(at(-margin), 22, at(margin) - at(-margin), bottom - 22, "band")
        for tick in ticks(low, high):
            canvas.line(
                (at(tick), 22), (at(tick), bottom), "zero" if not tick else "tick"
            )
            canvas.text(
                at(tick), bottom + LETTER, signed(tick, 0) if tick else "0", "middle"
            )
        canvas.text(0, LETTER, self.title, HEAD)
        y, group = 22.0, ""
        for row in self.rows:
            if row.group != group:
                group, y = row.group, y + ROW + AIR
                canvas.text(0, y - 4, group, "strong")
            y += ROW
            self._row(canvas, row, y - ROW / 2 + 2, at)
        canvas.text(0, bottom + 2 * LETTER + 5, f"← {self.left}", "small")
        canvas.text(WIDTH, bottom + 2 * LETTER + 5, f"{self.right} →", "small end")
        return canvas.finished(bottom + 2 * LETTER + 12)

    def _row(self, canvas: Canvas, row: Row, y: float, at: Scale) -> None:
        gap = row.gap
        canvas.text(8 if row.group else 0, y + 4, row.label)
        canvas.line((at(gap.low), y), (at(gap.high), y), f"whisker look{row.look}")
        canvas.mark(at(gap.difference), y, row.look)
        canvas.text(WIDTH, y + 4, signed(gap.difference), "end")

    def _height(self) -> float:
        groups = {row.group for row in self.rows if row.group}
        return len(self.rows) * ROW + len(groups) * (ROW + AIR) + AIR

    def _range(self) -> tuple[float, float]:
        margin = self.rows[0].gap.margin
        low = min(-1.6 * margin, *(row.gap.low for row in self.rows))
        high = max(1.6 * margin, *(row.gap.high for row in self.rows))
        air = 0.04 * (high - low)
        return low - air, high + air
