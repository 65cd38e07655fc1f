"""Two heads over one stack of hidden states: what they read, and what they say.

Shapes: B sentences, T word pieces, W words; H the backbone's width, F what a head reads
of it; L labels, G tags.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from mtlhelpers.data.streams import stream
from mtlhelpers.errors import InputError
from mtlhelpers.model.backbones import check_seed
from mtlhelpers.model.heads.kinds import (
    Head,
    apply_head,
    build_head,
    check_spec,
    draw_head,
    reading_of,
    reads_neighbours,
)
from mtlhelpers.model.heads.specs import Heads, HeadSpec
from mtlhelpers.model.layers import HiddenStates, LayerReading, check_layers
from mtlhelpers.model.scenarios import HEADS, POOLINGS


class Logits(NamedTuple):
    """What the heads say; None where the model has no such head."""

    sentence: Tensor | None  # (B, L)
    ner: Tensor | None  # (B, T, G), or (words, G) on gathered words


class HeadPair(nn.Module):
    """A `sentence_classifier` and an `ner_classifier` above a backbone.

    Either is None where its names are empty. Both read the mean of the hidden states
    that `layers` numbers, by default the last alone, unless `specs` says otherwise.
    """

    sentence_classifier: Head | None
    ner_classifier: Head | None

    def __init__(
        self,
        backbone: PreTrainedModel,
        labels: Sequence[str],
        tags: Sequence[str],
        seed: int,
        pooling: str,
        layers: Sequence[int] | None,
        heads: Heads,
    ) -> None:
        super().__init__()
        if not labels and not tags:
            raise InputError("a model needs labels, tags, or both")
        self.labels, self.tags = list(labels), list(tags)
        self.backbone = backbone
        self.read(pooling, check_layers(backbone, layers))
        self.specs: dict[str, HeadSpec] = {}  # by task
        self.shape_heads({**dict.fromkeys(HEADS, HeadSpec()), **heads}, seed)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the model has a head for."""
        return tuple(task for task in HEADS if self.head(task) is not None)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def head(self, task: str) -> Head | None:
        """The head of `sentence` or `ner`."""
        head: Head | None = getattr(self, HEADS[task])
        return head

    @property
    def readings(self) -> dict[str, LayerReading]:
        """The hidden states that each task's head reads."""
        last: int = self.backbone.config.num_hidden_layers
        return {t: reading_of(one, self.layers, last) for t, one in self.specs.items()}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The hidden states that the heads read between them, lowest first."""
        read = (reading.layers for reading in self.readings.values())
        return tuple(sorted(set().union(*read)))

    def read(
        self, pooling: str | None = None, layers: Sequence[int] | None = None
    ) -> None:
        """Choose what the heads read from here on; None leaves it as it is.

        Raises `ValueError` for an unknown pooling or hidden state.
        """
        if pooling not in (None, *POOLINGS):
            raise InputError(f"pooling {pooling!r} is not one of {', '.join(POOLINGS)}")
        if layers is not None:
            self.layers = check_layers(self.backbone, layers)
        if pooling is not None:
            self.pooling = pooling

    def shape_heads(self, specs: Heads, seed: int) -> None:
        """Give tasks heads of these kinds; draw what has another shape than before.

        Raises `ValueError` for hidden states that the backbone does not have, and for a
        kind that the task has no use for.
        """
        for task, given in specs.items():
            spec, before = check_spec(self.backbone, task, given), self._shape(task)
            self.specs[task] = spec
            if self._shape(task) != before:
                states = len(self.readings[task].parts)
                names = self.labels if task == "sentence" else self.tags
                width = self.backbone.config.hidden_size
                head = build_head(spec, width, states, len(names)) if names else None
                setattr(self, HEADS[task], head and head.to(self.device))
                self.reset_head(HEADS[task], seed)

    def _shape(self, task: str) -> tuple[str, bool, int] | None:
        if task not in self.specs:
            return None
        spec = self.specs[task]
        return spec.kind, spec.combine == "mix", len(self.readings[task].parts)

    def reset_head(self, head: str, seed: int) -> None:
        """Draw a head's weights again, normal with deviation 0.02, biases zero."""
        check_seed(seed)
        if getattr(self, head) is not None:
            draw_head(getattr(self, head), stream(seed, head))

    def answer(
        self, states: HiddenStates, attention_mask: Tensor, word_mask: Tensor | None
    ) -> Logits:
        """Logits from hidden states of a batch, each (B, T, H)."""
        pooled, hidden = self.see(states, attention_mask)
        if not reads_neighbours(self.ner_classifier):
            return self.classify(pooled, hidden)
        if word_mask is None:
            raise InputError("this NER head reads neighbouring words: pass word_mask")
        found = self.classify(pooled, hidden[word_mask], word_mask.sum(1))
        assert found.ner is not None
        ner = found.ner.new_zeros(*word_mask.shape, len(self.tags))  # (B, T, G)
        ner[word_mask] = found.ner
        return Logits(found.sentence, ner)

    def see(
        self, states: HiddenStates, attention_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what the heads see: of sentences (B, F), of word pieces (B, T, F)."""
        readings = self.readings
        seen = {reading: reading.of(states) for reading in set(readings.values())}
        pooled = self.pool(seen[readings["sentence"]], attention_mask)
        return pooled, seen[readings["ner"]]

    def pool(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector per sentence: (B, T, H) to (B, H), padding left out."""
        if self.pooling == "first":
            return hidden[:, 0]  # [CLS]
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
        return (hidden * weights).sum(1) / weights.sum(1)

    def classify(
        self, pooled: Tensor, words: Tensor, lengths: Tensor | None = None
    ) -> Logits:
        """Apply the heads: pooled (B, F), words (..., F); `lengths` (B,) says how many
        words each sentence has, where words stand one after another."""
        return Logits(
            apply_head(self.sentence_classifier, pooled),
            apply_head(self.ner_classifier, words, lengths),
        )
