"""How far a backbone has moved: by its features, and by its weights, layer by layer.

Lesson: 05_one_head_frozen.
"""

import torch
from datasets import Dataset
from torch import Tensor

from mtlhelpers.data.encoding import collate, encode
from mtlhelpers.errors import InputError
from mtlhelpers.model.freezing import part_tensors
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.states import equal_length_batches


@torch.no_grad()
def layer_vectors(model: SharedModel, sentences: Dataset) -> Tensor:
    """Pool all hidden states of N sentences: (layers + 1, N, H), embeddings first."""
    encoded = encode(sentences, model.tokenizer, max_length=model.max_length)
    was_training = model.training
    model.eval()
    config = model.backbone.config
    vectors = torch.empty(
        config.num_hidden_layers + 1, len(encoded), config.hidden_size
    )
    for rows in equal_length_batches(encoded.lengths):
        batch = collate(encoded, rows.tolist())
        mask = batch["attention_mask"].to(model.device)
        states = model.backbone(
            batch["input_ids"].to(model.device), output_hidden_states=True
        ).hidden_states
        for layer, hidden in enumerate(states):
            vectors[layer, rows] = model.pool(hidden, mask).cpu()
    model.train(was_training)
    return vectors


def unbiased_cka(first: Tensor, second: Tensor) -> float:
    """Compare two sets of features, (N, H) each, by their centred kernel alignment.

    1 for features that differ by rotation and scale alone; near 0 for unrelated ones.
    Linear kernels, with the unbiased estimator of HSIC (Song et al. 2012, equation 5;
    Nguyen et al. 2021, section 3): the biased one reads high where N is not much larger
    than H. Raises `ValueError` for fewer than four sentences.
    """
    if len(first) != len(second) or len(first) < 4:
        raise InputError("needs the same four or more sentences on both sides")
    grams = [_centred_gram(features.double()) for features in (first, second)]
    cross, own, other = (
        _hsic(grams[0], grams[1]),
        _hsic(grams[0], grams[0]),
        _hsic(grams[1], grams[1]),
    )
    return float(cross / (own * other).sqrt())


def weight_distance(model: SharedModel, before: dict[str, Tensor]) -> dict[str, float]:
    """Measure how far each part of the backbone is from `before`, by its norm.

    `before` holds copies of the backbone's parameters by name.
    """
    names = {id(tensor): name for name, tensor in model.backbone.named_parameters()}
    layers = model.backbone.config.num_hidden_layers
    parts = ["backbone.embeddings"] + [f"backbone.layer.{i}" for i in range(layers)]
    distances = {}
    for part in parts:
        now = part_tensors(model, part)
        then = [before[names[id(tensor)]] for tensor in now]
        moved = sum(float((a.detach() - b).square().sum()) for a, b in zip(now, then))
        norm = sum(float(b.square().sum()) for b in then)
        distances[part] = (moved / norm) ** 0.5
    return distances


def _centred_gram(features: Tensor) -> Tensor:
    """Compute the Gram matrix (N, N) of centred features, its diagonal zero."""
    features = features - features.mean(0)
    gram = features @ features.T
    return gram.fill_diagonal_(0.0)


def _hsic(first: Tensor, second: Tensor) -> Tensor:
    """Estimate without bias, from Gram matrices with zero diagonals."""
    count = len(first)
    total = (first * second).sum()
    total += first.sum() * second.sum() / ((count - 1) * (count - 2))
    total -= 2 * (first.sum(0) @ second.sum(0)) / (count - 2)
    return total / (count * (count - 3))
