"""Checks that turn silent failures of freezing into errors that say what is wrong."""

import math
from typing import Any

import torch

from mtlhelpers.model.freezing import trainable_tensors
from mtlhelpers.model.shared import SharedModel


class TrainingError(RuntimeError):
    """Training cannot do what it claims to; the message names the tensors or losses."""


def check_optimizer(optimizer: torch.optim.Optimizer, model: SharedModel) -> None:
    """Raise `TrainingError` unless it holds each trainable tensor once and no other.

    An optimizer built before the scenario was applied moves what is frozen, or never
    moves what was thawed, without a word.
    """
    held = [id(t) for group in optimizer.param_groups for t in group["params"]]
    wanted = {id(t): name for name, t in model.named_parameters() if t.requires_grad}
    missing = [name for key, name in wanted.items() if key not in held]
    if missing or len(held) != len(wanted):
        raise TrainingError(
            f"the optimizer holds {len(held)} tensors, {len(wanted)} can train; "
            f"missing: {', '.join(missing[:5]) or 'none'}. Build it after the "
            f"scenario is applied."
        )


def check_gradients(model: SharedModel) -> None:
    """Raise `TrainingError` where a trainable tensor has no finite gradient."""
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    bad = [
        names[id(tensor)]
        for tensor in trainable_tensors(model)
        if tensor.grad is None or not bool(tensor.grad.isfinite().all())
    ]
    if bad:
        raise TrainingError(
            f"no finite gradient reached {len(bad)} tensors that should train: "
            f"{', '.join(bad[:5])}. Freeze them, or sum a loss that depends on them."
        )


def check_loss(epoch: dict[str, Any]) -> None:
    """Raise `TrainingError` where an epoch's mean loss is not a number."""
    bad = [
        key
        for key, value in epoch.items()
        if key.startswith("loss_") and not math.isfinite(value)
    ]
    if bad:
        raise TrainingError(
            f"{', '.join(bad)} is not finite in epoch {epoch['epoch']}: lower the "
            f"learning rates"
        )
