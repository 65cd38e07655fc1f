"""One BERT, two heads, by default linear: the model that every lesson freezes.

Shapes, here and in the comments: B sentences, T word pieces, H the backbone's width,
L labels, G tags, K words of a sentence with a word piece. Lesson: 01_shared_model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mtlhelpers.errors import BackboneError, InputError
from mtlhelpers.model.backbone_files import blaming, first_line
from mtlhelpers.model.backbones import load_backbone
from mtlhelpers.model.encoders.families import build_encoder, longest_of
from mtlhelpers.model.heads.pair import HeadPair, Logits
from mtlhelpers.model.heads.specs import Heads
from mtlhelpers.model.layers import hidden_states
from mtlhelpers.model.lora import fit_adapters
from mtlhelpers.model.prediction import Prediction, RawSentence, predict
from mtlhelpers.model.saving import REMEDY, About, read_model, write_model
from mtlhelpers.model.scenarios import HEADS

MAX_LENGTH = 128  # word pieces, unless told
SHORTEST = 3  # [CLS], one piece, [SEP]


class SharedModel(HeadPair):
    """A shared backbone with a `sentence_classifier` and an `ner_classifier`.

    The backbone has no pooler: its 590,592 parameters (at width 768) would train
    without being used.
    """

    def __init__(
        self,
        backbone: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        labels: Sequence[str],
        tags: Sequence[str],
        *,
        seed: int = 0,
        pooling: str = "mean",
        layers: Sequence[int] | None = None,
        heads: Heads | None = None,
        name: str = "",
    ) -> None:
        super().__init__(backbone, labels, tags, seed, pooling, layers, heads or {})
        self.tokenizer, self.name = tokenizer, name
        self.provenance: dict[str, Any] = {}  # what `train` last did: Run.provenance
        nn.Module.register_load_state_dict_pre_hook(backbone, fit_adapters)
        self.max_length = None

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
        heads: Heads | None = None,
        max_length: int | None = None,
    ) -> "SharedModel":
        """Build the model on a named backbone, a folder, a hub id or `random:<name>`.

        `seed` draws the heads (and a random backbone), each from its own stream;
        `heads` says by task of which kind, `{"ner": "bilstm"}`, or with which settings
        of `HeadSpec`. Sentences are cut at `max_length` word pieces, by default 128.
        Raises `BackboneError` where the backbone is not there.
        """
        encoder, tokenizer = load_backbone(backbone, seed)
        names = labels, tags
        model = cls(encoder, tokenizer, *names, seed=seed, heads=heads, name=backbone)
        model.read(pooling, layers)
        model.max_length = max_length
        return model

    @property
    def max_length(self) -> int:
        """Word pieces that are read of a sentence, [CLS] and [SEP] among them.

        Set it, up to the positions of the backbone; None gives the default, 128.
        """
        return self._max_length

    @max_length.setter
    def max_length(self, length: int | None) -> None:
        longest = longest_of(self.backbone.config)
        length = min(MAX_LENGTH, longest) if length is None else length
        if type(length) is not int or not SHORTEST <= length <= longest:
            raise InputError(
                f"max_length {length!r}: give a whole number from {SHORTEST} to "
                f"{longest}, the positions of this backbone"
            )
        self._max_length = length

    def train(self, mode: bool = True) -> "SharedModel":
        """As `nn.Module.train`, but whatever is wholly frozen stays in eval mode.

        Dropout in a frozen part would blur features that never adapt to it.
        """
        super().train(mode)
        if mode:
            _rest_frozen(self)
        return self

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        word_mask: Tensor | None = None,
        **_: Tensor,
    ) -> Logits:
        """Logits for a batch of `collate`; the labels in it are not looked at.

        `word_mask` (B, T) is needed by a head of words that reads neighbours.
        """
        batch = input_ids, attention_mask
        states = hidden_states(self.backbone, self.numbers, *batch)
        return self.answer(states, attention_mask, word_mask)

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
        specs = {task: spec.to_dict() for task, spec in self.specs.items()}
        heads = {task: told for task, told in specs.items() if told} or None
        length, provenance = self.max_length, self.provenance or None
        about = About(*names, self.pooling, layers, length, provenance, heads)
        config, state = self.backbone.config, self.state_dict()
        with torch.device("meta"):  # takes no memory, and draws no numbers
            backbone = build_encoder(config)
            plain = SharedModel(
                backbone, self.tokenizer, self.labels, self.tags, heads=self.specs
            )
        try:
            for name in HEADS.values():
                head = getattr(self, name)
                if type(head) is not type(getattr(plain, name)):
                    raise InputError(f"{name} is {type(head).__name__}")
            plain.load_state_dict({name: t.to("meta") for name, t in state.items()})
            write_model(Path(folder), (about, config, self.tokenizer, state))
        except (RuntimeError, InputError) as error:
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
            backbone, name = build_encoder(config), about.backbone
            names = about.labels, about.tags
            model = cls(backbone, tokenizer, *names, heads=about.heads, name=name)
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
