"""The pass through the backbone that gives hidden states."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.model.device import fast_products
from mtlhelpers.model.layers import climb, hidden_at
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.arrays import States, bounds, spread


def equal_length_batches(lengths: np.ndarray, pieces: int = 512) -> list[np.ndarray]:
    """Every sentence once, sentences of one length together: no padding at all.

    `pieces` bounds the word pieces of a batch. For passes without training. The largest
    batches come first, so that the memory of one serves the next; 512 pieces take half
    the memory of 1,024, and a tenth more time.
    """
    batches = []
    for length in np.unique(lengths)[::-1]:
        rows = np.flatnonzero(lengths == length)
        size = max(1, pieces // int(length))
        batches += [rows[i : i + size] for i in range(0, len(rows), size)]
    return sorted(batches, key=lambda rows: -len(rows) * lengths[rows[0]])


def extract_states(
    model: SharedModel,
    encoded: Encoded,
    rows: np.ndarray | None = None,
    layers: tuple[int, ...] | None = None,
    below: tuple[States, int] | None = None,
) -> States:
    """Run the backbone in eval mode and keep the mean of some hidden states.

    `rows` chooses sentences, `layers` hidden states (by default those that the heads
    read). `below` starts from stored states of these sentences and their number.
    """
    rows = np.arange(len(encoded)) if rows is None else rows
    lengths = encoded.lengths[rows]
    starts, width = bounds(lengths), model.backbone.config.hidden_size
    kind = {"dtype": model.backbone.dtype, "device": model.device}
    pieces = torch.empty(int(starts[-1]), width, **kind)
    means = torch.empty(len(rows), width, **kind)
    for batch, hidden, mean in run_backbone(model, encoded, rows, layers, below):
        pieces[spread(starts, batch)] = hidden
        means[batch] = mean
    return States.of(pieces, means, lengths)


def run_backbone(
    model: SharedModel,
    encoded: Encoded,
    rows: np.ndarray,
    layers: tuple[int, ...] | None = None,
    below: tuple[States, int] | None = None,
) -> Iterator[tuple[np.ndarray, Tensor, Tensor]]:
    """As `extract_states`, batch by batch, in the order of `equal_length_batches`.

    Yields positions in `rows` (B,), pieces (B * T, H) and means (B, H).
    """
    for batch in equal_length_batches(encoded.lengths[rows]):
        # No padding, so no mask: attention takes its plain, faster path.
        with _evaluating(model), fast_products(model.device):
            if below is None:
                ids = collate(encoded, rows[batch])["input_ids"].to(model.device)
                hidden = hidden_at(model.backbone, layers or model.layers, ids)
            else:
                states, start = below
                hidden = states.pieces[states.piece_rows(batch)]
                hidden = hidden.view(len(batch), -1, hidden.shape[-1])
                hidden = climb(model.backbone, hidden, None, model.layers, start)
            found = hidden.flatten(0, 1), hidden.sum(1) / hidden.shape[1]
        yield batch, *found


@contextmanager
def _evaluating(model: SharedModel) -> Iterator[None]:
    """Within it the model is in eval mode, and no graph is built."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
