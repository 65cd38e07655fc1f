"""A backbone by its hidden states: read at any layer, or run from one upwards.

Lesson: 04_backbone_frozen. Hidden states are numbered: 0 is what the embeddings give, n
what the n-th layer gives. Shapes: B sentences, T word pieces, H the backbone's width.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from mtlhelpers.errors import InputError
from mtlhelpers.model.encoders.families import climb_layers

HiddenStates = Mapping[int, Tensor]  # hidden states by number, each (B, T, H)


class LayerReading(NamedTuple):
    """The hidden states that a head reads: their mean, or one after another."""

    layers: tuple[int, ...]
    joined: bool = False

    @property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """The means that stand one after another; S of them."""
        return tuple((n,) for n in self.layers) if self.joined else (self.layers,)

    def of(self, states: HiddenStates) -> Tensor:
        """Read hidden states: (B, T, S · H)."""
        means = [mean_of(states, layers) for layers in self.parts]
        return means[0] if len(means) == 1 else torch.cat(means, -1)


def mean_of(states: HiddenStates, layers: tuple[int, ...]) -> Tensor:
    """Return the mean of some hidden states, (B, T, H)."""
    read = [states[layer] for layer in layers]
    return read[0] if len(read) == 1 else torch.stack(read).mean(0)


def check_layers(
    backbone: PreTrainedModel, layers: Sequence[int] | None
) -> tuple[int, ...]:
    """The numbers of hidden states to read, each once; the last one for None.

    Raises `ValueError` for a number that the backbone does not have.
    """
    last: int = backbone.config.num_hidden_layers
    numbers = [last] if layers is None else sorted(set(layers))
    if not numbers or not set(numbers) <= set(range(last + 1)):
        raise InputError(
            f"layers {layers!r}: name hidden states from 0 (the embeddings) to {last}"
        )
    return tuple(map(int, numbers))


def hidden_states(
    backbone: PreTrainedModel,
    numbers: Collection[int],
    input_ids: Tensor,
    attention_mask: Tensor | None = None,
) -> HiddenStates:
    """Run the backbone on (B, T) word pieces; return the hidden states of numbers."""
    last: int = backbone.config.num_hidden_layers
    if set(numbers) == {last}:
        return {last: backbone(input_ids, attention_mask).last_hidden_state}
    states = backbone(
        input_ids, attention_mask, output_hidden_states=True
    ).hidden_states
    return {number: states[number] for number in numbers}


def climb(
    backbone: PreTrainedModel,
    hidden: Tensor,
    attention_mask: Tensor | None,
    numbers: Collection[int],
    start: int,
) -> HiddenStates:
    """As `hidden_states`, from the hidden state `start` instead of the word pieces.

    hidden: (B, T, H); numbers: none below `start`.
    """
    return climb_layers(backbone, hidden, attention_mask, start, max(numbers))
