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

    `pieces` and `all_means` may be files that are mapped into memory, and may hold
    further sentences.
    """

    pieces: Tensor | Joined  # (P or more, H)
    all_means: Tensor | Joined  # (N or more, H), the mean over a sentence's pieces
    starts: np.ndarray  # (N + 1,) where each sentence's pieces start in `piece_at`
    piece_at: np.ndarray  # (P,) where each piece stands in `pieces`
    mean_at: np.ndarray  # (N,) where each sentence's mean stands in `all_means`

    @classmethod
    def of(cls, pieces: Tensor, means: Tensor, lengths: np.ndarray) -> "States":
        """Sentences of those lengths, whose pieces (P, H) stand one after another."""
        places = np.arange(len(pieces)), np.arange(len(means))
        return cls(pieces, means, bounds(lengths), *places)

    @classmethod
    def join(cls, parts: "Sequence[States]", device: torch.device) -> "States":
        """The sentences of several, one after another, on a device.

        What is there already is not copied.
        """
        parts = [one._on(device) for one in parts]
        if len(parts) == 1:
            return parts[0]
        pieces, piece_at = _joined([(one.pieces, one.piece_at) for one in parts])
        means, mean_at = _joined([(one.all_means, one.mean_at) for one in parts])
        lengths = np.concatenate([np.diff(one.starts) for one in parts])
        return cls(pieces, means, bounds(lengths), piece_at, mean_at)

    @property
    def means(self) -> Tensor:
        """A copy, (N, H), of each sentence's mean."""
        return self.all_means[self.mean_at]

    def _on(self, device: torch.device) -> "States":
        if self.all_means.device == device:
            return self
        pieces = self.pieces[self.piece_at].to(device)
        return States.of(pieces, self.means.to(device), np.diff(self.starts))

    def piece_rows(self, rows: Sequence[int]) -> np.ndarray:
        """Positions in `pieces` of the pieces of some sentences, in their order."""
        return self.piece_at[spread(self.starts, rows)]

    def select(self, rows: Sequence[int]) -> "States":
        """Some sentences, in their order; nothing of them is copied."""
        rows = np.asarray(rows, dtype=np.int64)
        starts, places = bounds(np.diff(self.starts)[rows]), self.piece_rows(rows)
        return States(self.pieces, self.all_means, starts, places, self.mean_at[rows])


def _joined(
    parts: Sequence[tuple[Tensor | Joined, np.ndarray]],
) -> tuple[Joined, np.ndarray]:
    """Several tensors as one, and where rows of each stand in it."""
    starts = bounds([len(rows) for rows, _ in parts])
    places = [at + start for (_, at), start in zip(parts, starts)]
    return Joined(tuple(rows for rows, _ in parts)), np.concatenate(places)


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


def bounds(lengths: Sequence[int]) -> np.ndarray:
    """Where each of N starts, one after another, and where the last ends: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def spread(starts: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """The positions from `starts[row]` to `starts[row + 1]` of each row, joined."""
    rows = np.asarray(rows, dtype=np.int64)
    lengths = starts[rows + 1] - starts[rows]
    shifts = starts[rows] - bounds(lengths)[:-1]
    return np.repeat(shifts, lengths) + np.arange(lengths.sum())
