"""What a study may measure of a trained model besides its scores, by name.

Lesson: 08_what_should_i_freeze. A block of a grid asks for it: measure = [["probe"]].
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.encoding import Encoded
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.streams import stream
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.errors import InputError
from mtlhelpers.model.freezing import part_tensors
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import MEASURES, probed_corpus
from mtlhelpers.training.features.similarity import layer_vectors
from mtlhelpers.training.losses import live_losses
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.run import Run

_KNOWN, ASKED = 1_500, 1_000  # sentences, at most
BATCHES, BATCH = 8, 64  # over which cosines are averaged; sentences


def measure(
    names: Sequence[str], model: SharedModel, corpus: Corpus, run: Run
) -> dict[str, Any]:
    """What the measures of these names give after a run, by name."""
    own: tuple[Callable[[], Any], ...] = (
        partial(probe, model, corpus),
        partial(gradient_cosines, model, corpus),
        run.details.to_dict,
    )
    of_name = dict(zip(MEASURES, own, strict=True))
    return {name: of_name[name]() for name in names}


def probe(model: SharedModel, corpus: Corpus) -> dict[str, str]:
    """Labels of another corpus by the nearest neighbour: what the backbone still knows.

    A sentence gets the label of the training sentence whose mean of last hidden states
    is nearest by cosine; nothing is trained. Returns the corpus and, one character per
    sentence, whether that label is right (1) or not (0).
    """
    name = probed_corpus(corpus.name)
    other = load_corpus(name)
    known, asked = (
        take_subset(split, min(most, len(split)), seed=0)
        for split, most in (
            (other.splits["train"], _KNOWN),
            (other.splits["test"], ASKED),
        )
    )
    towards = _directions(model, asked) @ _directions(model, known).T  # (asked, known)
    guessed = np.array(known["label"][:])[towards.argmax(-1).numpy()]
    right = guessed == np.array(asked["label"][:])
    return {"corpus": name, "label_right": "".join("01"[int(one)] for one in right)}


def gradient_cosines(model: SharedModel, corpus: Corpus) -> list[float]:
    """The cosine between both tasks' gradients, for the embeddings and each layer.

    Of validation sentences, in eval mode, the mean over batches: above 0 where a step
    for one task helps the other as well, below 0 where the tasks pull apart. Raises
    `ValueError` where a part of the backbone cannot train.
    """
    layers = model.backbone.config.num_hidden_layers
    names = ["backbone.embeddings", *(f"backbone.layer.{i}" for i in range(layers))]
    parts = [part_tensors(model, name) for name in names]
    if not all(tensor.requires_grad for tensors in parts for tensor in tensors):
        raise InputError("gradient cosines need a backbone that trains as a whole")
    encoded = encode_for(model, corpus.splits["validation"])
    order = stream(0, "gradient batches").permutation(len(encoded))[: BATCHES * BATCH]
    batches = np.array_split(order, max(1, len(order) // BATCH))
    cosines = [_cosines(model, encoded, rows.tolist(), parts) for rows in batches]
    return [float(mean) for mean in np.mean(cosines, axis=0)]


def _cosines(
    model: SharedModel,
    encoded: Encoded,
    rows: Sequence[int],
    parts: Sequence[Sequence[Tensor]],
) -> list[float]:
    """One per part, on a batch."""
    losses = live_losses(model, encoded, rows).losses
    tensors = [tensor for part in parts for tensor in part]
    one, other = (
        iter(
            torch.autograd.grad(losses[task], tensors, retain_graph=task == "sentence")
        )
        for task in ("sentence", "ner")
    )
    cosines = []
    for part in parts:
        pairs = [(next(one).flatten(), next(other).flatten()) for _ in part]
        first, second = (torch.cat(gradients) for gradients in zip(*pairs))
        cosines.append(float(torch.cosine_similarity(first, second, dim=0)))
    return cosines


def _directions(model: SharedModel, sentences: Dataset) -> Tensor:
    """The mean last hidden state of N sentences, of length 1: (N, H)."""
    return torch.nn.functional.normalize(layer_vectors(model, sentences)[-1])
