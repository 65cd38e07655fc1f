"""What a backbone says of sentences, computed once and used many times.

Lesson: 04_backbone_frozen. A frozen backbone gives the same features in every epoch,
so one pass serves all epochs, seeds and scenarios. Each sentence is run beside
sentences of its own length, without padding, so that its features do not depend on its
company.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.batches import equal_length_batches


class StaleFeaturesError(RuntimeError):
    """Features were asked for from a backbone that can still move."""


@dataclass(frozen=True)
class Features:
    """Features of N sentences with W words that have a piece; width H."""

    pooled: Tensor  # (N, H)
    words: Tensor  # (W, H), each word's first piece, sentence after sentence
    starts: np.ndarray  # (N + 1,) where each sentence's words start

    def word_rows(self, rows: Sequence[int]) -> np.ndarray:
        """Positions in `words` of the words of some sentences, in their order."""
        return np.concatenate(
            [np.arange(self.starts[row], self.starts[row + 1]) for row in rows]
        )


@torch.no_grad()
def extract_features(
    model: SharedModel, encoded: Encoded, rows: np.ndarray | None = None
) -> Features:
    """Run the backbone in eval mode over sentences and keep what the heads look at."""
    rows = np.arange(len(encoded)) if rows is None else rows
    was_training = model.training
    model.eval()
    pooled: list[Tensor] = [torch.empty(0)] * len(rows)
    words: list[Tensor] = [torch.empty(0)] * len(rows)
    for batch in equal_length_batches(encoded.lengths[rows]):
        inputs = collate(encoded, rows[batch])
        mask = inputs["attention_mask"].to(model.device)
        # No padding, so no mask: attention takes its plain, faster path.
        hidden = model.backbone(inputs["input_ids"].to(model.device)).last_hidden_state
        for i, vector, states in zip(batch, model.pool(hidden, mask), hidden):
            pooled[i] = vector.clone()
            words[i] = states[encoded.first_pieces[rows[i]]]
    model.train(was_training)
    counts = [len(states) for states in words]
    width = model.backbone.config.hidden_size
    return Features(
        pooled=torch.stack(pooled) if pooled else torch.empty(0, width),
        words=torch.cat(words) if words else torch.empty(0, width),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


@dataclass
class FeatureStore:
    """Features of frozen backbones, kept by sentence.

    The key holds the digest of the backbone's weights, the pooling, the device and the
    word pieces, so a backbone that has moved finds nothing here that was another's.
    """

    _found: dict[bytes, tuple[Tensor, Tensor]] = field(default_factory=dict, repr=False)

    def features(self, model: SharedModel, encoded: Encoded) -> Features:
        """Features of all sentences; runs the backbone for those that are new.

        Raises `StaleFeaturesError` while any backbone tensor can train.
        """
        if any(tensor.requires_grad for tensor in model.backbone.parameters()):
            raise StaleFeaturesError(
                "the backbone can still train, so its features would go stale: apply a "
                "scenario that freezes it first"
            )
        prefix = f"{tensor_digest(model.backbone)} {model.pooling} {model.device}"
        keys = [
            hashlib.sha256(prefix.encode() + ids.tobytes() + first.tobytes()).digest()
            for ids, first in zip(encoded.input_ids, encoded.first_pieces)
        ]
        new = {key: row for row, key in enumerate(keys) if key not in self._found}
        rows = np.fromiter(new.values(), dtype=np.int64)
        fresh = extract_features(model, encoded, rows)
        for i, key in enumerate(new):
            own = slice(fresh.starts[i], fresh.starts[i + 1])
            self._found[key] = (fresh.pooled[i], fresh.words[own])
        found = [self._found[key] for key in keys]
        return Features(
            pooled=torch.stack([pooled for pooled, _ in found]),
            words=torch.cat([words for _, words in found]),
            starts=np.cumsum([0] + [len(words) for _, words in found]),
        )


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
