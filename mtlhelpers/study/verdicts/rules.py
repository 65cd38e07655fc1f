"""Which recorded runs decide a claim, and at which size.

Lesson: 08_what_should_i_freeze. The primary sizes of the transfer study and of the
further arms were written here before those runs; those of lesson 05's runs after them.
"""

from dataclasses import dataclass, replace
from typing import Literal

from mtlhelpers.study.protocol import (
    BACKBONE,
    BERT_BASE,
    FEW_SEEDS,
    JOINT,
    LESSON_05,
    PUBLISHED,
    TASKS,
    TRANSFER,
    seeds_at,
)
from mtlhelpers.study.records.record import Side


@dataclass(frozen=True)
class Comparison:
    """Two arms whose difference, first minus second, decides a claim."""

    first: Side
    second: Side
    claimed: Literal["higher", "lower"]  # where the first arm stands, by the claim
    corpora: tuple[str, ...]
    size: int | None  # the primary one; None: the largest that both have
    tasks: tuple[str, ...] = TASKS
    # The score on test, or on train minus test, or of the probe (measures.py).
    of: Literal["test", "gap", "probe"] = "test"
    # A task whose test score must be no lower as well; "own": the same task's.
    kept: Literal["own", "sentence"] | None = None
    seeds: int = FEW_SEEDS  # declared before the runs: with fewer there is no verdict
    backbone: str = BACKBONE


@dataclass(frozen=True)
class Crossing:
    """The training size at which the first arm's lead ends, and where it should lie."""

    first: Side
    second: Side
    low: int
    high: int
    corpora: tuple[str, ...]
    backbone: str = BACKBONE


Rule = Comparison | Crossing

FROZEN, FREE = Side("transfer", "backbone_frozen"), Side("transfer", "none_frozen")
MOVED = Side("one_head_frozen", "3A", (("backbone_lr", 3e-4),))
STAYED = Side("one_head_frozen", "3B")  # its sentence answers are those before 3A
KEPT = Side("one_head_frozen", "lwf")
MOVED_MORE, STAYED_MORE, KEPT_MORE = (
    Side("further", arm) for arm in ("3A", "3B", "3A, lwf")
)


def _frozen_against_free(
    claimed: Literal["higher", "lower"], size: int | None
) -> Comparison:
    seeds = seeds_at(size) if size else FEW_SEEDS
    return Comparison(FROZEN, FREE, claimed, TRANSFER, size, seeds=seeds)


def _on_one_head(
    first: tuple[Side, Side],
    second: tuple[Side, Side],
    claimed: Literal["higher", "lower"],
    task: str,
    kept: Literal["sentence"] | None = None,
) -> tuple[Comparison, ...]:
    """The same on lesson 05's runs, and on the further arms at 3,000 sentences."""
    where = (LESSON_05, 400), (JOINT, 3_000)
    return tuple(
        Comparison(one, other, claimed, corpora, size, (task,), kept=kept)
        for one, other, (corpora, size) in zip(first, second, where)
    )


def _beside_one_task(arm: str, task: str) -> Comparison:
    return Comparison(FREE, Side("further", arm), "higher", JOINT, 3_000, (task,))


RULES: dict[str, tuple[Rule, ...]] = {
    "2.3": (replace(_frozen_against_free("lower", 300), of="gap", kept="own"),),
    "2.4": (
        Comparison(FROZEN, FREE, "higher", PUBLISHED, 3_000, ("sentence",), of="probe"),
    ),
    "2.5": (_frozen_against_free("lower", None),),
    "3A.1": _on_one_head(
        (MOVED, MOVED_MORE), (STAYED, STAYED_MORE), "lower", "sentence"
    ),
    "3A.2": _on_one_head(
        (MOVED, MOVED_MORE), (STAYED, STAYED_MORE), "higher", "ner", kept="sentence"
    ),
    "3A.3": (
        Comparison(
            MOVED_MORE,
            Side("further", "3A, one rate"),
            "higher",
            JOINT,
            3_000,
        ),
    ),
    "3A.4": _on_one_head((KEPT, KEPT_MORE), (MOVED, MOVED_MORE), "higher", "sentence"),
    "4.1": (
        Comparison(FREE, Side("further", "random weights"), "higher", JOINT, 3_000),
    ),
    "4.2": (_frozen_against_free("higher", 300),),
    "4.3": (_frozen_against_free("lower", None),),
    # newsdesk at 10,000 would hold 1,350 independent sentences: it has no part here.
    "4.4": (Crossing(FROZEN, FREE, 5_000, 20_000, PUBLISHED),),
    "4.5": (
        _beside_one_task("sentence alone", "sentence"),
        _beside_one_task("ner alone", "ner"),
    ),
}


def on_bert_base(rule: Rule) -> Rule | None:
    """A rule on the transfer study as one on studies/bert_base; None for any other."""
    sides = rule.first, rule.second
    if any(side.study != FROZEN.study for side in sides):
        return None
    first, second = (side._replace(study=BERT_BASE) for side in sides)
    return replace(rule, first=first, second=second, backbone="bert-base-uncased")
