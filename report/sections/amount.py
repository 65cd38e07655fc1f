"""Labels and names by the amount of data, and the smallest amounts by themselves."""

from typing import Any

from mtlhelpers.study.protocol import MARGINS, SCORE_OF, TASKS, Task
from report.facts import FEW, MANY, Facts
from report.figures.curves import Chart, Line, Point
from report.figures.dots import Panel, Row
from report.gaps import Gap
from report.sections.answer import LEFT, RIGHT, count
from report.words import corpus_name, plain, task_title

LITTLE = (10, 30, 100)  # sentences


def section(facts: Facts) -> dict[str, Any]:
    """Return both charts, and what is decided at each of the smallest sizes."""
    return {
        "charts": {task: chart(facts.freezing, task) for task in TASKS},
        "few_panels": [little(facts.freezing, task) for task in TASKS],
        "few_counts": {size: count(facts.freezing, size) for size in LITTLE},
        "lowest": {task: extreme(facts.freezing, task) for task in TASKS},
        "ends": ends(facts),
    }


def ends(facts: Facts) -> dict[tuple[str, str], tuple[Gap, Gap]]:
    """Return the differences on few and on all sentences, by corpus and task."""
    both = zip(facts.primary(FEW), facts.primary(MANY))
    return {(few.name, few.task): (few, many) for few, many in both}


def chart(found: list[Gap], task: Task) -> Chart:
    """Return the differences of a task by training sentences, a line per corpus."""
    corpora = dict.fromkeys(one.corpus for one in found)
    lines = []
    for corpus in corpora:
        own = [one for one in found if (one.corpus, one.task) == (corpus, task)]
        points = [Point(g.size, g.difference, (g.low, g.high)) for g in own]
        lines.append(Line(corpus_name(corpus, task), points))
    title = f"{task_title(task)}, frozen minus everything"
    margin = 100 * MARGINS[SCORE_OF[task]]
    up, down = "freezing is better", "everything is better"
    return Chart(title, lines, "training sentences", margin, up, down)


def little(found: list[Gap], task: Task) -> Panel:
    """Return the differences at the smallest sizes as rows."""
    rows = [
        Row(one.name, f"{plain(one.size, 0)} sentences", one)
        for one in found
        if one.task == task and one.size in LITTLE
    ]
    return Panel(task_title(task), rows, LEFT, RIGHT)


def extreme(found: list[Gap], task: Task) -> Gap:
    """Return the difference of a task at which freezing costs most."""
    own = [one for one in found if one.task == task]
    return min(own, key=lambda one: one.difference)
