"""What a model says of one sentence, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor

from mtlhelpers.data.encoding import collate, encode
from mtlhelpers.data.words import spans_of
from mtlhelpers.model.device import fast_products

if TYPE_CHECKING:
    from mtlhelpers.model.shared import SharedModel


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


@torch.no_grad()
def predict_words(model: "SharedModel", words: list[list[str]]) -> list[Prediction]:
    """Label and tag one batch of sentences, given as lists of words, in eval mode."""
    absent = [None] * len(words)
    rows = Dataset.from_dict({"tokens": words, "tags": absent, "label": absent})
    encoded = encode(rows, model.tokenizer)
    batch = collate(encoded, range(len(words)))
    was_training = model.training
    model.eval()
    with fast_products(model.device):
        logits = model(**{key: value.to(model.device) for key, value in batch.items()})
    model.train(was_training)
    label, ner = (None if found is None else found.cpu() for found in logits)
    return [
        Prediction.from_logits(
            sentence,
            model.labels,
            model.tags,
            None if label is None else label[i],
            None if ner is None else ner[i, encoded.first_pieces[i]],
            encoded.kept_words[i],
        )
        for i, sentence in enumerate(words)
    ]
