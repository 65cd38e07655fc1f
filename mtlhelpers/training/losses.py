"""The losses of a batch: live through the backbone, or from its stored features."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mtlhelpers.data.encoding import IGNORED, Encoded, collate
from mtlhelpers.model.freezing import trainable_tensors
from mtlhelpers.model.shared import HEADS, Logits, SharedModel
from mtlhelpers.training.features import Features, FeatureStore


class BatchLosses(NamedTuple):
    """What a batch gives: losses by task, and what they were computed from."""

    losses: dict[str, Tensor]
    labelled: dict[str, Tensor]  # whether the batch holds a label of the task
    logits: Logits
    batch: dict[str, Tensor]


def loss_function(
    model: SharedModel, encoded: Encoded, store: FeatureStore
) -> Callable[[Sequence[int]], BatchLosses]:
    """What computes the losses of some rows of the encoded sentences.

    With a frozen backbone it looks at stored features alone: no dropout, no graph below
    the heads, no pass through the backbone after the first.
    """
    if trainable_tensors(model, "backbone"):
        return lambda rows: live_losses(model, encoded, rows)
    features = store.features(model, encoded)
    labels = torch.from_numpy(encoded.label_ids).to(model.device)  # (N,)
    tags = torch.cat([torch.from_numpy(ids) for ids in encoded.tag_ids])  # (W,)
    tags = tags.to(model.device)
    return lambda rows: _stored(model, features, labels, tags, rows)


def live_losses(
    model: SharedModel, encoded: Encoded, rows: Sequence[int]
) -> BatchLosses:
    """The losses of a batch that runs through the backbone."""
    batch = collate(encoded, rows)
    batch = {key: value.to(model.device) for key, value in batch.items()}
    return _losses(model(**batch), batch)


def _stored(
    model: SharedModel,
    features: Features,
    labels: Tensor,
    tags: Tensor,
    rows: Sequence[int],
) -> BatchLosses:
    words = features.word_rows(rows)
    batch = {"sentence_labels": labels[rows], "ner_labels": tags[words]}
    logits = model.classify(features.pooled[rows], features.words[words])
    return _losses(logits, batch)


def _losses(logits: Logits, batch: dict[str, Tensor]) -> BatchLosses:
    labelled = {task: (batch[f"{task}_labels"] >= 0).any() for task in HEADS}
    return BatchLosses(task_losses(logits, batch), labelled, logits, batch)


def task_losses(logits: Logits, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Cross-entropy of each task: the sum over what is labelled, over its count.

    A batch without a label of a task gives zero for it, with a graph behind it, and
    never NaN.
    """
    losses = {}
    if logits.sentence is not None:
        losses["sentence"] = _mean_loss(logits.sentence, batch["sentence_labels"])
    if logits.ner is not None:
        losses["ner"] = _mean_loss(logits.ner, batch["ner_labels"])
    return losses


def _mean_loss(logits: Tensor, labels: Tensor) -> Tensor:
    logits, labels = logits.flatten(0, -2), labels.flatten()  # (M, C), (M,)
    total = nn.functional.cross_entropy(
        logits, labels, ignore_index=IGNORED, reduction="sum"
    )
    return total / (labels != IGNORED).sum().clamp(min=1)
