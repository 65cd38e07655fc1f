"""One BERT, two linear heads: the model that every lesson freezes.

Shapes, here and in the comments: B sentences, T word pieces, H the backbone's width,
L labels, G tags. Lesson: 01_shared_model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertModel, BertTokenizer

from mtlhelpers.data.streams import stream
from mtlhelpers.data.words import split_words
from mtlhelpers.model.backbones import load_backbone
from mtlhelpers.model.layers import check_layers, hidden_at
from mtlhelpers.model.prediction import Prediction, predict_words
from mtlhelpers.model.saving import read_model, write_model

POOLINGS = ("mean", "first")
HEADS = {"sentence": "sentence_classifier", "ner": "ner_classifier"}


class Logits(NamedTuple):
    """What the heads say; None where the model has no such head."""

    sentence: Tensor | None  # (B, L)
    ner: Tensor | None  # (B, T, G), or (words, G) on gathered words


class SharedModel(nn.Module):
    """A shared backbone with a `sentence_classifier` and an `ner_classifier`.

    Either head is None where its names are empty. Both read the mean of the hidden
    states that `layers` numbers, by default the last alone. The backbone has no pooler:
    its 590,592 parameters (at width 768) would train without being used.
    """

    def __init__(
        self,
        backbone: BertModel,
        tokenizer: BertTokenizer,
        labels: Sequence[str],
        tags: Sequence[str],
        *,
        seed: int = 0,
        pooling: str = "mean",
        layers: Sequence[int] | None = None,
        name: str = "",
    ) -> None:
        super().__init__()
        if not labels and not tags:
            raise ValueError("a model needs labels, tags, or both")
        self.labels, self.tags = list(labels), list(tags)
        self.tokenizer, self.name = tokenizer, name
        width = backbone.config.hidden_size
        self.backbone = backbone
        self.read(pooling, check_layers(backbone, layers))
        self.sentence_classifier = nn.Linear(width, len(labels)) if labels else None
        self.ner_classifier = nn.Linear(width, len(tags)) if tags else None
        for head in HEADS.values():
            self.reset_head(head, seed)

    @classmethod
    def from_backbone(
        cls,
        backbone: str,
        labels: Sequence[str] = (),
        tags: Sequence[str] = (),
        *,
        seed: int = 0,
        pooling: str = "mean",
        layers: Sequence[int] | None = None,
    ) -> "SharedModel":
        """Build the model on a named backbone, a folder, a hub id or `random:<name>`.

        `seed` draws the heads (and a random backbone), each from its own stream.
        Raises `BackboneError` where the backbone is not there.
        """
        encoder, tokenizer = load_backbone(backbone, seed)
        reads = {"pooling": pooling, "layers": layers}
        return cls(encoder, tokenizer, labels, tags, seed=seed, name=backbone, **reads)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the model has a head for."""
        return tuple(
            task for task, head in HEADS.items() if self.head(task) is not None
        )

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def head(self, task: str) -> nn.Linear | None:
        """The head of `sentence` or `ner`."""
        return getattr(self, HEADS[task])

    def read(
        self, pooling: str | None = None, layers: Sequence[int] | None = None
    ) -> None:
        """Choose what the heads read from here on; None leaves it as it is.

        Raises `ValueError` for an unknown pooling or hidden state.
        """
        if pooling is not None and pooling not in POOLINGS:
            known = ", ".join(POOLINGS)
            raise ValueError(f"pooling {pooling!r} is not one of {known}")
        if layers is not None:
            self.layers = check_layers(self.backbone, layers)
        if pooling is not None:
            self.pooling = pooling

    def reset_head(self, head: str, seed: int) -> None:
        """Draw a head's weights again, normal with deviation 0.02, biases zero."""
        layer: nn.Linear | None = getattr(self, head)
        if layer is None:
            return
        weights = stream(seed, head).normal(0.0, 0.02, size=tuple(layer.weight.shape))
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights))
            layer.bias.zero_()

    def train(self, mode: bool = True) -> "SharedModel":
        """As `nn.Module.train`, but whatever is wholly frozen stays in eval mode.

        Dropout in a frozen part would blur features that never adapt to it.
        """
        super().train(mode)
        if mode:
            _rest_frozen(self)
        return self

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Tensor) -> Logits:
        """Logits for a batch of `collate`; the labels in it are not looked at."""
        hidden = hidden_at(self.backbone, self.layers, input_ids, attention_mask)
        return self.classify(self.pool(hidden, attention_mask), hidden)

    def pool(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector a sentence: (B, T, H) to (B, H), padding left out."""
        if self.pooling == "first":
            return hidden[:, 0]  # [CLS]
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)  # (B, T, 1)
        return (hidden * weights).sum(1) / weights.sum(1)

    def classify(self, pooled: Tensor, words: Tensor) -> Logits:
        """Apply the heads: pooled (B, H), words (..., H)."""
        return Logits(
            None
            if self.sentence_classifier is None
            else self.sentence_classifier(pooled),
            None if self.ner_classifier is None else self.ner_classifier(words),
        )

    @torch.no_grad()
    def predict(
        self, sentences: Sequence[str | Sequence[str]], batch_size: int = 32
    ) -> list[Prediction]:
        """Label and tag raw text, or lists of words.

        Raw text is split as `split_words` does. A word without a word piece is `O`.
        """
        if isinstance(sentences, str):
            raise TypeError("predict takes a list of sentences, not one string")
        words = [split_words(s) if isinstance(s, str) else list(s) for s in sentences]
        if not all(words):
            raise ValueError(f"sentence {words.index([])} is empty")
        return [
            prediction
            for start in range(0, len(words), batch_size)
            for prediction in predict_words(self, words[start : start + batch_size])
        ]

    def save(self, folder: str | Path) -> None:
        """Write weights (safetensors), configuration, names and tokenizer (JSON).

        The folder is, at every moment, absent, its old self, or whole.
        """
        described = {
            "backbone": self.name,
            "labels": self.labels,
            "tags": self.tags,
            "pooling": self.pooling,
            "layers": list(self.layers),
        }
        config, tokenizer = self.backbone.config, self.tokenizer
        write_model(Path(folder), self.state_dict(), config, tokenizer, described)

    @classmethod
    def load(cls, folder: str | Path) -> "SharedModel":
        """Read what `save` wrote. Raises `BackboneError` naming what is missing."""
        state, config, tokenizer, described = read_model(Path(folder))
        name = described.pop("backbone")
        backbone = BertModel(config, add_pooling_layer=False)
        model = cls(backbone, tokenizer, **described, name=name)
        model.load_state_dict(state)
        return model.eval()


def _rest_frozen(module: nn.Module) -> None:
    """Set what has parameters, none of which trains, to eval mode, from the top down.

    A part that is wholly frozen is done at once, not module by module: a training of
    heads comes here once an epoch, and may have a thousand.
    """
    if any(p.requires_grad for p in module.parameters()):
        for child in module.children():
            _rest_frozen(child)
    elif next(module.parameters(), None) is not None:
        module.eval()
