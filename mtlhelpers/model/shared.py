"""One BERT, two linear heads: the model that every lesson freezes.

Shapes, here and in the comments: B sentences, T word pieces, H the backbone's width,
L labels, G tags, K words of a sentence with a word piece. Lesson: 01_shared_model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertModel, BertTokenizer

from mtlhelpers.data.streams import stream
from mtlhelpers.model.backbone_files import BackboneError, blaming, first_line
from mtlhelpers.model.backbones import check_seed, load_backbone
from mtlhelpers.model.layers import check_layers, hidden_at
from mtlhelpers.model.lora import fit_adapters
from mtlhelpers.model.prediction import Prediction, RawSentence, predict
from mtlhelpers.model.saving import REMEDY, About, read_model, write_model
from mtlhelpers.model.scenarios import HEADS, POOLINGS

MAX_LENGTH = 128  # word pieces, unless told
SHORTEST = 3  # [CLS], one piece, [SEP]


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
        self.provenance: dict[str, Any] = {}  # what `train` last did: Run.provenance
        width = backbone.config.hidden_size
        self.backbone = backbone
        nn.Module.register_load_state_dict_pre_hook(backbone, fit_adapters)
        self.read(pooling, check_layers(backbone, layers))
        self.max_length = None
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
        max_length: int | None = None,
    ) -> "SharedModel":
        """Build the model on a named backbone, a folder, a hub id or `random:<name>`.

        `seed` draws the heads (and a random backbone), each from its own stream.
        Sentences are cut at `max_length` word pieces, by default 128.
        Raises `BackboneError` where the backbone is not there.
        """
        encoder, tokenizer = load_backbone(backbone, seed)
        model = cls(encoder, tokenizer, labels, tags, seed=seed, name=backbone)
        model.read(pooling, layers)
        model.max_length = max_length
        return model

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the model has a head for."""
        return tuple(task for task in HEADS if self.head(task) is not None)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @property
    def max_length(self) -> int:
        """Word pieces that are read of a sentence, [CLS] and [SEP] among them.

        Set it, up to the positions of the backbone; None gives the default, 128.
        """
        return self._max_length

    @max_length.setter
    def max_length(self, length: int | None) -> None:
        longest: int = self.backbone.config.max_position_embeddings
        length = min(MAX_LENGTH, longest) if length is None else length
        if type(length) is not int or not SHORTEST <= length <= longest:
            raise ValueError(
                f"max_length {length!r}: give a whole number from {SHORTEST} to "
                f"{longest}, the positions of this backbone"
            )
        self._max_length = length

    def head(self, task: str) -> nn.Linear | None:
        """The head of `sentence` or `ner`."""
        head: nn.Linear | None = getattr(self, HEADS[task])
        return head

    def read(
        self, pooling: str | None = None, layers: Sequence[int] | None = None
    ) -> None:
        """Choose what the heads read from here on; None leaves it as it is.

        Raises `ValueError` for an unknown pooling or hidden state.
        """
        if pooling not in (None, *POOLINGS):
            raise ValueError(f"pooling {pooling!r} is not one of {', '.join(POOLINGS)}")
        if layers is not None:
            self.layers = check_layers(self.backbone, layers)
        if pooling is not None:
            self.pooling = pooling

    def reset_head(self, head: str, seed: int) -> None:
        """Draw a head's weights again, normal with deviation 0.02, biases zero."""
        check_seed(seed)
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
        """One vector per sentence: (B, T, H) to (B, H), padding left out."""
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

    def predict(
        self, sentences: Sequence[RawSentence], batch_size: int = 64
    ) -> list[Prediction]:
        """Label and tag raw text, or lists of words, in eval mode.

        Raw text is split as `split_words` does; each word knows its place in the text.
        A blank sentence and None have an empty answer in their place. A word without a
        word piece, or beyond `max_length`, has the tag None; of sentences that are cut
        a warning tells.
        """
        return predict(self, sentences, batch_size)

    def save(self, folder: str | Path) -> None:
        """Write weights, configuration, names and tokenizer into a folder, as one file.

        The folder is absent, empty, or holds an earlier model, which gives way at once
        and whole. Raises `BackboneError` for a folder with anything else in it and for
        a model that `load` could not build again; `OSError` where writing fails.
        """
        names, layers = (self.name, self.labels, self.tags), list(self.layers)
        length, provenance = self.max_length, self.provenance or None
        about = About(*names, self.pooling, layers, length, provenance)
        config, state = self.backbone.config, self.state_dict()
        with torch.device("meta"):  # takes no memory, and draws no numbers
            backbone = BertModel(config, add_pooling_layer=False)
            plain = SharedModel(backbone, self.tokenizer, self.labels, self.tags)
        try:
            for name in HEADS.values():
                head = getattr(self, name)
                if type(head) is not type(getattr(plain, name)):
                    raise RuntimeError(f"{name} is {type(head).__name__}")
            plain.load_state_dict({name: t.to("meta") for name, t in state.items()})
            write_model(Path(folder), (about, config, self.tokenizer, state))
        except RuntimeError as error:
            raise BackboneError(
                f"`load` could not build this model again ({first_line(error)}). Put "
                f"plain parts with weights of their own back, or keep its state_dict()."
            ) from error

    @classmethod
    def load(cls, folder: str | Path) -> "SharedModel":
        """Read what `save` wrote, in eval mode.

        Raises `BackboneError` that names the file that is missing, damaged or unfit.
        """
        about, config, tokenizer, state = read_model(Path(folder))
        with blaming(Path(folder), REMEDY):
            backbone, name = BertModel(config, add_pooling_layer=False), about.backbone
            model = cls(backbone, tokenizer, about.labels, about.tags, name=name)
            model.read(about.pooling, about.layers)
            model.max_length = about.max_length
            model.provenance = about.provenance or {}
            model.load_state_dict(state)
        return model.eval()


def _rest_frozen(module: nn.Module) -> None:
    """Set what has parameters, none of which trains, to eval mode, from the top down.

    A part that is wholly frozen is done at once, not module by module: a training of
    heads comes here once per epoch, and may have a thousand.
    """
    if any(p.requires_grad for p in module.parameters()):
        for child in module.children():
            _rest_frozen(child)
    elif next(module.parameters(), None) is not None:
        module.eval()
