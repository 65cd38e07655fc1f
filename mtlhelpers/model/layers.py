"""A backbone by its hidden states: read at any layer, or run from one upwards.

Lesson: 04_backbone_frozen. Hidden states are numbered: 0 is what the embeddings give, n
what the n-th layer gives. Shapes: B sentences, T word pieces, H the backbone's width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import BertModel
from transformers.masking_utils import create_bidirectional_mask


def check_layers(backbone: BertModel, layers: Sequence[int] | None) -> tuple[int, ...]:
    """The numbers of hidden states to read, each once; the last one for None.

    Raises `ValueError` for a number that the backbone does not have.
    """
    last: int = backbone.config.num_hidden_layers
    numbers = [last] if layers is None else sorted(set(layers))
    if not numbers or not set(numbers) <= set(range(last + 1)):
        raise ValueError(
            f"layers {layers!r}: name hidden states from 0 (the embeddings) to {last}"
        )
    return tuple(map(int, numbers))


def hidden_at(
    backbone: BertModel,
    layers: tuple[int, ...],
    input_ids: Tensor,
    attention_mask: Tensor | None = None,
) -> Tensor:
    """The mean of some hidden states: (B, T) to (B, T, H)."""
    if layers == (backbone.config.num_hidden_layers,):
        last: Tensor = backbone(input_ids, attention_mask).last_hidden_state
        return last  # (B, T, H)
    states = backbone(
        input_ids, attention_mask, output_hidden_states=True
    ).hidden_states
    return torch.stack([states[layer] for layer in layers]).mean(0)


def climb(
    backbone: BertModel,
    hidden: Tensor,
    attention_mask: Tensor | None,
    layers: tuple[int, ...],
    start: int,
) -> Tensor:
    """As `hidden_at`, from the hidden state `start` instead of the word pieces.

    hidden: (B, T, H); layers: none below `start`.
    """
    mask = create_bidirectional_mask(
        config=backbone.config, inputs_embeds=hidden, attention_mask=attention_mask
    )
    states = {start: hidden}
    for number in range(start, layers[-1]):
        hidden = backbone.encoder.layer[number](hidden, mask)
        states[number + 1] = hidden
    read = [states[layer] for layer in layers]
    return read[0] if len(read) == 1 else torch.stack(read).mean(0)
