"""Minutes that a lesson takes: `python -m course.minutes`.

Reading: 200 words, 20 lines of code, two figures or tables per minute, and 20 seconds
per prediction. Running: what its budget allows. An exercise: five minutes. The half day
reads the sections whose headings carry its sign, runs everything, and does one exercise
per lesson of its path.
"""

import re
import sys
import tomllib
from dataclasses import dataclass

from nbformat import NotebookNode

from course import views
from course.language import prose, words

PATH = ("00", "01", "02", "04", "05", "07", "09")  # of the half day
WORDS, LINES, PICTURES = 200, 20, 2  # per minute
PREDICTION, EXERCISE = 1 / 3, 5.0  # minutes
PICTURE = re.compile(r"\b(?:draw_|show_)\w+\(|_table\(")


@dataclass(frozen=True)
class Minutes:
    """What one lesson takes, in minutes."""

    lesson: str
    reading: float
    running: float
    exercises: float
    half_day: float  # 0 where it is not on the path


def of_lesson(name: str, notebook: NotebookNode, seconds: float) -> Minutes:
    """Estimate the minutes of a lesson from its source and its budget."""
    exercises = EXERCISE * sum("exercise" in views.tags(c) for c in notebook.cells)
    half_day = 0.0
    if name[:2] in PATH:
        marked = notebook.copy()
        marked.cells = list(of_half_day(notebook))
        half_day = reading(marked) + seconds / 60 + EXERCISE
    return Minutes(name, reading(notebook), seconds / 60, exercises, half_day)


def of_half_day(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of sections whose heading carries the sign of the half day."""
    kept, inside = [], False
    for cell in notebook.cells:
        heading = cell.cell_type == "markdown" and re.match(r"#{1,2} ", cell.source)
        if heading:
            inside = "half-day" in views.tags(cell)
        if inside or "half-day" in views.tags(cell):
            kept.append(cell)
    return kept


def reading(notebook: NotebookNode) -> float:
    """Minutes to read cells, code and pictures among them."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lines = sum(len(source.splitlines()) for source in code)
    pictures = sum(len(PICTURE.findall(source)) for source in code)
    predictions = sum(source.count("mtl.guess(") for source in code)
    text = len(words(prose(notebook))) / WORDS
    return text + lines / LINES + pictures / PICTURES + predictions * PREDICTION


def main() -> int:
    """Print a line per lesson, and the sums."""
    budget = tomllib.loads((views.HERE / "budget.toml").read_text(encoding="utf-8"))
    found = [
        of_lesson(views.title(source), views.read(source), budget[source.stem])
        for source in views.sources()
        if source.stem in budget
    ]
    print(f"{'lesson':34} reading  running  exercises  half day")
    for one in found:
        alone = f"{one.reading:7.0f} {one.running:8.1f} {one.exercises:10.0f}"
        print(f"{one.lesson:34} {alone} {one.half_day:9.0f}")
    hours = sum(one.half_day for one in found) / 60
    whole = sum(one.reading + one.running + one.exercises for one in found) / 60
    print(f"half day {hours:.1f} hours, all lessons {whole:.1f} hours")
    return 0


if __name__ == "__main__":
    sys.exit(main())
