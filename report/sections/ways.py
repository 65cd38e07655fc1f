"""Every way to train beside what it takes: parameters that train, and seconds."""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

from mtlhelpers.study.protocol import DISJOINT_PAIR, SCORE_OF, TASKS, Task
from mtlhelpers.study.records.arms import Runs
from mtlhelpers.study.records.record import Record, Side
from mtlhelpers.study.verdicts.intervals import mean_difference
from report.facts import EVERYTHING, Facts
from report.figures.scatter import Scatter, Spot
from report.words import TASK_WORDS, corpus_name, plain, task_title

CORPORA = ("snips+2000", "hwu64+2000", DISJOINT_PAIR)
SIZES = (300, 3_000)
HEADS, PARTS, WIDER = "frozen_heads", "parts", "wider"
OF_TASK: dict[Task, str] = {"sentence": "labels, ", "ner": "names, "}  # their arms


class Way(NamedTuple):
    """A way to train, by the name in a list, and the runs that it has."""

    name: str
    sides: tuple[Side, ...]  # the first that is recorded counts


def section(facts: Facts) -> dict[str, Any]:
    """Return the drawings, and the lists of ways that their numbers stand for."""
    drawn = {task: ways(facts, task) for task in TASKS}
    axes: tuple[tuple[str, Callable[[Record], float]], ...] = (
        ("parameters that train", lambda run: run["trainable_parameters"]),
        ("seconds of a run", lambda run: run["seconds"]["whole"]),
    )
    return {
        "sizes": SIZES,
        "figures": [
            {
                "across": across,
                "task": TASK_WORDS[task],
                "names": list(enumerate((way.name for way in drawn[task]), 1)),
                "drawings": list(drawings(facts, task, drawn[task], across, taken)),
            }
            for across, taken in axes
            for task in TASKS
            if len(drawn[task]) > 1
        ],
    }


def ways(facts: Facts, task: Task) -> list[Way]:
    """Return the heads of a task, the parts and everything, as far as recorded."""
    heads, parts = (
        sorted({record["arm"] for record in facts.records(study)})
        for study in (HEADS, PARTS)
    )
    mark = OF_TASK[task]
    return [
        *(
            Way(f"frozen, {arm.removeprefix(mark)}", (Side(HEADS, arm),))
            for arm in heads
            if arm.startswith(mark)
        ),
        *(Way(arm, (Side(PARTS, arm),)) for arm in parts),
        Way("everything", (Side(WIDER, "none_frozen"), EVERYTHING)),
    ]


def drawings(
    facts: Facts,
    task: Task,
    listed: list[Way],
    across: str,
    taken: Callable[[Record], float],
) -> Iterator[Scatter]:
    """Yield a drawing per corpus that has recorded ways."""
    looks = [f"{plain(size, 0)} sentences" for size in SIZES]
    for corpus in CORPORA:
        spots = [
            spot(facts, number, way, corpus, task, look, taken)
            for look in range(len(SIZES))
            for number, way in enumerate(listed, 1)
        ]
        if found := [one for one in spots if one is not None]:
            title = f"{corpus_name(corpus, task)}: {task_title(task)}"
            yield Scatter(title, across, found, looks)


def spot(
    facts: Facts,
    number: int,
    way: Way,
    corpus: str,
    task: Task,
    look: int,
    taken: Callable[[Record], float],
) -> Spot | None:
    """Return a way's mean score over seeds, or None with fewer than two of them."""
    for side in way.sides:
        runs: Runs = facts.evidence.runs(side, corpus).get(SIZES[look], {})
        if len(runs) > 1:
            scores = facts.evidence.scores(side, corpus, SIZES[look], SCORE_OF[task])
            found = mean_difference(scores)
            low, high = max(found.low, 0.0), min(found.high, 1.0)  # of any score
            ends = (100 * found.difference, 100 * low, 100 * high)
            at = median(map(taken, runs.values()))
            return Spot(number, way.name, at, *ends, look)
    return None
