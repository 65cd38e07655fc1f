"""Heads of every kind, by the settings that a plan gives for a task."""

import itertools

from helpers import tall, tiny

import mtlhelpers as mtl
from mtlhelpers.model.heads.specs import COMBINES, KINDS

READS = [
    {"combine": combine} | layers
    for combine in COMBINES
    for layers in ({}, {"layers": [1, 3]})
]
BUILT = [
    (task, {"kind": kind} | reads)
    for task, kinds in KINDS.items()
    for kind, reads in itertools.product(kinds, READS)
]
FILLED = [
    (task, {"kind": kind, "fit": fit, "combine": combine})
    for task, kinds in {"sentence": ["linear"], "ner": ["linear", "context"]}.items()
    for kind, fit, combine in itertools.product(
        kinds, ["class_means", "logistic"], ["mean", "join"]
    )
]
ALONE = {
    "sentence": "ner_head_and_backbone_frozen",
    "ner": "sentence_head_and_backbone_frozen",
}


def name_of(case: object) -> str | None:
    """What a test of a case is called."""
    if isinstance(case, dict):
        return "-".join(str(value) for value in case.values())
    return None


def model(task: str, settings: dict, corpus: mtl.Corpus | None = None, **reads):
    """Four layers; one head of a kind, weights large enough for a fault to show."""
    found = tall.model(corpus, heads={task: settings}, dropout=0.0, **reads).eval()
    for head in tall.HEADS:
        for tensor in getattr(found, head).parameters():
            tensor.data.mul_(3)
    return found


def plan(task: str, settings: dict, **more) -> mtl.Plan:
    """A plan for this head alone, over a frozen backbone."""
    return tiny.plan(ALONE[task], heads={task: settings}, **more)
