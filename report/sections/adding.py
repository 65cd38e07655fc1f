"""Adding a task to a trained head, and one backbone for two tasks."""

from collections.abc import Iterator, Mapping
from typing import Any

from mtlhelpers.study.protocol import TASKS, Task
from mtlhelpers.study.records.record import Side
from report.facts import EVERYTHING, Facts
from report.figures.dots import Panel, Row
from report.gaps import Gap, Ways, gaps
from report.words import plain, task_title

RATE = (("backbone_lr", 3e-4),)  # that of the other ways of studies/one_head_frozen
MANY: Mapping[str, Side] = {
    "nothing done": Side("further", "3A"),
    "one rate for both": Side("further", "3A, one rate"),
    "distillation": Side("further", "3A, lwf"),
}
FEW: Mapping[str, Side] = {
    "nothing done": Side("one_head_frozen", "3A", RATE),
    "pulled back: L2-SP": Side("one_head_frozen", "l2sp"),
    "pulled back: EWC": Side("one_head_frozen", "ewc"),
    "lower half frozen": Side("one_head_frozen", "lower half frozen"),
    "replay of 5 %": Side("one_head_frozen", "replay 5 %"),
    "heads first": Side("one_head_frozen", "head first"),
    "distillation": Side("one_head_frozen", "lwf"),
}
MANY_BEFORE, FEW_BEFORE = Side("further", "3B"), Side("one_head_frozen", "3B")
ALONE: dict[Task, Side] = {
    "sentence": Side("further", "sentence alone"),
    "ner": Side("further", "ner alone"),
}
PAIRED = ("snips+2000", "hwu64")


def section(facts: Facts) -> dict[str, Any]:
    """Return both trade-offs as rows, and both tasks against each alone."""
    many = tradeoff(facts, MANY, MANY_BEFORE, {c: 3_000 for c in PAIRED})
    few = tradeoff(facts, FEW, FEW_BEFORE, {"snips": 400})
    together = [one for task in TASKS for one in _together(facts, task)]
    return {
        "many": [panel(many, task) for task in TASKS],
        "few": [panel(few, task) for task in TASKS],
        "of": {**_by_way(many, "many"), **_by_way(few, "few")},
        "sizes": (many["sentence"][0][1].size, few["sentence"][0][1].size),
        "together": together,
        "together_panels": [together_panel(together, task) for task in TASKS],
    }


Tradeoff = dict[Task, list[tuple[str, Gap, bool]]]  # way, difference, on the front


def tradeoff(
    facts: Facts, ways: Mapping[str, Side], before: Side, sizes: Mapping[str, int]
) -> Tradeoff:
    """Return each way minus 3B, which leaves labels as they were before, per task.

    A way is on the front where no other of the corpus, 3B among them, keeps as much of
    the labels and gains more in names, or the other way round.
    """
    found: Tradeoff = {task: [] for task in TASKS}
    for corpus, size in sizes.items():
        own = {
            name: {
                g.task: g
                for g in gaps(facts.evidence, Ways(side, before), [corpus], [size])
            }
            for name, side in ways.items()
        }
        points = {
            name: tuple(both[t].difference for t in TASKS) for name, both in own.items()
        }
        for name, both in own.items():
            front = not any(
                all(a >= b for a, b in zip(other, points[name]))
                and other != points[name]
                for other in (*points.values(), (0.0, 0.0))
            )
            for task in TASKS:
                found[task].append((name, both[task], front))
    return found


def panel(found: Tradeoff, task: Task) -> Panel:
    """Return a row per way: filled circles are on the front, squares are not."""
    rows = [
        Row(gap.name, name, gap, int(not front)) for name, gap, front in found[task]
    ]
    title = {"sentence": "Labels kept (accuracy)", "ner": "Names gained (F1)"}[task]
    left = {"sentence": "labels lost", "ner": "fewer names"}[task]
    right = {"sentence": "labels gained", "ner": "more names"}[task]
    return Panel(title, rows, left, right)


def _by_way(found: Tradeoff, amount: str) -> dict[tuple[str, str, str], list[Gap]]:
    """The differences by amount of data, way and task."""
    sorted_out: dict[tuple[str, str, str], list[Gap]] = {}
    for task in TASKS:
        for name, gap, _ in found[task]:
            sorted_out.setdefault((amount, name, task), []).append(gap)
    return sorted_out


def _together(facts: Facts, task: Task) -> Iterator[Gap]:
    ways = Ways(EVERYTHING, ALONE[task])
    yield from gaps(facts.evidence, ways, PAIRED, tasks=[task])


def together_panel(found: list[Gap], task: Task) -> Panel:
    """Return both tasks minus each alone, a row per size."""
    rows = [
        Row(one.name, f"{plain(one.size, 0)} sentences", one)
        for one in found
        if one.task == task
    ]
    return Panel(
        task_title(task), rows, "one model per task is better", "one for both is better"
    )
