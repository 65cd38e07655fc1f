"""A recommended scenario, what to expect of it, and its account in words.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.study.advice.neighbours import (
    FAR,
    FRESH,
    KEEPING,
    Advice,
    Arms,
    Expected,
    Near,
    advise,
    distance,
    nearest,
)
from mtlhelpers.study.advice.seconds import expected_seconds
from mtlhelpers.study.protocol import BACKBONE, TASKS
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Choice
from mtlhelpers.training.plan import Plan

NAMES = {"sentence": "accuracy", "ner": "NER F1"}


@dataclass(frozen=True)
class Case:
    """What is asked about."""

    corpus: Corpus  # its sentences give the seconds
    size: int  # training sentences (of each task, in a disjoint corpus)
    tasks: tuple[str, ...]  # to be learned
    kept: str = ""  # a task whose trained head must keep its scores
    own: bool = True  # the corpus is the reader's, and not newsdesk to measure seconds

    def __str__(self) -> str:
        found = f"{self.size:,} training sentences, to learn {' and '.join(self.tasks)}"
        return f"{found}, to keep {self.kept}" if self.kept else found


@dataclass(frozen=True)
class Recommendation:
    """A scenario for a case, what to expect of it, and what that is based on."""

    case: Case
    scenario: str | None  # None: not known
    why: str
    # By scenario, what might be done instead too, and task; from 0 to 1.
    expected: Mapping[str, Mapping[str, Expected]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)  # here, by scenario
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


def _lines(found: Recommendation) -> Iterator[str]:
    yield f"{found.case}: {found.scenario or 'not known'}"
    yield found.why
    if found.expected:
        yield f"expected, in % ({_meaning(found)}), and seconds of training here:"
    # What is recommended comes first.
    for scenario in sorted(found.expected, key=lambda name: name != found.scenario):
        scores = "; ".join(
            f"{NAMES[task]} {score}" for task, score in found.expected[scenario].items()
        )
        named = _named(scenario, found.case)
        yield f"  {named}: {scores}; about {found.seconds[scenario]:.0f} s"
    if found.plan:
        yield f"plan: {_told(found.plan)}"
    for one in found.near:
        yield f"  from {one}, {' / '.join(NAMES.values())}: {_means(one)}"


def _named(scenario: str, case: Case) -> str:
    """A scenario, and what the recorded runs of it did to keep a task."""
    moves = case.kept and scenario == "sentence_head_frozen"
    return f"{scenario}, with learning without forgetting" if moves else scenario


def _meaning(found: Recommendation) -> str:
    if len(found.near) > 1:
        few = "; from two it cannot be narrow" if len(found.near) == 2 else ""
        return f"95 % interval for one more corpus like those below{few}"
    if found.case.own and found.near[0].is_of(found.case.corpus):
        return "95 % interval for one more seed on this corpus"
    return "95 % interval for one more seed on the one corpus below, not on yours"


def _means(one: Near) -> str:
    return ", ".join(
        f"{scenario} "
        + " / ".join(f"{100 * one.mean(scenario, task):.1f}" for task in NAMES)
        for scenario in one.runs
    )


def _told(plan: Plan) -> str:
    parts = [f"{plan.epochs} epochs in batches of {plan.batch_size}"]
    if plan.backbone_lr:
        parts.append(f"backbone rate {plan.backbone_lr:g}")
    parts.append(f"head rate {plan.head_lr:g}")
    if plan.layers:
        parts.append(f"heads read layers {', '.join(map(str, plan.layers))}")
    if plan.retention:
        parts.append(f"retention {plan.retention}, {plan.retention_strength:g}")
    return ", ".join(parts)


BY_CONSTRUCTION = (
    "With the backbone frozen as well, NER stays as it is to the last bit (3B.2). What "
    "the sentence head reaches on a backbone trained for NER is not recorded."
)


def recommend(
    corpus_or_size: Corpus | str | Path | int,
    tasks: Sequence[str] | None = None,
    budget: float | None = None,
    *,
    keep: str = "",
    studies: str | Path = "studies",
) -> Recommendation:
    """Recommend a scenario for a corpus, or for so many training sentences.

    It is the one that the recorded runs nearest in size speak for. Expected scores come
    with the 95 % interval for one more corpus like the recorded ones or, where the
    corpus is itself recorded, for one more seed. Seconds are those of training on this
    machine, counted up from a small part of it. What records do not reach is not known.

    Args:
        corpus_or_size: a corpus, what `load_corpus` takes, or a number of sentences.
        tasks: those to learn, of "sentence" and "ner"; None: all there are but `keep`.
        budget: seconds that training may take; None: any.
        keep: a task whose scores a trained model must keep while it learns the other.
        studies: the folder with the recorded studies.

    Raises:
        ValueError: for a task that is unknown or not in the corpus, one to learn and to
            keep at once, and a size or budget that is not above 0.
        StudyError: where the folder with the studies is not there.
    """
    case = _case(corpus_or_size, tasks, keep)
    if budget is not None and not budget > 0:
        raise ValueError(f"the budget must be above 0 seconds, not {budget}")
    if case.kept == "ner":
        return Recommendation(case, "ner_head_and_backbone_frozen", BY_CONSTRUCTION)
    return _from_records(case, budget, Path(studies))


def _from_records(case: Case, budget: float | None, studies: Path) -> Recommendation:
    arms = KEEPING if case.kept else FRESH
    near = _near(case, arms, Studies.below(studies))
    if not near:
        return Recommendation(case, None, _nothing_near(case, studies))
    advice = advise(near, case.tasks, case.kept)
    plans = {scenario: _plan(scenario, case, near) for scenario in arms}
    seconds = {
        scenario: expected_seconds(plan, case.corpus, BACKBONE)
        for scenario, plan in plans.items()
    }
    scenario, why = _within(budget, advice, seconds)
    plan = plans[scenario] if scenario else None
    return Recommendation(
        case, scenario, why, advice.expected, seconds, plan, advice.near
    )


def _case(
    corpus_or_size: Corpus | str | Path | int, tasks: Sequence[str] | None, keep: str
) -> Case:
    own = not isinstance(corpus_or_size, int)
    if not own:
        corpus, size, there = load_corpus("newsdesk"), corpus_or_size, TASKS
    else:
        corpus = corpus_or_size
        if not isinstance(corpus, Corpus):
            corpus = load_corpus(corpus)
        size, there = _training_sentences(corpus), corpus.tasks
    if size < 1:
        raise ValueError(
            f"the number of training sentences must be above 0, not {size}"
        )
    if tasks is None:
        tasks = [task for task in there if task != keep]
    asked = (tasks,) if isinstance(tasks, str) else tuple(tasks)
    for task in (*asked, *([keep] if keep else [])):
        if task not in there:
            known = " and ".join(there)
            raise ValueError(f"no task {task!r}: {corpus.name} has {known}")
    if not asked or keep in asked:
        raise ValueError("a task that is kept cannot be learned too: name another")
    return Case(corpus, size, asked, keep, own)


def _training_sentences(corpus: Corpus) -> int:
    """All, or those of the task that has fewer."""
    train = corpus.splits["train"]
    columns = {"sentence": "label", "ner": "tags"}
    return min(
        sum(cell is not None for cell in train[columns[task]][:])
        for task in corpus.tasks
    )


def _near(case: Case, arms: Arms, studies: Studies) -> list[Near]:
    """Records of the very corpus, if there are such; else of every corpus."""
    near = nearest(studies, arms, case.size)
    own = [one for one in near if case.own and one.is_of(case.corpus)]
    return own or near


def _nothing_near(case: Case, studies: Path) -> str:
    return (
        f"The studies in {studies} have no runs of both scenarios at a size within "
        f"{FAR} times of {case.size:,} sentences."
    )


def _plan(scenario: str, case: Case, near: Sequence[Near]) -> Plan:
    """As the nearest run was trained: as many steps if smaller, epochs if larger."""
    at = min(near, key=lambda one: distance(one.size, case.size))
    run = at.runs[scenario][0]
    recorded = Plan.from_dict(run["plan"])
    plan = Choice(scenario, at.corpus, BACKBONE, recorded, run["steps"]).at(case.size)
    same = {"train_size": case.size, "skip": 0, "seed": 0}
    first = plan.first and replace(plan.first, **same)
    return replace(plan, **same, tasks=case.tasks, first=first, track=False)


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
