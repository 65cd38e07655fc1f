"""What a model says of one sentence, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mtlhelpers.data.spans import spans_of


@dataclass(frozen=True)
class Prediction:
    """Word-level tags and a sentence label, each with its probability (0 to 1)."""

    words: list[str]
    tags: list[str]  # one a word; empty without an NER head
    tag_probabilities: list[float]
    label: str | None
    label_probabilities: dict[str, float]

    @classmethod
    def from_logits(
        cls,
        words: list[str],
        labels: Sequence[str],
        tags: Sequence[str],
        sentence_logits: Tensor | None,  # (L,)
        word_logits: Tensor | None,  # (K, G), one row a word with a piece
        kept_words: np.ndarray,  # (K,)
    ) -> "Prediction":
        label, label_probabilities = None, {}
        if sentence_logits is not None:
            shares = sentence_logits.softmax(-1)
            label = labels[int(shares.argmax())]
            label_probabilities = dict(zip(labels, shares.tolist()))
        # A word without a piece is O, and that is certain: nothing else can be said.
        word_tags = ["O"] * len(words) if tags else []
        probabilities = [1.0] * len(word_tags)
        if word_logits is not None:
            best = word_logits.softmax(-1).max(-1)
            for word, share, tag in zip(kept_words, best.values, best.indices):
                word_tags[word], probabilities[word] = tags[int(tag)], float(share)
        return cls(words, word_tags, probabilities, label, label_probabilities)

    @property
    def label_probability(self) -> float | None:
        return self.label_probabilities[self.label] if self.label else None

    @property
    def entities(self) -> list[tuple[str, str]]:
        """The spans as (text, type), in order."""
        return [
            (" ".join(self.words[start:end]), kind)
            for start, end, kind in spans_of(self.tags)
        ]

    def __str__(self) -> str:
        parts = [f"{text} [{kind}]" for text, kind in self.entities] or ["no entity"]
        if self.label is not None:
            parts.insert(0, f"{self.label} ({self.label_probability:.2f})")
        return " · ".join(parts)
