"""AdamW with a rate for the backbone and one for the heads, warm-up and decay."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

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


class _Lookup(torch.autograd.Function):
    """Rows of a table, (B, T) to (B, T, H), whose backward adds to the kept buffer."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, weight: Tensor, ids: Tensor, kept: Tensor, padding_row: int
    ) -> Tensor:
        ctx.weight, ctx.ids, ctx.kept, ctx.padding_row = weight, ids, kept, padding_row
        return nn.functional.embedding(ids, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[None, ...]:
        if ctx.weight.grad is None:
            ctx.weight.grad = ctx.kept.zero_()
        ctx.weight.grad.index_add_(0, ctx.ids.flatten(), gradient.flatten(0, 1))
        ctx.weight.grad[ctx.padding_row] = 0.0
        return None, None, None, None


@contextmanager
def kept_embedding_gradient(model: SharedModel) -> Iterator[None]:
    """Within it, `backward()` writes the word embeddings' gradient into a kept buffer.

    The values are those of the plain path. `torch.autograd.grad` does not see them, so
    this holds for the training loop alone. Frozen embeddings are left as they are.
    """
    table: nn.Embedding = model.backbone.embeddings.word_embeddings
    if not table.weight.requires_grad:
        yield
        return
    weight, kept = table.weight, torch.zeros_like(table.weight)
    table.forward = lambda ids: _Lookup.apply(weight, ids, kept, table.padding_idx)
    try:
        yield
    finally:
        del table.forward  # the class's own again
        weight.grad = None
