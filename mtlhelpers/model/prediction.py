"""What a model says of one sentence, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mtlhelpers.data.words import spans_of


@dataclass(frozen=True)
class Prediction:
    """Word-level tags and a sentence label, each with its probability (0 to 1).

    A word that the model did not see has the tag None and the probability None: it has
    no word piece, or stands beyond the length limit.
    """

    words: list[str]
    tags: list[str | None]  # one per word; empty without an NER head
    tag_probabilities: list[float | None]
    label: str | None
    label_probabilities: dict[str, float]

    @classmethod
    def from_logits(
        cls,
        words: list[str],
        labels: Sequence[str],
        tags: Sequence[str],
        sentence_logits: Tensor | None,  # (L,)
        word_logits: Tensor | None,  # (K, G), one row per word with a piece
        kept_words: np.ndarray,  # (K,) the numbers of those words
    ) -> "Prediction":
        """Choose the likeliest label, and the likeliest tag of each word."""
        label, label_probabilities = None, {}
        if sentence_logits is not None:
            shares = sentence_logits.softmax(-1)  # (L,)
            label = labels[int(shares.argmax())]
            label_probabilities = dict(zip(labels, shares.tolist()))
        word_tags: list[str | None] = [None] * len(words) if tags else []
        probabilities: list[float | None] = [None] * len(word_tags)
        if word_logits is not None:
            best = word_logits.softmax(-1).max(-1)  # values and indices, each (K,)
            for word, share, tag in zip(kept_words, best.values, best.indices):
                word_tags[word], probabilities[word] = tags[int(tag)], float(share)
        return cls(words, word_tags, probabilities, label, label_probabilities)

    @property
    def label_probability(self) -> float | None:
        """The probability of the label; None without a sentence head."""
        return None if self.label is None else self.label_probabilities[self.label]

    @property
    def entities(self) -> list[tuple[str, str]]:
        """The spans as (text, type), in order; a word without a tag is in none."""
        return [
            (" ".join(self.words[start:end]), kind)
            for start, end, kind in spans_of([tag or "O" for tag in self.tags])
        ]

    def __str__(self) -> str:
        parts = [f"{text} [{kind}]" for text, kind in self.entities] or ["no entity"]
        if self.label is not None:
            parts.insert(0, f"{self.label} ({self.label_probability:.2f})")
        return " · ".join(parts)
