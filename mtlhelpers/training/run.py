"""What a training leaves behind: history, scores, times, and the proof of freezing."""

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from torch import Tensor

from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.model.freezing import frozen_tensors
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.plan import Plan


@dataclass(frozen=True)
class Scores:
    """Scores from 0 to 1, None where a task is absent, with their counts.

    `majority_*` is what always saying the most frequent label and `O` would get.
    """

    accuracy: float | None
    macro_f1: float | None
    ner_f1: float | None  # lenient, as conlleval
    ner_f1_strict: float | None
    exact_match: float | None  # label and every tag of the sentence right
    majority_accuracy: float | None
    majority_exact_match: float | None  # majority entity F1 is 0: O has no spans
    labelled_sentences: int
    tagged_sentences: int
    sentences_with_both: int  # what exact match is counted on
    words: int
    spans: int  # in the gold
    predicted_spans: int
    truncated_sentences: int
    words_without_piece: int

    def __str__(self) -> str:
        rows = [
            (
                "accuracy",
                self.accuracy,
                self.majority_accuracy,
                self.labelled_sentences,
            ),
            ("macro F1", self.macro_f1, None, self.labelled_sentences),
            ("NER F1 (lenient)", self.ner_f1, 0.0, self.spans),
            ("NER F1 (strict)", self.ner_f1_strict, 0.0, self.spans),
            (
                "exact match",
                self.exact_match,
                self.majority_exact_match,
                self.sentences_with_both,
            ),
        ]
        lines = [f"{'':18}{'score':>7}{'majority':>10}{'counted on':>12}"]
        for name, score, majority, count in rows:
            if score is not None:
                beside = "-" if majority is None else f"{majority:.3f}"
                unit = "spans" if name.startswith("NER") else "sentences"
                lines.append(f"{name:18}{score:7.3f}{beside:>10}{count:>8} {unit}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Outcomes:
    """What became of each of N sentences: enough to draw them again by bootstrap."""

    label_right: list[bool | None]  # None without a gold label
    true_spans: list[int]
    predicted_spans: list[int]
    correct_spans: list[int]


@dataclass(frozen=True)
class FreezingProof:
    """Frozen tensors and buffers, before and after, by their digests."""

    tensors: int
    digest_before: str
    digest_after: str
    moved: tuple[str, ...]  # names of frozen tensors that changed, by a bit or more

    @property
    def holds(self) -> bool:
        return not self.moved

    @property
    def max_change(self) -> float:
        """Exactly 0.0; infinite where something moved, since no copy tells how far."""
        return math.inf if self.moved else 0.0

    def __str__(self) -> str:
        verdict = "bit-identical" if self.holds else f"MOVED: {', '.join(self.moved)}"
        return (
            f"{self.tensors} frozen tensors: {verdict} "
            f"(sha256 {self.digest_before[:12]} before, {self.digest_after[:12]} "
            f"after, largest change {self.max_change})"
        )


@dataclass
class FreezingWitness:
    """Digests of what is frozen, taken before training, to compare with afterwards.

    Digests and not copies: those of a frozen backbone would double its memory.
    """

    before: dict[str, str]

    @classmethod
    def watch(cls, model: SharedModel) -> "FreezingWitness":
        return cls(_digests(frozen_tensors(model)))

    def compare(self, model: SharedModel) -> FreezingProof:
        """Compare with the model's tensors of the same names now."""
        now = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        after = _digests({name: now[name] for name in self.before})
        return FreezingProof(
            tensors=len(self.before),
            digest_before=_digest_of(self.before),
            digest_after=_digest_of(after),
            moved=tuple(n for n, digest in self.before.items() if digest != after[n]),
        )


def _digests(tensors: dict[str, Tensor]) -> dict[str, str]:
    return {name: digest_tensors({name: t}) for name, t in tensors.items()}


def _digest_of(digests: dict[str, str]) -> str:
    text = json.dumps(digests, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Run:
    """One plan carried out."""

    plan: Plan  # with everything filled in
    scores: Scores  # on test, at the end
    before: Scores  # on test, at the start of the last stage
    train_scores: Scores  # on sentences of the last stage, at the end
    history: list[dict[str, Any]]  # one entry an epoch
    proof: FreezingProof
    seconds: dict[str, float]  # setup (features, …), steps, total; no scoring
    steps: int
    batches: dict[str, int]  # batches that held a label of each task
    total_parameters: int
    trainable_parameters: int
    environment: dict[str, Any]  # device, threads, versions
    outcomes: Outcomes  # of each test sentence, at the end
    first: "Run | None" = None
    notes: tuple[str, ...] = field(default=())

    def history_table(self) -> pd.DataFrame:
        """The history, one row an epoch."""
        return (
            pd.DataFrame(self.history).set_index("epoch")
            if self.history
            else pd.DataFrame()
        )

    def __str__(self) -> str:
        lines = [
            f"{self.plan.scenario}, seed {self.plan.seed}: {self.steps} steps in "
            f"{self.seconds['total']:.1f} s, {self.trainable_parameters:,} of "
            f"{self.total_parameters:,} parameters trained",
            *self.notes,
            str(self.scores),
            str(self.proof),
        ]
        return "\n".join(lines)
