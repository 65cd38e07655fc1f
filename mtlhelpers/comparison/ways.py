"""The ways to train that are compared, cheap ones first, and what they are called."""

from collections.abc import Iterable
from typing import NamedTuple

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.errors import InputError
from mtlhelpers.model.scenarios import HEADS, SCENARIOS, USUAL_WAYS, find_scenario
from mtlhelpers.study.protocol import FROZEN

FROZEN_BEST = USUAL_WAYS[0]


class Way(NamedTuple):
    """A scenario, and its name in a sentence."""

    scenario: str
    advice: str  # "Train everything"
    noun: str  # "training everything"


_WORDS = (
    ("Freeze the backbone", "freezing the backbone"),
    ("Train everything", "training everything"),
    ("Train the heads, then everything", "heads first"),
    ("Train LoRA adapters", "LoRA"),
)
OFFERED = tuple(Way(one, *words) for one, words in zip(USUAL_WAYS, _WORDS, strict=True))
# Compared where they are named.
NAMED_WAYS = (
    Way(FROZEN, "Freeze the backbone, with linear heads", "linear heads alone"),
    Way(
        "last_3_layers",
        "Train the last three layers",
        "training the last three layers",
    ),
)
# Run once beside them, and never advised: what no training at all comes to.
BASELINE = Way("class_means", "Train nothing", "class means of frozen vectors")
# The task that was learned before, and the ways to learn the other one beside it.
KEEPERS = {
    "sentence": (
        Way(
            "sentence_head_and_backbone_frozen",
            "Train the NER head alone",
            "the NER head alone (3B)",
        ),
        Way(
            "sentence_head_frozen",
            "Train everything but the sentence head",
            "all but the sentence head (3A)",
        ),
        Way(
            "sentence_head_frozen_loss_kept",
            "Train everything but the sentence head, with its loss kept on",
            "3A with the sentence loss kept on",
        ),
    ),
    "ner": (
        Way(
            "ner_head_and_backbone_frozen",
            "Train the sentence head alone",
            "the sentence head alone",
        ),
        Way(
            "ner_head_frozen",
            "Train everything but the NER head",
            "all but the NER head",
        ),
    ),
}


def choose_ways(
    corpus: Corpus, scenarios: Iterable[str] = (), keep: str = ""
) -> tuple[Way, ...]:
    """Return the named ways in their order; else those for the case, cheap ones first.

    Raises `ValueError` for one that needs a task more than the corpus has.
    """
    known = {w.scenario: w for w in (*NAMED_WAYS, *OFFERED, *sum(KEEPERS.values(), ()))}
    if keep and len(corpus.tasks) < 2:
        raise InputError(
            f"{corpus.name} has one task: keeping {keep} needs another one to learn"
        )
    if not scenarios:
        return KEEPERS[keep] if keep else OFFERED
    names = [find_scenario(name).name for name in scenarios]
    if unfit := sorted(set(names) - set(runnable(corpus, names))):
        raise InputError(f"{corpus.name} has one task: {', '.join(unfit)} needs two")
    return tuple(known.get(n, Way(n, f"Train as in {n}", n)) for n in names)


def runnable(corpus: Corpus, scenarios: Iterable[str]) -> list[str]:
    """The scenarios that mean something here: freezing one of two heads needs two."""
    both = len(corpus.tasks) == 2
    heads = set(HEADS.values())
    return [s for s in scenarios if both or len(heads & {*SCENARIOS[s].train}) != 1]
