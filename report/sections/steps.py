"""How many steps: what freezing seems to be worth to somebody who stops early."""

from collections import defaultdict
from typing import Any

from mtlhelpers.study.protocol import MARGINS, PUBLISHED, SCORE_OF, TASKS, Task
from mtlhelpers.study.records.record import Record, Side
from report.facts import EVERYTHING, FROZEN, Facts
from report.figures.curves import Chart, Line, Point
from report.figures.dots import Panel, Row
from report.gaps import Gap, Ways, gaps
from report.sections.answer import LEFT, RIGHT
from report.words import corpus_name, task_title

SIZE = 300  # sentences
SHORT = Side("short", "none_frozen")
CORPORA = ("snips+2000", "hwu64", "newsdesk")  # of the study of few epochs
TOLD = PUBLISHED[:2]  # those of them that prose speaks of
CURVE = "steps"
CLAIM = "5.1"


def section(facts: Facts) -> dict[str, Any]:
    """Return the two lengths side by side, and the curve as far as it is recorded."""
    short = list(gaps(facts.evidence, Ways(FROZEN, SHORT), CORPORA, [SIZE]))
    whole = list(gaps(facts.evidence, Ways(FROZEN, EVERYTHING), CORPORA, [SIZE]))
    epochs = [lengths(facts, side) for side in (SHORT, EVERYTHING, FROZEN)]
    curve = facts.records(CURVE)
    return {
        "panels": [panel(short, whole, epochs, task) for task in TASKS],
        "told": [corpus_name(corpus) for corpus in TOLD],
        "short": {t: differences(short, t) for t in TASKS},
        "whole": {t: differences(whole, t) for t in TASKS},
        "epochs": epochs,
        "size": SIZE,
        "charts": [chart(curve, task) for task in TASKS] if curve else [],
        "curve_runs": len(curve),
        "curve_seeds": curve_seeds(curve),
        "curve_epochs": sorted({one["plan"]["epochs"] for one in free(curve)}),
        "judged": facts.tested(CLAIM),
    }


def differences(found: list[Gap], task: Task) -> list[float]:
    """Return the differences of a task on the corpora that prose speaks of."""
    return [one.difference for one in found if one.task == task and one.corpus in TOLD]


def lengths(facts: Facts, side: Side) -> list[int]:
    """Return the epochs that a way had at the size, over the corpora."""
    found = {
        one["plan"]["epochs"]
        for corpus in CORPORA
        for one in facts.evidence.studies.of(side, corpus)
        if one["plan"]["train_size"] == SIZE
    }
    return sorted(found)


def panel(
    short: list[Gap], whole: list[Gap], epochs: list[list[int]], task: Task
) -> Panel:
    """Return a group per corpus: stopped early, and trained on."""
    rows = [
        Row(one.name, f"after {told[0]} epochs", one, look)
        for corpus in CORPORA
        for look, (told, own) in enumerate(zip(epochs[1::-1], (whole, short)))
        for one in own
        if (one.corpus, one.task) == (corpus, task)
    ]
    title = task_title(task)
    return Panel(title, rows, LEFT, RIGHT)


def free(curve: list[Record]) -> list[Record]:
    """Return the runs in which everything trains."""
    return [one for one in curve if one["arm"] == EVERYTHING.arm]


def curve_seeds(curve: list[Record]) -> list[int]:
    """Return how many seeds a point of the curve has, at least and at most."""
    counts: defaultdict[tuple[Any, ...], int] = defaultdict(int)
    for one in free(curve):
        counts[one["corpus"], one["plan"]["epochs"]] += 1
    return [min(counts.values()), max(counts.values())] if counts else []


def chart(curve: list[Record], task: Task) -> Chart:
    """Return heads of as few epochs minus everything by epochs: means over seeds."""
    score = SCORE_OF[task]
    scores: defaultdict[tuple[str, int, int], dict[str, float]] = defaultdict(dict)
    for one in curve:
        place = one["corpus"], one["plan"]["epochs"], one["plan"]["seed"]
        scores[place][one["arm"]] = 100 * one["scores"][score]
    found: defaultdict[str, defaultdict[int, list[float]]]
    found = defaultdict(lambda: defaultdict(list))
    few = "backbone_frozen, as few epochs"
    for (corpus, epochs, _), both in sorted(scores.items()):
        if {few, EVERYTHING.arm} <= both.keys():
            found[corpus][epochs].append(both[few] - both[EVERYTHING.arm])
    lines = [
        Line(
            corpus_name(corpus, task).split(",")[0],
            [Point(n, sum(own) / len(own)) for n, own in sorted(points.items())],
        )
        for corpus, points in found.items()
    ]
    title = f"{task_title(task)}, as many epochs for both"
    up, down = "freezing is better", "everything is better"
    margin = 100 * MARGINS[score]
    return Chart(title, lines, "epochs", margin, up, down)
