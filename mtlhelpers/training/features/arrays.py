"""Hidden states of sentences, and what the heads look at, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mtlhelpers.data.encoding import Encoded


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


def bounds(lengths: Sequence[int]) -> np.ndarray:
    """Where each of N starts, one after another, and where the last ends: (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def spread(starts: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """The positions from `starts[row]` to `starts[row + 1]` of each row, joined."""
    rows = np.asarray(rows, dtype=np.int64)
    lengths = starts[rows + 1] - starts[rows]
    shifts = starts[rows] - bounds(lengths)[:-1]
    return np.repeat(shifts, lengths) + np.arange(lengths.sum())


@dataclass(frozen=True)
class Features:
    """What the heads look at: N sentences with W words that have a piece; width H."""

    vectors: Tensor | Joined  # (N or more, H), for sentences
    pooled_at: np.ndarray  # (N,) where each sentence's own stands in `vectors`
    pieces: Tensor | Joined  # (P or more, H)
    word_at: np.ndarray  # (W,) where each word's first piece stands in `pieces`
    starts: np.ndarray  # (N + 1,) where each sentence's words start

    @classmethod
    def of(cls, states: States, encoded: Encoded, pooling: str) -> "Features":
        """The features of sentences whose hidden states are known."""
        counts = [len(first) for first in encoded.first_pieces]
        starts = states.starts[:-1]
        offsets = np.repeat(starts, counts)
        words = np.concatenate([*encoded.first_pieces, offsets[:0]]) + offsets
        first = pooling == "first"
        return cls(
            vectors=states.pieces if first else states.all_means,
            pooled_at=states.piece_at[starts] if first else states.mean_at,
            pieces=states.pieces,
            word_at=states.piece_at[words],
            starts=bounds(counts),
        )

    @cached_property
    def pooled(self) -> Tensor:
        """(N, H), what the sentence head sees of each sentence."""
        return self.vectors[self.pooled_at]

    @cached_property
    def words(self) -> Tensor:
        """(W, H), each word's first piece, sentence after sentence."""
        return self.pieces[self.word_at]

    def word_rows(self, rows: Sequence[int]) -> np.ndarray:
        """Positions in `words` of the words of some sentences, in their order."""
        return spread(self.starts, rows)
