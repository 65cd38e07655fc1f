"""Heads that see their features with mean 0 and deviation 1 while they train.

Lesson: 04_backbone_frozen. A linear head can undo any shift and scale of its features,
so this changes how fast it learns, and not what it can say: afterwards shift and scale
are folded into its weights, and the model is two plain linear heads as before.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.states import Features

# A feature that varies by less, absolutely or beside its mean, is left at its scale:
# scaled up, its rounding error would be all that a head sees of it.
SMALLEST = 1e-6
SMALLEST_SHARE = 1e-4


@contextmanager
def standardised_heads(model: SharedModel, features: Features) -> Iterator[None]:
    """Within it, each head that trains sees (x - mean) / deviation of its features.

    `features` are those of the training sentences. On leaving, also by an error, the
    heads take shift and scale into their weights, and give the same logits without.
    """
    inputs = {"sentence": features.pooled, "ner": features.words}  # (N, H), (W, H)
    undo: list[Callable[[], None]] = []
    for task, seen in inputs.items():
        head = model.head(task)
        if head is None or not head.weight.requires_grad:
            continue
        mean = seen.mean(0)
        deviation = seen.std(0, correction=int(len(seen) > 1))  # of one: 0
        floor = (SMALLEST_SHARE * mean.abs()).clamp(min=SMALLEST)
        scale = torch.where(deviation > floor, deviation, 1.0)
        scaled = partial(_scaled, mean=mean, scale=scale)
        hook = head.register_forward_pre_hook(scaled)
        undo.append(partial(_fold, head, hook, mean, scale))
    try:
        yield
    finally:
        for one in undo:
            one()


def _scaled(
    _: nn.Module, inputs: tuple[Tensor], *, mean: Tensor, scale: Tensor
) -> tuple[Tensor]:
    return ((inputs[0] - mean) / scale,)


@torch.no_grad()
def _fold(
    head: nn.Linear,
    hook: torch.utils.hooks.RemovableHandle,
    mean: Tensor,
    scale: Tensor,
) -> None:
    """W (x - m) / s + b is (W / s) x + (b - (W / s) m)."""
    hook.remove()
    head.weight.div_(scale)
    head.bias.sub_(head.weight @ mean)
