"""Heads that see their features with mean 0 and deviation 1 while they train.

Lesson: 04_backbone_frozen. A linear head can undo any shift and scale of its features,
so this changes how fast it learns, and not what it can say: afterwards shift and scale
are folded into its weights, and it is a plain linear head as before. Other heads keep
shift and scale of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from mtlhelpers.model.heads.kinds import DeepHead
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.states import Features

# A feature that varies by less, absolutely or beside its mean, is left at its scale:
# scaled up, its rounding error would be all that a head sees of it.
SMALLEST = 1e-6
SMALLEST_SHARE = 1e-4


@contextmanager
def standardised_heads(model: SharedModel, features: Features) -> Iterator[None]:
    """Within it, each head that trains sees (x - mean) / deviation of its features.

    `features` are those of the training sentences. On leaving, also by an error,
    linear heads take shift and scale into their weights, and give the same logits
    without.
    """
    inputs = {"sentence": [features.pooled], "ner": features.word_parts}
    undo: list[Callable[[], None]] = []
    for task, parts in inputs.items():
        head = model.head(task)
        if head is None or not all(t.requires_grad for t in head.parameters()):
            continue
        # Part by part, (N, F) or (W, H): all words at once would fill the memory.
        mean, scale = map(torch.cat, zip(*map(mean_and_scale, parts)))
        if isinstance(head, DeepHead):
            head.shift.copy_(mean)
            head.scale.copy_(scale)
            continue
        scaled = partial(_scaled, mean=mean, scale=scale)
        hook = head.register_forward_pre_hook(scaled)
        undo += [hook.remove, partial(fold_in, head, mean, scale)]
    try:
        yield
    finally:
        for one in undo:
            one()


def mean_and_scale(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return each feature's mean, (F,), and deviation, 1 where that is tiny."""
    mean = seen.mean(0)
    deviation = seen.std(0, correction=int(len(seen) > 1))  # of one: 0
    floor = (SMALLEST_SHARE * mean.abs()).clamp(min=SMALLEST)
    return mean, torch.where(deviation > floor, deviation, 1.0)


def _scaled(
    _: nn.Module, inputs: tuple[Tensor], *, mean: Tensor, scale: Tensor
) -> tuple[Tensor]:
    return ((inputs[0] - mean) / scale,)


@torch.no_grad()
def fold_in(linear: nn.Linear, mean: Tensor, scale: Tensor) -> None:
    """Make a layer that saw (x - m) / s give the same of x.

    W (x - m) / s + b is (W / s) x + (b - (W / s) m). mean, scale: (F,).
    """
    linear.weight.div_(scale)
    linear.bias.sub_(linear.weight @ mean)
