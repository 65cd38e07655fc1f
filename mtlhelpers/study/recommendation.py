"""A recommended scenario, what to expect of it, and its account in words.

Lesson: 08_what_should_i_freeze.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.study.nearest import Expected, Near
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
