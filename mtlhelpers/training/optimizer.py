"""AdamW with a rate for the backbone and one for the heads, warm-up and decay."""

import torch
from torch import Tensor

from mtlhelpers.model.freezing import ALL_PARTS, trainable_tensors
from mtlhelpers.model.shared import HEADS, SharedModel
from mtlhelpers.training.plan import Plan


def build_optimizer(model: SharedModel, plan: Plan) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) over what trains, in one fused step.

    Biases and layer norms are vectors and are not decayed. Nor is a backbone that a
    retention method pulls to its earlier weights: decay would pull it to zero.
    """
    pulled = plan.retention in ("l2sp", "ewc")
    decay = plan.weight_decay
    groups = _groups(model, "backbone", plan.backbone_lr, 0.0 if pulled else decay)
    for head in HEADS.values():
        groups += _groups(model, head, plan.head_lr, decay)
    return torch.optim.AdamW([group for group in groups if group["params"]], fused=True)


def build_schedule(
    optimizer: torch.optim.Optimizer, plan: Plan, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Rates rise along a line for `warmup` of the steps, then fall to zero."""
    rise = max(1, round(plan.warmup * steps))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return max(0.0, (steps - step) / max(1, steps - rise))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def clip_each_part(model: SharedModel, limit: float) -> dict[str, Tensor]:
    """Clip the gradient norm of each part by itself; return the norms before.

    One norm over all parts would let the loss of one head scale the step of the other.
    """
    return {
        part: torch.nn.utils.clip_grad_norm_(tensors, limit)
        for part in ALL_PARTS
        if (tensors := trainable_tensors(model, part))
    }


def _groups(model: SharedModel, part: str, rate: float, decay: float) -> list[dict]:
    tensors = trainable_tensors(model, part)
    shared = {"part": part, "lr": rate}
    return [
        {
            **shared,
            "weight_decay": decay,
            "params": [t for t in tensors if t.dim() > 1],
        },
        {**shared, "weight_decay": 0.0, "params": [t for t in tensors if t.dim() == 1]},
    ]
