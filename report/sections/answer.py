"""The abstract and its figure: what freezing costs, little data and much."""

from typing import Any

from mtlhelpers.study.protocol import FEW_SEEDS, MANY_SEEDS, SIZES, TASKS, Verdict
from report.facts import BORDER, FEW, FROZEN, MANY, Facts
from report.figures.dots import Panel, Row
from report.gaps import Gap
from report.words import plain, task_title

LEFT, RIGHT = "training everything is better", "freezing is better"
FROM = 100  # sentences: below, most comparisons are open


def section(facts: Facts) -> dict[str, Any]:
    """Return what the abstract says."""
    few, many = list(facts.primary(FEW)), list(facts.primary(MANY))
    return {
        "panels": panels(few, many),
        "few": {task: [-g.difference for g in few if g.task == task] for task in TASKS},
        "few_size": few[0].size,
        "many": {
            task: [-g.difference for g in many if g.task == task] for task in TASKS
        },
        "counts": {size: count(facts.freezing, size) for size in SIZES},
        "from": FROM,
        "from_there": count([g for g in facts.freezing if g.size >= FROM]),
        "border": round((facts.border[0] * facts.border[1]) ** 0.5),
        "no_border": all(
            one.verdict is Verdict.CONTRADICTED for one in facts.decisions(BORDER)
        ),
        "smallest": min(one.size for one in facts.freezing),
        "largest": max(one.size for one in facts.freezing),
        "corpora": list(dict.fromkeys(one.corpus for one in facts.freezing)),
        "seeds": (FEW_SEEDS, MANY_SEEDS),
        "runs": len(facts.behind()),
        "millions": backbone_size(facts) / 1e6,
    }


def count(found: list[Gap], size: int | None = None) -> dict[str, int]:
    """Return how many comparisons are decided, and for which side."""
    own = [one for one in found if size in (None, one.size)]
    return {
        "all": len(own),
        "frozen": sum(one.first_better for one in own),
        "everything": sum(one.second_better for one in own),
    }


def panels(few: list[Gap], many: list[Gap]) -> list[Panel]:
    """Return both drawings: a group per corpus, a row per size."""
    drawn = []
    for task in TASKS:
        rows = [
            Row(one.name, f"{plain(one.size, 0)} sentences", one, look)
            for corpus in dict.fromkeys(one.corpus for one in few)
            for look, own in enumerate((few, many))
            for one in own
            if (one.corpus, one.task) == (corpus, task)
        ]
        drawn.append(Panel(task_title(task), rows, LEFT, RIGHT))
    return drawn


def backbone_size(facts: Facts) -> int:
    """Return the parameters of the backbone: what a model has beside its heads."""
    record = next(
        one for one in facts.records(FROZEN.study) if one["arm"] == FROZEN.arm
    )
    return int(record["total_parameters"] - record["trainable_parameters"])
