"""Statements that were added later, each set down before its runs: those with verdicts.

They take their place as soon as their runs are recorded; until then they are listed.
"""

from collections.abc import Iterator
from typing import Any

from mtlhelpers.study.protocol import TASKS, Task, Verdict
from mtlhelpers.study.verdicts.decisions import Judged
from report.facts import Facts
from report.figures.dots import Panel, Row
from report.gaps import Gap, decided
from report.words import plain, task_title

ADDED = "5."  # how their ids begin


def section(facts: Facts) -> dict[str, Any]:
    """Return the added statements with a verdict, and all that wait for one."""
    added = [one for key, one in facts.judged.items() if key.startswith(ADDED)]
    return {
        "decided": [entry(one) for one in added if tested(one)],
        "waiting": [
            {"statement": one.claim.statement, "by": one.claim.decided_by}
            for one in facts.judged.values()
            if not tested(one)
        ],
    }


def tested(one: Judged) -> bool:
    """Return whether anything was decided of a statement."""
    return set(one.verdicts) != {Verdict.NOT_TESTED}


def entry(one: Judged) -> dict[str, Any]:
    """Return a statement with its verdicts in words, and its drawings."""
    return {
        "id": one.claim.id,
        "statement": one.claim.statement,
        "by": one.claim.decided_by,
        "verdicts": [(count, str(verdict)) for verdict, count in one.verdicts.items()],
        "panels": list(panels(one)),
    }


def panels(one: Judged) -> Iterator[Panel]:
    """Yield a drawing per task, where differences decide."""
    for task in TASKS:
        rows = [
            Row(f"{gap.name}: {at}" if at else gap.name, label(gap), gap)
            for at, gap in differences(one, task)
        ]
        if rows:
            yield Panel(task_title(task), rows, "below zero: less", "more")


def differences(one: Judged, task: Task) -> Iterator[tuple[str, Gap]]:
    """Yield what decides a statement on a task, with what tells comparisons apart."""
    for decision in one.decisions:
        gap = decided(decision)
        if gap is not None and gap.task == task:
            yield decision.at, gap


def label(gap: Gap) -> str:
    """Return the size of a comparison in words."""
    return f"{plain(gap.size, 0)} sentences"
