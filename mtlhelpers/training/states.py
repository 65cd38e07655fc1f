"""Hidden states of whole sentences, and the pass through the backbone that gives them.

Lesson: 04_backbone_frozen. Each sentence is run beside sentences of its own length,
without padding, so that its hidden states do not depend on its company.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.model.layers import climb, hidden_at
from mtlhelpers.model.precision import fast_products
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.batches import equal_length_batches


@dataclass(frozen=True)
class Joined:
    """Rows of several tensors, as if they stood in one; none of them is copied."""

    parts: tuple[Tensor, ...]  # each (some, H), on one device

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, rows: np.ndarray) -> Tensor:
        """A copy of some rows, (len(rows), H)."""
        starts = bounds([len(part) for part in self.parts])
        owners = np.searchsorted(starts, rows, side="right") - 1
        found = self.parts[0].new_empty(len(rows), self.parts[0].shape[1])
        for owner in np.unique(owners):
            own = np.flatnonzero(owners == owner)
            found[own] = self.parts[owner][rows[own] - starts[owner]]
        return found


@dataclass(frozen=True)
class States:
    """Hidden states of N sentences with P word pieces in all; width H.

    `pieces` may be a file that is mapped into memory, and may hold further sentences.
    """

    pieces: Tensor | Joined  # (P or more, H)
    means: Tensor  # (N, H), the mean over each sentence's pieces
    starts: np.ndarray  # (N + 1,) where each sentence's pieces start in `piece_at`
    piece_at: np.ndarray  # (P,) where each piece stands in `pieces`

    @classmethod
    def of(cls, pieces: Tensor, means: Tensor, lengths: np.ndarray) -> "States":
        """Sentences of those lengths, whose pieces (P, H) stand one after another."""
        return cls(pieces, means, bounds(lengths), np.arange(len(pieces)))

    @classmethod
    def join(cls, parts: "Sequence[States]", device: torch.device) -> "States":
        """The sentences of several, one after another, on a device.

        Pieces that are there already are not copied.
        """
        parts = [one._on(device) for one in parts]
        if len(parts) == 1:
            return parts[0]
        starts = bounds([len(one.pieces) for one in parts])
        return cls(
            Joined(tuple(one.pieces for one in parts)),
            torch.cat([one.means for one in parts]),
            bounds(np.concatenate([np.diff(one.starts) for one in parts])),
            np.concatenate([one.piece_at + at for one, at in zip(parts, starts)]),
        )

    def _on(self, device: torch.device) -> "States":
        if self.means.device == device:
            return self
        pieces = self.pieces[self.piece_at].to(device)
        return States.of(pieces, self.means.to(device), np.diff(self.starts))

    def piece_rows(self, rows: Sequence[int]) -> np.ndarray:
        """Positions in `pieces` of the pieces of some sentences, in their order."""
        return self.piece_at[spread(self.starts, rows)]

    def select(self, rows: Sequence[int]) -> "States":
        """Some sentences, in their order; the pieces are not copied."""
        if np.array_equal(rows, np.arange(len(self.means))):
            return self
        starts = bounds(np.diff(self.starts)[rows])
        return States(self.pieces, self.means[rows], starts, self.piece_rows(rows))


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
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def bounds(lengths: Sequence[int]) -> np.ndarray:
    """Where each of N starts, one after another, and where the last ends: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def spread(starts: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """The positions from `starts[row]` to `starts[row + 1]` of each row, joined."""
    rows = np.asarray(rows, dtype=np.int64)
    lengths = starts[rows + 1] - starts[rows]
    shifts = starts[rows] - bounds(lengths)[:-1]
    return np.repeat(shifts, lengths) + np.arange(lengths.sum())
