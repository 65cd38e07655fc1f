"""What to freeze in a case of one's own: the question, and the answer from records.

Lesson: 09_what_should_i_freeze.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from mtlhelpers.errors import InputError
from mtlhelpers.study.advice.case import Case, find_case
from mtlhelpers.study.advice.curves import Needed, sentences_for
from mtlhelpers.study.advice.neighbours import (
    FAR,
    Beside,
    SideBySide,
    advised,
    beside_everything,
    cells_in,
    constant_rule,
    margin,
    nearest,
    over_corpora,
    published,
    side_by_side,
)
from mtlhelpers.study.advice.phrases import advice_lines
from mtlhelpers.study.advice.seconds import expected_seconds
from mtlhelpers.study.advice.summary import KEEPING, STAYING, Cell
from mtlhelpers.study.protocol import EVERYTHING, Task
from mtlhelpers.training.plan import Plan

if TYPE_CHECKING:
    from mtlhelpers.data.corpus import Corpus

BY_CONSTRUCTION = (
    "Train the sentence head alone: with the backbone frozen as well, NER stays as it "
    "is to the last bit (3B.2). What the sentence head reaches on a backbone trained "
    "for NER is not recorded."
)
# Of a recorded plan, what a plan of another size takes over.
CARRIED = ("backbone_lr", "head_lr", "batch_size", "retention", "retention_strength")


@dataclass(frozen=True)
class Recommendation:
    """A way for a case, what the records say of it beside others, and its plan."""

    case: Case
    scenario: str | None  # None: not known or, where a task is kept, yours to choose
    why: str
    # By way, near the case: with everything trained or, to keep a task, with the head
    # of the new task alone.
    beside: Beside = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)  # here, an estimate
    plans: Mapping[str, Plan] = field(default_factory=dict)  # for `train`
    needed: Mapping[Task, tuple[float, list[Needed]]] = field(default_factory=dict)
    checked: str = ""  # how often such advice is right

    @property
    def plan(self) -> Plan | None:
        """That of the recommended way."""
        return self.plans.get(self.scenario or "")

    @property
    def records(self) -> tuple[str, ...]:
        """Ids of the records that it is based on."""
        pairs = [both for near in self.beside.values() for both in near]
        ids = [key for both in pairs for key in (*both.one.ids, *both.other.ids)]
        return tuple(dict.fromkeys(ids))

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; differences are of scores from 0 to 1."""
        return {
            "case": str(self.case),
            "scenario": self.scenario,
            "why": self.why,
            "differences": {
                way: {task: _numbers(near, task) for task in self.case.tasks}
                for way, near in self.beside.items()
            },
            "kept": {
                way: {both.one.corpus: mean(both.one.kept) for both in near}
                for way, near in self.beside.items()
                if self.case.kept
            },
            "seconds": dict(self.seconds),
            "plan": self.plan and self.plan.to_dict(),
            "plans": {way: plan.to_dict() for way, plan in self.plans.items()},
            "needed": {
                task: {one.corpus: one.sentences for one in found}
                for task, (_, found) in self.needed.items()
            },
            "records": self.records,
        }

    def __str__(self) -> str:
        return "\n".join(advice_lines(self))


def _numbers(near: Sequence[SideBySide], task: Task) -> dict[str, Any]:
    over = over_corpora(near, task)
    by_corpus = {
        both.one.corpus: {
            "sentences": both.one.size,
            "seeds": len(both.seeds),
            "difference": both.difference(task).difference,
        }
        for both in near
    }
    return {"mean": over.difference, "low": over.low, "high": over.high} | {
        "corpora": by_corpus
    }


def recommend(
    corpus_or_size: "Corpus | str | Path | int",
    tasks: Sequence[str] | None = None,
    budget: float | None = None,
    *,
    keep: str = "",
    target_f1: float | None = None,
    target_accuracy: float | None = None,
    studies: str | Path | None = None,
    device: str = "auto",
) -> Recommendation:
    """Recommend a way to train on a corpus, or on so many training sentences.

    It gives differences of recorded ways at the nearest sizes, with the 95 % interval
    over corpora, or over seeds where the corpus is itself recorded. Seconds are those
    of recorded steps, scaled to this machine.

    Args:
        corpus_or_size: a corpus, what `load_corpus` takes, or a number of sentences.
        tasks: those to learn, of "sentence" and "ner"; None: all there are but `keep`.
        budget: seconds that training may take; None: any.
        keep: a task whose scores a trained model must keep while it learns the other.
        target_f1, target_accuracy: from 0 to 100; how many sentences did they take?
        studies: a folder with recorded studies; None: the summary of them that ships.
        device: where training would run: "auto", "cpu", "cuda".

    Raises:
        ValueError: for a task that is not there, or to learn and to keep at once, a
            size, budget or target out of range, and a device that is not there.
        StudyError: where the folder with the studies is not there.
    """
    case = find_case(corpus_or_size, tasks, keep)
    if budget is not None and not budget > 0:
        raise InputError(f"the budget must be above 0 seconds, not {budget}")
    targets = _targets(target_accuracy, target_f1)
    if case.kept == "ner":
        return Recommendation(case, "ner_head_and_backbone_frozen", BY_CONSTRUCTION)
    cells = cells_in(studies)
    needed = {t: (at, sentences_for(cells, t, at)) for t, at in targets.items()}
    return replace(_from_cells(case, cells, budget, device), needed=needed)


