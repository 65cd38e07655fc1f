"""What pre-training gives, and ways between all and nothing."""

from collections.abc import Iterable
from typing import Any

from mtlhelpers.study.protocol import TASKS, Task
from mtlhelpers.study.records.record import Side
from report.facts import EVERYTHING, FROZEN, Facts
from report.figures.dots import Panel, Row
from report.gaps import Gap, Ways, gaps
from report.words import plain, task_title

PAIRED = ("snips+2000", "hwu64")
RANDOM = Side("further", "random weights")
PARTS = {
    "upper half trains": Side("further", "top half"),
    "heads first": Side("further", "head first"),
    "tuned loss weights": Side("further", "weighted"),
}


def section(facts: Facts) -> dict[str, Any]:
    """Return the panels of both questions, and the times of a step."""
    free = list(gaps(facts.evidence, Ways(EVERYTHING, RANDOM), PAIRED))
    frozen = list(gaps(facts.evidence, Ways(FROZEN, RANDOM), PAIRED, _sizes(free)))
    parts = {
        name: list(gaps(facts.evidence, Ways(side, EVERYTHING), PAIRED))
        for name, side in PARTS.items()
    }
    return {
        "random_panels": [random_panel(free, frozen, task) for task in TASKS],
        "random": {"moves": free, "frozen": frozen},
        "part_panels": [part_panel(parts, task) for task in TASKS],
        "parts": parts,
        "bert": bool(facts.records("bert_base")),
        "step": {one.task: one for one in facts.decisions("2.2")},
    }


def _sizes(found: Iterable[Gap]) -> list[int]:
    return sorted({one.size for one in found})


def random_panel(free: list[Gap], frozen: list[Gap], task: Task) -> Panel:
    """Return pre-trained minus random weights: moving, and frozen."""
    rows = [
        Row(f"{one.name}, {plain(one.size, 0)} sentences", label, one, look)
        for pair in zip(free, frozen)
        for look, (label, one) in enumerate(zip(("all trains", "frozen"), pair))
        if one.task == task
    ]
    title = task_title(task)
    left, right = "random is better", "pre-trained is better"
    return Panel(title, rows, left, right)


def part_panel(parts: dict[str, list[Gap]], task: Task) -> Panel:
    """Return each way minus training everything."""
    rows = [
        Row(f"{one.name}, {plain(one.size, 0)} sentences", name, one)
        for place in dict.fromkeys(
            (g.corpus, g.size) for own in parts.values() for g in own
        )
        for name, own in parts.items()
        for one in own
        if (one.corpus, one.size, one.task) == (*place, task)
    ]
    title = task_title(task)
    return Panel(title, rows, "plain training is better", "this way is better")
