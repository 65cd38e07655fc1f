"""Hidden states of sentences: the pass that makes them, and what the heads see of them.

Lesson: 04_backbone_frozen. Shapes: N sentences with P word pieces in all and W words
that have one; B of them in a batch, T pieces long; H the backbone's width.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.model.device import fast_products
from mtlhelpers.model.layers import climb, hidden_at
from mtlhelpers.model.shared import SharedModel

Rows = Sequence[int] | np.ndarray


@dataclass(frozen=True)
class States:
    """Hidden states of N sentences, one after another."""

    pieces: Tensor  # (P, H)
    means: Tensor  # (N, H), the mean over a sentence's pieces
    starts: np.ndarray  # (N + 1,) where each sentence's pieces start

    def piece_rows(self, rows: Rows) -> np.ndarray:
        """Return where the pieces of some sentences stand in `pieces`, in order."""
        return spread(self.starts, rows)


@dataclass(frozen=True)
class Features:
    """What the heads look at, of N sentences."""

    pooled: Tensor  # (N, H), for the sentence head
    pieces: Tensor  # (P, H)
    word_at: np.ndarray  # (W,) where each word's first piece stands in `pieces`
    starts: np.ndarray  # (N + 1,) where each sentence's words start

    @classmethod
    def of(cls, states: States, encoded: Encoded, pooling: str) -> "Features":
        """Find in hidden states of sentences what the heads look at."""
        counts = [len(first) for first in encoded.first_pieces]
        starts = states.starts[:-1]
        offsets = np.repeat(starts, counts)
        words = np.concatenate([*encoded.first_pieces, offsets[:0]]) + offsets
        pooled = states.pieces[starts] if pooling == "first" else states.means
        return cls(pooled, states.pieces, words, bounds(counts))

    @cached_property
    def words(self) -> Tensor:
        """(W, H), each word's first piece, sentence after sentence."""
        return self.pieces[self.word_at]

    def word_rows(self, rows: Rows) -> np.ndarray:
        """Return where the words of some sentences stand in `words`, in order."""
        return spread(self.starts, rows)


def bounds(lengths: Rows) -> np.ndarray:
    """Return where each of N starts, and where the last one ends: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def spread(starts: np.ndarray, rows: Rows) -> np.ndarray:
    """Join the positions from `starts[row]` to `starts[row + 1]` of each row."""
    chosen = np.asarray(rows, dtype=np.int64)
    lengths = starts[chosen + 1] - starts[chosen]
    shifts = starts[chosen] - bounds(lengths)[:-1]
    positions: np.ndarray = np.repeat(shifts, lengths) + np.arange(lengths.sum())
    return positions


def equal_length_batches(lengths: np.ndarray, pieces: int = 512) -> list[np.ndarray]:
    """Put sentences of one length together, each once: no padding at all.

    `pieces` bounds the word pieces of a batch. For passes without training. The largest
    batches come first, so that the memory of one serves the next; 512 pieces take half
    the memory of 1,024, and a tenth more time.
    """
    batches: list[np.ndarray] = []
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
    dtype, device = model.backbone.dtype, model.device
    pieces = torch.empty(int(starts[-1]), width, dtype=dtype, device=device)  # (P, H)
    means = torch.empty(len(rows), width, dtype=dtype, device=device)  # (N, H)
    for batch in equal_length_batches(lengths):
        # No padding, so no mask: attention takes its plain, faster path.
        with _evaluating(model), fast_products(device):
            if below is None:
                ids = collate(encoded, rows[batch].tolist())["input_ids"].to(device)
                hidden = hidden_at(model.backbone, layers or model.layers, ids)
            else:
                states, start = below
                stored = states.pieces[states.piece_rows(batch)]
                stored = stored.view(len(batch), -1, width)  # (B, T, H)
                hidden = climb(model.backbone, stored, None, model.layers, start)
            pieces[spread(starts, batch)] = hidden.flatten(0, 1)
            means[batch] = hidden.sum(1) / hidden.shape[1]
    return States(pieces, means, starts)


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
