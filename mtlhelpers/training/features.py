"""What a backbone says of sentences, computed once and used many times.

Lesson: 04_backbone_frozen. Where the lower layers are frozen they give the same hidden
states in every epoch, so one pass serves all epochs, seeds and scenarios. Each sentence
is run beside sentences of its own length, without padding, so that its hidden states do
not depend on its company.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.model.layers import climb, hidden_at
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.batches import equal_length_batches


class StaleFeaturesError(RuntimeError):
    """Features were asked for from a backbone that can still move."""


@dataclass(frozen=True)
class States:
    """Hidden states of N sentences with P word pieces in all; width H."""

    pieces: Tensor  # (P, H), sentence after sentence
    means: Tensor  # (N, H), the mean over each sentence's pieces
    starts: np.ndarray  # (N + 1,) where each sentence's pieces start

    def piece_rows(self, rows: Sequence[int]) -> np.ndarray:
        """Positions in `pieces` of the pieces of some sentences, in their order."""
        return _spread(self.starts, rows)


@dataclass(frozen=True)
class Features:
    """What the heads look at: N sentences with W words that have a piece; width H."""

    pooled: Tensor  # (N, H)
    pieces: Tensor  # (P, H)
    word_at: np.ndarray  # (W,) where each word's first piece stands in `pieces`
    starts: np.ndarray  # (N + 1,) where each sentence's words start

    @classmethod
    def of(cls, states: States, encoded: Encoded, pooling: str) -> "Features":
        """The features of sentences whose hidden states are known."""
        counts = [len(first) for first in encoded.first_pieces]
        offsets = np.repeat(states.starts[:-1], counts)
        first = states.pieces[states.starts[:-1]]
        return cls(
            pooled=first if pooling == "first" else states.means,
            pieces=states.pieces,
            word_at=np.concatenate([*encoded.first_pieces, offsets[:0]]) + offsets,
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        )

    @cached_property
    def words(self) -> Tensor:
        """(W, H), each word's first piece, sentence after sentence."""
        return self.pieces[self.word_at]

    def word_rows(self, rows: Sequence[int]) -> np.ndarray:
        """Positions in `words` of the words of some sentences, in their order."""
        return _spread(self.starts, rows)


@torch.no_grad()
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
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    width, device = model.backbone.config.hidden_size, model.device
    pieces = torch.empty(int(starts[-1]), width, device=device)
    means = torch.empty(len(rows), width, device=device)
    was_training = model.training
    model.eval()
    for batch in equal_length_batches(lengths):
        at = _spread(starts, batch)
        # No padding, so no mask: attention takes its plain, faster path.
        if below is None:
            ids = collate(encoded, rows[batch])["input_ids"].to(device)
            hidden = hidden_at(model.backbone, layers or model.layers, ids)
        else:
            hidden = below[0].pieces[at].view(len(batch), -1, width)
            hidden = climb(model.backbone, hidden, None, model.layers, below[1])
        pieces[at] = hidden.flatten(0, 1)
        means[batch] = hidden.sum(1) / hidden.shape[1]
    model.train(was_training)
    return States(pieces, means, starts)


def extract_features(
    model: SharedModel, encoded: Encoded, store: "FeatureStore | None" = None
) -> Features:
    """What the heads look at, in eval mode; from `store` as far up as all is frozen."""
    cut = frozen_up_to(model)
    if store is None or min(cut, *model.layers) == 0:
        states = extract_states(model, encoded)
    elif cut >= max(model.layers):
        states = store.states(model, encoded, model.layers)
    else:
        cut = min(cut, *model.layers)
        below = store.states(model, encoded, (cut,))
        states = extract_states(model, encoded, below=(below, cut))
    return Features.of(states, encoded, model.pooling)


@dataclass
class FeatureStore:
    """Hidden states of frozen layers, kept by sentence.

    The key holds the digest of all weights up to the layer, the device and the word
    pieces, so a backbone that has moved finds nothing here that was another's.
    """

    _found: dict[bytes, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False)

    def states(
        self, model: SharedModel, encoded: Encoded, layers: tuple[int, ...]
    ) -> States:
        """The mean of some hidden states of all sentences; runs the new ones.

        Raises `StaleFeaturesError` while any tensor below the highest can train.
        """
        if frozen_up_to(model) < max(layers):
            raise StaleFeaturesError(
                f"the backbone can still train below hidden state {max(layers)}, so "
                f"what is stored would go stale: apply a scenario that freezes it first"
            )
        prefix = f"{backbone_digest(model, max(layers))} {layers} {model.device}"
        keys = [
            hashlib.sha256(prefix.encode() + ids.tobytes()).digest()
            for ids in encoded.input_ids
        ]
        new = {key: row for row, key in enumerate(keys) if key not in self._found}
        rows = np.fromiter(new.values(), dtype=np.int64)
        fresh = extract_states(model, encoded, rows, layers)
        for i, key in enumerate(new):
            own = slice(fresh.starts[i], fresh.starts[i + 1])
            self._found[key] = (fresh.pieces[own], fresh.means[i])
        found = [self._found[key] for key in keys]
        return States(
            pieces=torch.cat([pieces for pieces, _ in found] or [fresh.pieces]),
            means=torch.stack([mean for _, mean in found]) if found else fresh.means,
            starts=np.cumsum([0] + [len(pieces) for pieces, _ in found]),
        )


def _spread(starts: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    """The positions from `starts[row]` to `starts[row + 1]` of each row, joined."""
    return np.concatenate(
        [np.arange(starts[row], starts[row + 1]) for row in rows] or [starts[:0]]
    )


def backbone_digest(model: SharedModel, layers: int) -> str:
    """sha256 of all that decides the hidden state of that number."""
    backbone = model.backbone
    if layers == len(backbone.encoder.layer):
        return tensor_digest(backbone)
    parts = [backbone.embeddings, *backbone.encoder.layer[:layers]]
    return tensor_digest(nn.ModuleList(parts))


def tensor_digest(module: nn.Module) -> str:
    """sha256 over the names, types, shapes and bytes of parameters and buffers."""
    return digest_tensors(
        {**dict(module.named_parameters()), **dict(module.named_buffers())}
    )


def digest_tensors(tensors: dict[str, Tensor]) -> str:
    """sha256 over named tensors, in the order of their names."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        found.update(tensor.view(-1).view(torch.uint8).numpy())
    return found.hexdigest()
