"""What the heads look at, made from hidden states as far up as all is frozen.

Lesson: 04_backbone_frozen. Where the lower layers are frozen they give the same hidden
states in every epoch, so one pass serves all epochs, seeds and scenarios.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.states import Joined, States, bounds, extract_states, spread
from mtlhelpers.training.storing import FeatureStore


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


def extract_features(
    model: SharedModel, encoded: Encoded, store: FeatureStore | None = None
) -> Features:
    """What the heads look at, in eval mode; from `store` as far up as all is frozen."""
    cut = frozen_up_to(model)
    start = min(cut, *model.layers)
    if store is not None and cut >= max(model.layers):
        states = store.states(model, encoded, model.layers)
    elif store is not None and start > 0:
        below = store.states(model, encoded, (start,))
        states = extract_states(model, encoded, below=(below, start))
    else:
        states = extract_states(model, encoded)
    return Features.of(states, encoded, model.pooling)
