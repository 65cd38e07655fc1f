"""What to freeze in a case of one's own: the question, the answer, and its words.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtlhelpers.study.advice.neighbours import (
    FAR,
    FRESH,
    KEEPING,
    Advice,
    Expected,
    Near,
    advise,
    distance,
    nearest,
)
from mtlhelpers.study.advice.seconds import expected_seconds
from mtlhelpers.study.protocol import TASKS, Task
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.training.plan import Plan

if TYPE_CHECKING:
    from mtlhelpers.data.corpus import Corpus

SCORE_NAMES: dict[Task, str] = {"sentence": "accuracy", "ner": "NER F1"}
BY_CONSTRUCTION = (
    "With the backbone frozen as well, NER stays as it is to the last bit (3B.2). What "
    "the sentence head reaches on a backbone trained for NER is not recorded."
)
NOTHING_NEAR = (
    "The studies in {studies} have no runs of both scenarios at a size within "
    f"{FAR} times of {{size:,}} sentences."
)


@dataclass(frozen=True)
class Case:
    """What is asked about."""

    corpus: "Corpus | None"  # None: a number of sentences alone
    size: int  # training sentences (of each task, in a disjoint corpus)
    tasks: tuple[Task, ...]  # to be learned
    kept: Task | None = None  # a task whose trained head must keep its scores

    def __str__(self) -> str:
        size = f"{self.size:,} training sentences, to learn {' and '.join(self.tasks)}"
        return f"{size}, to keep {self.kept}" if self.kept else size


@dataclass(frozen=True)
class Recommendation:
    """A scenario for a case, what to expect of it, and what that is based on."""

    case: Case
    scenario: str | None  # None: not known
    why: str
    # By scenario, what might be done instead too, and task; from 0 to 1.
    expected: Mapping[str, Mapping[Task, Expected]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)  # here, an estimate
    plan: Plan | None = None  # for `train`
    near: tuple[Near, ...] = ()

    @property
    def records(self) -> tuple[str, ...]:
        """Ids of the records that it is based on."""
        return tuple(key for one in self.near for key in one.records)

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; scores are from 0 to 1, an interval that is not known null."""
        expected = {
            scenario: {task: score.to_dict() for task, score in scores.items()}
            for scenario, scores in self.expected.items()
        }
        return {
            "case": str(self.case),
            "scenario": self.scenario,
            "why": self.why,
            "expected": expected,
            "seconds": dict(self.seconds),
            "plan": self.plan and self.plan.to_dict(),
            "records": self.records,
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def recommend(
    corpus_or_size: "Corpus | str | Path | int",
    tasks: Sequence[str] | None = None,
    budget: float | None = None,
    *,
    keep: str = "",
    studies: str | Path = "studies",
    device: str = "auto",
) -> Recommendation:
    """Recommend a scenario for a corpus, or for so many training sentences.

    It is the one that the recorded runs nearest in size speak for. Expected scores come
    with the 95 % interval for one more corpus like the recorded ones or, where the
    corpus is itself recorded, for one more seed. Seconds are an estimate: those of the
    recorded runs, scaled to this machine. What records do not reach is not known.

    Args:
        corpus_or_size: a corpus, what `load_corpus` takes, or a number of sentences.
        tasks: those to learn, of "sentence" and "ner"; None: all there are but `keep`.
        budget: seconds that training may take; None: any.
        keep: a task whose scores a trained model must keep while it learns the other.
        studies: the folder with the recorded studies.
        device: where training would run: "auto", "cpu", "cuda".

    Raises:
        ValueError: for a task that is unknown or not in the corpus, one to learn and to
            keep at once, a size or budget that is not above 0, and a device that is not
            there.
        StudyError: where the folder with the studies is not there.
    """
    case = _case(corpus_or_size, tasks, keep)
    if budget is not None and not budget > 0:
        raise ValueError(f"the budget must be above 0 seconds, not {budget}")
    if case.kept == "ner":
        return Recommendation(case, "ner_head_and_backbone_frozen", BY_CONSTRUCTION)
    near = _near(case, Studies.below(studies))
    if not near:
        why = NOTHING_NEAR.format(studies=studies, size=case.size)
        return Recommendation(case, None, why)
    return _from_records(case, near, budget, device)


def _case(
    corpus_or_size: "Corpus | str | Path | int", tasks: Sequence[str] | None, keep: str
) -> Case:
    there: Sequence[str]
    if isinstance(corpus_or_size, int | Integral):  # also one of numpy's
        corpus, size = None, int(corpus_or_size)
        there, name = TASKS, "what is recorded"
    else:
        from mtlhelpers.data.corpus import Corpus  # a second of imports
        from mtlhelpers.data.load import load_corpus

        given = corpus_or_size
        corpus = given if isinstance(given, Corpus) else load_corpus(given)
        size, there, name = _training_sentences(corpus), corpus.tasks, corpus.name
    if size < 1:
        raise ValueError(
            f"the number of training sentences must be above 0, not {size}"
        )
    if tasks is None:
        tasks = [task for task in there if task != keep]
    asked = (tasks,) if isinstance(tasks, str) else tuple(tasks)
    for task in (*asked, *([keep] if keep else [])):
        if task not in there:
            raise ValueError(f"no task {task!r}: {name} has {' and '.join(there)}")
    if not asked or keep in asked:
        raise ValueError("a task that is kept cannot be learned too: name another")
    learned = tuple(task for task in TASKS if task in asked)
    return Case(corpus, size, learned, next((t for t in TASKS if t == keep), None))


def _training_sentences(corpus: "Corpus") -> int:
    """All, or those of the task that has fewer."""
    train = corpus.splits["train"]
    columns = {"sentence": "label", "ner": "tags"}
    return min(
        sum(cell is not None for cell in train[columns[task]][:])
        for task in corpus.tasks
    )


def _near(case: Case, studies: Studies) -> list[Near]:
    """Records of the very corpus, if there are such; else of every corpus."""
    near = nearest(studies, KEEPING if case.kept else FRESH, case.size)
    own = [one for one in near if case.corpus and one.is_of(case.corpus)]
    return own or near


def _from_records(
    case: Case, near: Sequence[Near], budget: float | None, device: str
) -> Recommendation:
    advice = advise(near, case.tasks, case.kept)
    closest = min(near, key=lambda one: distance(one.size, case.size))
    seconds = {
        scenario: expected_seconds(runs, case.size, case.corpus, device)
        for scenario, runs in closest.runs.items()
    }
    scenario, why = _within(budget, advice, seconds)
    plan = _plan(scenario, closest, case) if scenario else None
    return Recommendation(
        case, scenario, why, advice.expected, seconds, plan, advice.near
    )


def _plan(scenario: str, near: Near, case: Case) -> Plan:
    """As the nearest run was trained: as many steps if smaller, epochs if larger."""
    run = near.runs[scenario][0]
    plan = Plan.from_dict(run["plan"]).scaled_to(case.size, run["steps"])
    first = plan.first and replace(plan.first, train_size=case.size, skip=0, seed=0)
    return replace(
        plan,
        train_size=case.size,
        skip=0,
        seed=0,
        tasks=case.tasks,
        first=first,
        track=False,
    )


def _within(
    budget: float | None, advice: Advice, seconds: Mapping[str, float]
) -> tuple[str | None, str]:
    """The advised scenario or, if that takes too long, one that does not."""
    said = f"The nearest records speak for {advice.scenario}, {_how_surely(advice)}."
    if not advice.keeps:
        said += " The other one costs the task to keep more than its margin somewhere."
    fit = [name for name, time in seconds.items() if budget is None or time <= budget]
    if advice.scenario in fit:
        return advice.scenario, said
    if fit:
        return fit[0], f"{said} That does not fit into {budget:g} s, and this does."
    return None, f"{said} No scenario fits into {budget:g} s: take fewer sentences."


def _how_surely(advice: Advice) -> str:
    if len(advice.near) == 1:
        return "on one corpus alone"
    if advice.agreed:
        return f"on all {len(advice.near)} corpora"
    return "but not on every corpus and task"


def _lines(one: Recommendation) -> Iterator[str]:
    yield f"{one.case}: {one.scenario or 'not known'}"
    yield one.why
    if one.expected:
        yield (
            f"expected, in % ({_interval_of(one)}), and seconds of training here, "
            f"estimated from those of the records:"
        )
    # What is recommended comes first.
    for scenario in sorted(one.expected, key=lambda name: name != one.scenario):
        scores = "; ".join(
            f"{SCORE_NAMES[task]} {score}"
            for task, score in one.expected[scenario].items()
        )
        # What the recorded runs of it did to keep a task.
        lwf = one.case.kept and scenario == "sentence_head_frozen"
        named = f"{scenario}, with learning without forgetting" if lwf else scenario
        yield f"  {named}: {scores}; about {one.seconds[scenario]:.0f} s"
    if one.plan:
        yield f"plan: {_in_short(one.plan)}"
    for near in one.near:
        means = ", ".join(
            f"{scenario} "
            + " / ".join(f"{100 * near.mean(scenario, task):.1f}" for task in TASKS)
            for scenario in near.runs
        )
        yield f"  from {near}, {' / '.join(SCORE_NAMES.values())}: {means}"


def _interval_of(one: Recommendation) -> str:
    if len(one.near) > 1:
        few = "; from two it cannot be narrow" if len(one.near) == 2 else ""
        return f"95 % interval for one more corpus like those below{few}"
    if one.case.corpus and one.near[0].is_of(one.case.corpus):
        return "95 % interval for one more seed on this corpus"
    return "95 % interval for one more seed on the one corpus below, not on yours"


def _in_short(plan: Plan) -> str:
    parts = [f"{plan.epochs} epochs in batches of {plan.batch_size}"]
    if plan.backbone_lr:
        parts.append(f"backbone rate {plan.backbone_lr:g}")
    parts.append(f"head rate {plan.head_lr:g}")
    if plan.layers:
        parts.append(f"heads read layers {', '.join(map(str, plan.layers))}")
    if plan.retention:
        parts.append(f"retention {plan.retention}, {plan.retention_strength:g}")
    return ", ".join(parts)
