"""A model of four layers, so that some can be frozen below others, and its passes."""

from collections import Counter

import torch
from helpers import tiny
from hypothesis import strategies as st

import mtlhelpers as mtl

LAYERS = 4
HEADS = ("sentence_classifier", "ner_classifier")
PARTS = ("backbone.embeddings", *(f"backbone.layer.{i}" for i in range(LAYERS)))
# Which hidden states the heads read, 0 being the output of the embeddings.
READ = st.lists(st.integers(0, LAYERS), min_size=1, max_size=3, unique=True).map(
    lambda numbers: tuple(sorted(numbers))
)
POOLINGS = st.sampled_from(["mean", "first"])
# Any parts of the backbone, and at least one head, since nothing trains without a loss.
SCENARIOS = st.builds(
    lambda parts, heads: mtl.Scenario([*parts, *heads]),
    st.lists(st.sampled_from(PARTS), unique=True),
    st.lists(st.sampled_from(HEADS), unique=True, min_size=1),
)


def top(count: int, heads: tuple[str, ...] = HEADS) -> mtl.Scenario:
    """The scenario that trains so many of the highest layers, and heads."""
    return mtl.Scenario([*PARTS[len(PARTS) - count :], *heads])


def model(
    corpus: mtl.Corpus | None = None, *, dropout: float = 0.1, **reads
) -> mtl.SharedModel:
    """Four layers, each 32 wide; every call gives equal weights."""
    corpus = corpus or tiny.corpus()
    rates = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    encoder = tiny.encoder(num_hidden_layers=LAYERS, **rates)
    return mtl.SharedModel(
        encoder, tiny.tokenizer(), corpus.labels, corpus.tags, **reads
    )


class Passes:
    """Counts the sentences that go through the embeddings (0) and layers 1, 2, …

    `up_to[n]` is how often the hidden state n was computed, summed over sentences.
    """

    def __init__(self, model: mtl.SharedModel) -> None:
        self.up_to: Counter[int] = Counter()
        modules = [model.backbone.embeddings, *model.backbone.encoder.layer]
        for number, module in enumerate(modules):
            module.register_forward_hook(self._note(number))

    def _note(self, number: int):
        def note(_module, _inputs, output: torch.Tensor) -> None:
            self.up_to[number] += len(output)

        return note


def distinct(corpus: mtl.Corpus, *splits: str) -> int:
    """How many different sentences some splits hold together."""
    return len({tuple(t) for split in splits for t in corpus.splits[split]["tokens"]})
