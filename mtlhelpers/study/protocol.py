"""Every number of the report that was fixed before the runs, and its words."""

import math
from enum import StrEnum
from typing import Literal

CONFIDENCE = 0.975  # of each of the two tasks, so that both hold together at 95 %
MARGINS = {"accuracy": 0.01, "ner_f1": 0.02, "seconds": math.log(1.1)}


class Verdict(StrEnum):
    """What recorded runs say about a claim; `verdict` gives all but the last."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NO_DIFFERENCE = "no practical difference"
    UNDECIDED = "undecided"
    NOT_TESTED = "not tested"


Task = Literal["sentence", "ner"]
Score = Literal["accuracy", "ner_f1"]

TASKS: tuple[Task, ...] = ("sentence", "ner")
SCORE_OF: dict[Task, Score] = {"sentence": "accuracy", "ner": "ner_f1"}

# What a study may measure of a trained model besides its scores (running/probes.py).
MEASURES = ("probe", "gradient_cosines", "answers")

BACKBONE = "minilm"  # what the report is made with
EVERYTHING, FROZEN = "none_frozen", "backbone_frozen"  # the two that are compared

DISJOINT_PAIR = "clinc150-oos+wnut17"  # without the label oos
PUBLISHED = ("snips+2000", "hwu64", DISJOINT_PAIR)
TRANSFER = (*PUBLISHED, "newsdesk")
LESSON_05 = ("newsdesk", "snips")
# What corpora are called wherever people read.
CORPUS_NAMES = {
    "snips": "SNIPS",
    "snips+2000": "SNIPS",
    "hwu64": "HWU64",
    "hwu64+2000": "HWU64",
    DISJOINT_PAIR: "CLINC150, WNUT17",
    "newsdesk": "newsdesk",
}
# The same where both test sets of a corpus stand side by side.
TEST_SET_NAMES = CORPUS_NAMES | {
    "snips": "SNIPS, published test set",
    "hwu64+2000": "HWU64, larger test set",
}

SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
# Where a corpus ends, in sentences (of each task, in the disjoint pair). Beyond 3,000,
# newsdesk would add hours and little else: its sentences are variants of few.
ENDS = {"snips+2000": 10_990, "hwu64": 9_260, DISJOINT_PAIR: 3_000, "newsdesk": 3_000}
MANY_SEEDS, FEW_SEEDS = 10, 5  # up to 1,000 sentences, and above


def sizes_of(corpus: str) -> list[int]:
    """The training sizes at which a corpus is studied; the last is where it ends."""
    end = ENDS[corpus]
    return [size for size in SIZES if size < end] + [end]


def seeds_at(size: int) -> int:
    """How many seeds a training size is run with."""
    return MANY_SEEDS if size <= 1_000 else FEW_SEEDS


def probed_corpus(trained: str) -> str:
    """Whose labels the probe asks for: a corpus that the model was not trained on."""
    return "hwu64" if trained.startswith("clinc150") else "clinc150"
