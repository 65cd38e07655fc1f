"""Hidden states of sentences: the pass that makes them, and what the heads see of them.

Lesson: 04_backbone_frozen. Shapes: N sentences with P word pieces in all and W words
that have one; B of them in a batch, T pieces long; H the backbone's width.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.model.device import fast_products
from mtlhelpers.model.heads.pair import Logits
from mtlhelpers.model.layers import climb, hidden_states, mean_of
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.model.shared import SharedModel

Rows = Sequence[int] | np.ndarray
_AT_ONCE = 1000  # sentences, where heads see more than the last hidden state


@dataclass(frozen=True)
class States:
    """Hidden states of N sentences, one after another."""

    pieces: Tensor  # (P, H)
    means: Tensor  # (N, H), the mean over a sentence's pieces
    starts: np.ndarray  # (N + 1,) where each sentence's pieces start

    def piece_rows(self, rows: Rows) -> np.ndarray:
        """Return where the pieces of some sentences stand in `pieces`, in order."""
        return spread(self.starts, rows)


Parts = Mapping[tuple[int, ...], States]  # by the hidden states they are the mean of


@dataclass(frozen=True)
class Features:
    """What the heads look at, of N sentences; F is the width of what a head sees."""

    pooled: Tensor  # (N, F), for the sentence head
    pieces: tuple[Tensor, ...]  # (P, H) each; joined, they are what the NER head sees
    word_at: np.ndarray  # (W,) where each word's first piece stands in `pieces`
    starts: np.ndarray  # (N + 1,) where each sentence's words start

    @classmethod
    def of(cls, parts: Parts, encoded: Encoded, model: SharedModel) -> "Features":
        """Find in hidden states of sentences what the heads look at."""
        sentence, ner = (
            [parts[part] for part in model.readings[task].parts] for task in HEADS
        )
        counts = [len(first) for first in encoded.first_pieces]
        starts = ner[0].starts[:-1]
        offsets = np.repeat(starts, counts)
        words = np.concatenate([*encoded.first_pieces, offsets[:0]]) + offsets
        first = model.pooling == "first"
        pooled = [one.pieces[starts] if first else one.means for one in sentence]
        pieces = tuple(one.pieces for one in ner)
        return cls(joined(pooled), pieces, words, bounds(counts))

    @property
    def word_parts(self) -> Iterator[Tensor]:
        """Each part of all words by itself, (W, H)."""
        return (part[self.word_at] for part in self.pieces)

    @cached_property
    def words(self) -> Tensor:
        """(W, F), each word's first piece, sentence after sentence."""
        return joined(list(self.word_parts))

    def some_words(self, words: np.ndarray) -> Tensor:
        """Return some words alone: a copy of all would fill the memory."""
        return joined([part[self.word_at[words]] for part in self.pieces])

    def lengths(self, rows: Rows) -> Tensor:
        """Return how many words some sentences have, (B,)."""
        return torch.from_numpy(np.diff(self.starts)[np.asarray(rows, dtype=np.int64)])

    def scored_by(self, model: SharedModel) -> Logits:
        """Apply the heads to all sentences: (N, L), (W, G).

        Plain heads on one part see all at once: last digits depend on it. What others
        see may be many times as large, so they see a share of the sentences at a time.
        """
        counts = self.lengths(range(len(self.starts) - 1))
        if isinstance(model.ner_classifier, nn.Linear) and len(self.pieces) == 1:
            return model.classify(self.pooled, self.words)
        shares = np.array_split(np.arange(len(counts)), len(counts) // _AT_ONCE + 1)
        found = [
            model.classify(
                self.pooled[rows], self.some_words(self.word_rows(rows)), counts[rows]
            )
            for rows in shares
        ]
        return Logits(
            *(None if one[0] is None else torch.cat(one) for one in zip(*found))
        )

    def word_rows(self, rows: Rows) -> np.ndarray:
        """Return where the words of some sentences stand in `words`, in order."""
        return spread(self.starts, rows)


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Put features side by side; one part is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat([*parts], -1)


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


Below = tuple[States, int]  # stored hidden states of all sentences, and their number


def extract_states(
    model: SharedModel,
    encoded: Encoded,
    rows: np.ndarray | None = None,
    layers: tuple[int, ...] | None = None,
    below: Below | None = None,
) -> States:
    """Run the backbone in eval mode and keep the mean of some hidden states.

    `rows` chooses sentences, `layers` hidden states (by default those of the model).
    `below` starts from stored states of these sentences and their number.
    """
    layers = layers or model.layers
    return extract_parts(model, encoded, [layers], rows, below)[layers]


def extract_parts(
    model: SharedModel,
    encoded: Encoded,
    parts: Sequence[tuple[int, ...]],
    rows: np.ndarray | None = None,
    below: Below | None = None,
) -> Parts:
    """Run the backbone once and keep several means of hidden states."""
    rows = np.arange(len(encoded)) if rows is None else rows
    lengths = encoded.lengths[rows]
    starts, width = bounds(lengths), model.backbone.config.hidden_size
    like = torch.empty(0, width, dtype=model.backbone.dtype, device=model.device)
    kept = {
        part: States(
            like.new_empty(int(starts[-1]), width),  # (P, H)
            like.new_empty(len(rows), width),  # (N, H)
            starts,
        )
        for part in parts
    }
    numbers = sorted(set().union(*parts))
    for batch in equal_length_batches(lengths):
        # No padding, so no mask: attention takes its plain, faster path.
        with _evaluating(model), fast_products(model.device):
            if below is None:
                ids = collate(encoded, rows[batch].tolist())["input_ids"]
                states = hidden_states(model.backbone, numbers, ids.to(model.device))
            else:
                stored, start = below
                pieces = stored.pieces[stored.piece_rows(rows[batch])]
                pieces = pieces.view(len(batch), -1, width)  # (B, T, H)
                states = climb(model.backbone, pieces, None, numbers, start)
            for part, one in kept.items():
                hidden = mean_of(states, part)
                one.pieces[spread(starts, batch)] = hidden.flatten(0, 1)
                one.means[batch] = hidden.sum(1) / hidden.shape[1]
    return kept


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
