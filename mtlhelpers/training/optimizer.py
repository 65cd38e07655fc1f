"""AdamW with a rate for the backbone and one for the heads, warm-up and decay."""

import torch
from torch import Tensor

from mtlhelpers.model.freezing import trainable_tensors
from mtlhelpers.model.shared import HEADS, SharedModel
from mtlhelpers.training.plan import Plan


def build_optimizer(model: SharedModel, plan: Plan) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) over what trains, in one fused step.

    Biases and layer norms are vectors and are not decayed.
    """
    groups = []
    for part, rate in {
        "backbone": plan.backbone_lr,
        **dict.fromkeys(HEADS.values(), plan.head_lr),
    }.items():
        tensors = trainable_tensors(model, part)
        groups += [
            _group(part, rate, plan.weight_decay, [t for t in tensors if t.dim() > 1]),
            _group(part, rate, 0.0, [t for t in tensors if t.dim() == 1]),
        ]
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


def _group(part: str, rate: float, decay: float, tensors: list[Tensor]) -> dict:
    return {"part": part, "lr": rate, "weight_decay": decay, "params": tensors}
