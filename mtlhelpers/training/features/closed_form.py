"""Linear layers that are filled at once, from stored features: nothing takes a step.

What a linear layer sees is standardised first; shift and scale are folded into its
weights, so the head is an ordinary one afterwards. Shapes: M sentences or words with
gold, D features, C labels or tags.
"""

from collections.abc import Callable

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.heads.kinds import DeepHead
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.standardise import fold_in, mean_and_scale
from mtlhelpers.training.features.states import Features
from mtlhelpers.training.plan import FilledPlan

# The score, per class, of what is in none of the examples: it is never said.
_NEVER = -1e9
_ITERATIONS = 1000

# From examples (M, D), their classes (M,) and a penalty: weights (C, D), biases (C,).
Fit = Callable[[np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]


def class_means(
    seen: np.ndarray, classes: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Score a class by the distance to the mean of its examples.

    -|x - m|² / 2 is m·x - |m|² / 2, but for what all classes share.
    """
    means = np.stack([seen[classes == one].mean(0) for one in np.unique(classes)])
    return means, -0.5 * np.square(means).sum(1)


def logistic(
    seen: np.ndarray, classes: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit multinomial logistic regression; `penalty` is 1 / C of scikit-learn."""
    if len(np.unique(classes)) == 1:
        return np.zeros((1, seen.shape[1])), np.zeros(1)
    found = LogisticRegression(C=1 / penalty, max_iter=_ITERATIONS).fit(seen, classes)
    weights, biases = found.coef_, found.intercept_
    if len(weights) == 1:  # of two classes scikit-learn scores the second alone
        return np.stack([0 * weights[0], weights[0]]), np.array([0, biases[0]])
    return weights, biases


_FITS: dict[str, Fit] = {"class_means": class_means, "logistic": logistic}


@torch.no_grad()
def fill_heads(
    model: SharedModel, features: Features, encoded: Encoded, plan: FilledPlan
) -> None:
    """Fill the heads that the plan fills in closed form, from training features."""
    tags = [np.zeros(0, dtype=np.int64), *encoded.tag_ids]
    gold = {"sentence": encoded.label_ids, "ner": np.concatenate(tags)}
    for task in plan.closed_tasks:
        head, spec = model.head(task), (plan.heads or {})[task]
        assert head is not None
        seen = features.pooled if task == "sentence" else features.words
        linear = head if isinstance(head, nn.Linear) else head.output
        if isinstance(head, DeepHead):
            seen = head.inputs(seen, features.lengths(range(len(encoded))))
        known = gold[task] >= 0
        _fill(linear, seen[known], gold[task][known], _FITS[spec.fit], spec.penalty)


def _fill(
    linear: nn.Linear, seen: Tensor, classes: np.ndarray, fit: Fit, penalty: float
) -> None:
    """Fill a linear layer from what it sees, (M, D), standardised."""
    mean, scale = mean_and_scale(seen)
    scaled = ((seen - mean) / scale).cpu().numpy()
    weights, biases = map(torch.from_numpy, fit(scaled, classes, penalty))
    linear.weight.zero_()
    linear.bias.fill_(_NEVER)
    there = np.unique(classes)
    linear.weight[there] = weights.to(linear.weight)
    linear.bias[there] = biases.to(linear.bias)
    fold_in(linear, mean, scale)
