"""The claims under test: what each says, what decides it, what would say otherwise.

Lesson: 08_what_should_i_freeze. Recorded runs decide those that `rules.py` names, fresh
checks those of `checks.py`; of the rest `untested` says what it would take.
"""

import math
from dataclasses import dataclass
from typing import Any

from mtlhelpers.study.protocol import BACKBONE, Verdict


@dataclass(frozen=True)
class Claim:
    """A statement under test, in our words."""

    id: str
    lesson: str  # its number
    statement: str
    decided_by: str
    opposite: str  # what would have shown the opposite
    untested: str = ""  # why nothing decides it yet


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "1.1",
        "03",
        "With everything frozen nothing learns: no gradient is computed.",
        "every tensor before and after a training, its gradients, and what is said",
        "a tensor that changed, or a gradient that exists",
    ),
    Claim(
        "1.2",
        "03",
        "With everything frozen, what the model says depends on the weights it came "
        "with alone.",
        "test answers of 20 random heads, before and after training on either set",
        "one answer that a training changed",
    ),
    Claim(
        "1.3",
        "03",
        "A fully trained model, all frozen, is useful for inference.",
        "answers of a trained model and of the same reloaded and frozen",
        "one logit that differs",
    ),
    Claim(
        "2.1",
        "02",
        "With the backbone frozen the heads alone train: some 15 thousand parameters "
        "of some 110 million.",
        "counts from unique tensors, from the formula, and from what a training moved",
        "three counts that differ, or other orders of magnitude",
    ),
    Claim(
        "2.2",
        "04",
        "A frozen backbone trains faster, because fewer parameters are updated.",
        "seconds a step of both, and the share of the saving that is the update's",
        "a step no faster; for the reason, an update that saves the lesser part",
    ),
    Claim(
        "2.3",
        "07",
        "On little data a frozen backbone prevents overfitting.",
        "train minus test smaller, and the test score no lower, at 300 sentences",
        "a gap that is no smaller, or one bought with a lower test score",
    ),
    Claim(
        "2.4",
        "08",
        "A frozen backbone keeps the language understanding of pre-training.",
        "what training everything loses on a nearest-neighbour probe of another corpus",
        "a probe that loses nothing when everything trains",
    ),
    Claim(
        "2.5",
        "07",
        "A frozen backbone limits adaptation, and caps what can be reached.",
        "test score against training everything, at the largest size",
        "a frozen backbone that reaches as much",
    ),
    Claim(
        "3A.1",
        "05",
        "A frozen head's task may degrade when the backbone moves under it.",
        "sentence accuracy after the NER training minus before it",
        "an accuracy that stays within a point",
    ),
    Claim(
        "3A.2",
        "05",
        "A frozen head over a moving backbone adapts to NER and preserves the sentence "
        "task.",
        "NER gained over a frozen backbone, and sentence accuracy no lower, together",
        "NER that gains nothing, or a sentence task that pays for it",
    ),
    Claim(
        "3A.3",
        "08",
        "A lower rate for the backbone than for the head helps.",
        "best pair of rates minus best shared rate, as many configurations tried",
        "a shared rate that does as well",
    ),
    Claim(
        "3A.4",
        "05",
        "The frozen head's task is forgotten, unless something such as regularisation "
        "mitigates it.",
        "sentence accuracy with learning without forgetting minus without, same steps",
        "a mitigation that keeps no more than none",
    ),
    Claim(
        "3B.1",
        "06",
        "With backbone and sentence head frozen only the NER head trains, as in "
        "training on one task.",
        "the NER head, bit by bit, beside one trained without a sentence head",
        "one bit that differs",
    ),
    Claim(
        "3B.2",
        "06",
        "With backbone and sentence head frozen, backbone and sentence task stay as "
        "they were.",
        "sentence logits before and after on the same batches, bit by bit",
        "one logit that differs",
    ),
    Claim(
        "4.0",
        "08",
        "Pre-training on masked words and next sentences fits both tasks.",
        "bert-base-uncased against its random weights",
        "random weights that do as well",
        untested="minilm is distilled and tuned for similarity: this takes runs of "
        "bert-base-uncased and of random:bert-base-uncased side by side",
    ),
    Claim(
        "4.1",
        "08",
        "Pre-training helps both tasks.",
        "minilm minus the same architecture with random weights, everything trained",
        "random weights that do as well",
    ),
    Claim(
        "4.2",
        "07",
        "On limited data, below 10,000 samples, freeze the backbone.",
        "test score of a frozen backbone minus training everything, at 300 sentences",
        "training everything ahead on little data",
    ),
    Claim(
        "4.3",
        "07",
        "On sufficient data, train everything.",
        "the same difference at the largest size",
        "a frozen backbone that is ahead at the largest size",
    ),
    Claim(
        "4.4",
        "07",
        "The border between the two lies at about 10,000 samples.",
        "the crossover size with its interval: within 5,000 to 20,000 or outside",
        "a crossover elsewhere, or none among the sizes",
    ),
    Claim(
        "4.5",
        "08",
        "Training everything on both tasks improves on each task alone.",
        "both tasks minus each alone, as many updates a task",
        "a single task that does as well by itself",
    ),
)


def find_claim(key: str) -> Claim:
    """The claim of an id. Raises `ValueError` that names the ids there are."""
    for claim in CLAIMS:
        if claim.id == key:
            return claim
    known = ", ".join(claim.id for claim in CLAIMS)
    raise ValueError(f"no claim {key!r}: the ids are {known}")


@dataclass(frozen=True)
class Decision:
    """A verdict, and what it rests on."""

    corpus: str
    task: str  # sentence, ner or both; of claim 2.2: time and reason
    size: int | None  # training sentences
    verdict: Verdict
    said: str  # what was found, or why nothing was tested, in words
    difference: float | None = None
    interval: tuple[float, float] | None = None
    seeds: int = 0  # how many
    records: tuple[str, ...] = ()  # ids; none where a check ran afresh
    backbone: str = BACKBONE

    @property
    def where(self) -> str:
        """The corpus, with the backbone where it is another than the report's."""
        own = self.backbone == BACKBONE
        return self.corpus if own else f"{self.corpus} with {self.backbone}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; an end of the interval without bound is None."""
        ends = self.interval
        if ends is not None:
            ends = [end if math.isfinite(end) else None for end in ends]
        return {**vars(self), "interval": ends, "records": list(self.records)}