def _targets(accuracy: float | None, f1: float | None) -> dict[Task, float]:
    given: dict[Task, float | None] = {"sentence": accuracy, "ner": f1}
    targets = {task: value for task, value in given.items() if value is not None}
    for value in targets.values():
        if not 0 < value <= 100:
            raise InputError(f"a target must be above 0 and at most 100, not {value}")
    return {task: value / 100 for task, value in targets.items()}


def _from_cells(
    case: Case, cells: Sequence[Cell], budget: float | None, device: str
) -> Recommendation:
    beside = _beside(case, cells)
    if not beside:
        why = (
            f"No way but one is recorded within {FAR} times of {case.size:,} sentences."
        )
        return Recommendation(case, None, why)
    plans, seconds = {}, {}
    for way, own in _recorded_ways(beside, case.kept).items():
        plans[way] = _plan(way, own[0], case)
        each = [
            expected_seconds(cell, plans[way], case.size, case.corpus, device)
            for cell in own
        ]
        seconds[way] = median(each)
    fit = [way for way, time in seconds.items() if time <= (budget or inf)]
    if case.kept:
        beside = {way: near for way, near in beside.items() if way in fit}
        return Recommendation(
            case, None, _too_long(budget, fit), beside, seconds, plans
        )
    choice, why = _within(budget, advised(beside, case.tasks), fit, beside, case)
    return Recommendation(
        case, choice, why, beside, seconds, plans, checked=constant_rule(cells)
    )


def _beside(case: Case, cells: Sequence[Cell]) -> Beside:
    """From the very corpus, if it is recorded; else from all that count."""
    sha = case.corpus and case.corpus.fingerprint
    own = [cell for cell in cells if cell.corpus_sha256 == sha]
    if not case.kept:
        found = beside_everything(own, case.size)
        return found or beside_everything(published(cells), case.size)
    for some in (own, cells):
        near = {
            way: nearest([*side_by_side(some, way, STAYING)], case.size)
            for way in KEEPING
        }
        if any(both for way, both in near.items() if way != STAYING):
            return {way: both for way, both in near.items() if both}
    return {}


def _recorded_ways(beside: Beside, kept: Task | None) -> dict[str, list[Cell]]:
    """The cells of each way near the case, that of the other side first."""
    ways: dict[str, list[Cell]] = {}
    if not kept:
        most = max(beside.values(), key=len)
        ways[EVERYTHING] = [both.other for both in most]
    return ways | {way: [both.one for both in near] for way, near in beside.items()}


def _plan(way: str, cell: Cell, case: Case) -> Plan:
    """A way's defaults for this size; of one that keeps a task, at the recorded rates.

    What had trained that task before is yours, and no stage of it.
    """
    recorded = Plan.from_dict(dict(cell.plan))
    if way not in KEEPING:
        layers = recorded.layers
        return Plan(way, tasks=case.tasks, train_size=case.size, layers=layers)
    own = Plan(recorded.scenario, tasks=case.tasks, train_size=case.size)
    first = replace(own, scenario=STAYING) if way.endswith("head first") else None
    kept = {name: getattr(recorded, name) for name in CARRIED}
    return replace(own, first=first, **kept)


def _too_long(budget: float | None, fit: Sequence[str]) -> str:
    return "" if fit else f"No way fits into {budget:g} s: take fewer sentences."


def _within(
    budget: float | None,
    choice: str,
    fit: Sequence[str],
    beside: Beside,
    case: Case,
) -> tuple[str | None, str]:
    """The advised way or, if it takes too long, the best recorded one that does not."""
    if choice in fit:
        return choice, ""
    if not fit:
        return None, _too_long(budget, fit)
    other = max(
        (way for way in fit if way in beside),
        key=lambda way: mean(
            over_corpora(beside[way], t).difference / margin(t) for t in case.tasks
        ),
    )
    return other, f"Training everything does not fit into {budget:g} s, and this does."
