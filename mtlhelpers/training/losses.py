"""The losses of a batch: live through the backbone, or from stored hidden states.

Shapes: B sentences, T word pieces, W words in the batch, H the backbone's width.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mtlhelpers.data.encoding import IGNORED, Encoded, collate
from mtlhelpers.model.device import fast_products
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.model.heads.kinds import crf_of
from mtlhelpers.model.heads.pair import Logits
from mtlhelpers.model.layers import climb
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.states import Rows, States
from mtlhelpers.training.features.store import FeatureStore, extract_features


class BatchLosses(NamedTuple):
    """What a batch gives: losses by task, and what they were computed from."""

    losses: dict[str, Tensor]
    labelled: dict[str, Tensor]  # whether the batch holds a label of the task
    logits: Logits
    batch: dict[str, Tensor]

    def logits_of(self, task: str) -> Tensor:
        """Return the logits of a task by sentence, (B, L), or by word, (W, G)."""
        logits: Tensor = getattr(self.logits, task)
        if task == "ner" and "word_mask" in self.batch:  # (B, T, G): not yet by word
            return logits[self.batch["word_mask"]]
        return logits


LossesOf = Callable[[Rows], BatchLosses]


def loss_function(
    model: SharedModel, encoded: Encoded, store: FeatureStore
) -> LossesOf:
    """Return what computes the losses of some rows of the encoded sentences.

    What is frozen from the word pieces up runs once: the losses start from stored
    hidden states. Where that is all the heads read, no graph lies below the heads.
    """
    cut = min(frozen_up_to(model), *model.numbers)
    if frozen_up_to(model) >= max(model.numbers):
        return _from_features(model, encoded, store)
    if cut <= 0:
        return lambda rows: live_losses(model, encoded, rows)
    states = store.states(model, encoded, (cut,))
    return lambda rows: _from_states(model, encoded, states, cut, rows)


def live_losses(model: SharedModel, encoded: Encoded, rows: Rows) -> BatchLosses:
    """Compute the losses of a batch that runs through the backbone."""
    batch = _batch(model, encoded, rows)
    with fast_products(model.device):
        return _losses(model, model(**batch), batch)


def _from_states(
    model: SharedModel, encoded: Encoded, states: States, cut: int, rows: Rows
) -> BatchLosses:
    """Compute the losses of a batch that runs through the layers above the cut."""
    batch = _batch(model, encoded, rows)
    mask = batch["attention_mask"]
    places = np.arange(mask.shape[1]) < encoded.lengths[rows][:, None]  # (B, T)
    stored = states.pieces[states.piece_rows(rows)]
    hidden = stored.new_zeros(mask.numel(), stored.shape[1])
    hidden[np.flatnonzero(places)] = stored
    hidden = hidden.view(*mask.shape, -1)  # (B, T, H)
    with fast_products(model.device):
        higher = climb(model.backbone, hidden, mask, model.numbers, cut)
        return _losses(model, model.answer(higher, mask, batch["word_mask"]), batch)


def _from_features(
    model: SharedModel, encoded: Encoded, store: FeatureStore
) -> LossesOf:
    """Return what computes the losses of the heads alone."""
    features = extract_features(model, encoded, store)
    labels = torch.from_numpy(encoded.label_ids).to(model.device)  # of all sentences
    tags = torch.from_numpy(np.concatenate(encoded.tag_ids)).to(model.device)  # words

    def losses_of(rows: Rows) -> BatchLosses:
        words = features.word_rows(rows)  # (W,)
        lengths = features.lengths(rows)
        batch = {"sentence_labels": labels[rows], "ner_labels": tags[words]}
        batch["lengths"] = lengths
        seen = features.pooled[rows], features.some_words(words), lengths
        return _losses(model, model.classify(*seen), batch)

    return losses_of


def _batch(model: SharedModel, encoded: Encoded, rows: Rows) -> dict[str, Tensor]:
    batch = collate(encoded, np.asarray(rows).tolist())
    if model.device.type == "cuda":  # pinned memory goes over without being waited for
        batch = {key: value.pin_memory() for key, value in batch.items()}
    return {k: value.to(model.device, non_blocking=True) for k, value in batch.items()}


def _losses(
    model: SharedModel, logits: Logits, batch: dict[str, Tensor]
) -> BatchLosses:
    labelled = {task: (batch[f"{task}_labels"] >= 0).any() for task in HEADS}
    found = BatchLosses(task_losses(logits, batch), labelled, logits, batch)
    if (crf := crf_of(model.ner_classifier)) is not None:
        mask = batch.get("word_mask")
        tags = batch["ner_labels"] if mask is None else batch["ner_labels"][mask]
        lengths = batch["lengths"] if mask is None else mask.sum(1)
        found.losses["ner"] = crf(found.logits_of("ner"), tags, lengths)
    return found


def task_losses(logits: Logits, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Compute each task's cross-entropy: its sum over what is labelled, over the count.

    A batch without a label of a task gives zero for it, with a graph behind it, and
    never NaN. A CRF has a loss of its own.
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
