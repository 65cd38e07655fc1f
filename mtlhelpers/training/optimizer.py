"""AdamW for what trains, checks on its steps, and the weights that it leaves."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mtlhelpers.errors import TrainingError
from mtlhelpers.model.freezing import trainable_tensors
from mtlhelpers.model.scenarios import ALL_PARTS, HEADS
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.plan import FilledPlan


class AdamW(torch.optim.AdamW):
    """AdamW (Loshchilov and Hutter 2019) in one fused step.

    The step leaves all weights alone where `found_inf`, a number on the device, is 1.
    """

    found_inf: Tensor


def build_optimizer(model: SharedModel, plan: FilledPlan) -> AdamW:
    """Build AdamW over what trains, with one rate for the backbone and one for heads.

    Biases and layer norms are vectors and are not decayed. Nor is a backbone that a
    retention method pulls to its earlier weights: decay would pull it to zero.
    """
    pulled = plan.retention in ("l2sp", "ewc")
    decay = plan.weight_decay
    groups = _groups(model, "backbone", plan.backbone_lr, 0.0 if pulled else decay)
    for head in HEADS.values():
        groups += _groups(model, head, plan.head_lr, decay)
    return AdamW([group for group in groups if group["params"]], fused=True)


def _groups(
    model: SharedModel, part: str, rate: float, decay: float
) -> list[dict[str, Any]]:
    tensors = trainable_tensors(model, part)
    matrices = [tensor for tensor in tensors if tensor.dim() > 1]
    vectors = [tensor for tensor in tensors if tensor.dim() == 1]
    return [
        {"part": part, "lr": rate, "weight_decay": decay, "params": matrices},
        {"part": part, "lr": rate, "weight_decay": 0.0, "params": vectors},
    ]


def build_schedule(
    optimizer: torch.optim.Optimizer, plan: FilledPlan, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Let rates rise along a line for `warmup` of the steps, then fall to zero."""
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


def check_weights(model: SharedModel) -> None:
    """Raise `TrainingError` where a weight is not finite before training has begun."""
    names, tensors = zip(*model.named_parameters())
    finite = torch.stack([tensor.isfinite().all() for tensor in tensors]).tolist()
    if bad := [name for name, is_finite in zip(names, finite) if not is_finite]:
        raise TrainingError(
            f"{len(bad)} tensors of the model hold NaN or infinity before training: "
            f"{', '.join(bad[:5])}. Load or build the model again."
        )


def check_gradients(optimizer: torch.optim.Optimizer, model: SharedModel) -> None:
    """Raise `TrainingError` where no gradient reached a tensor that should train."""
    held = [t for group in optimizer.param_groups for t in group["params"]]
    bad = [id(tensor) for tensor in held if tensor.grad is None]
    if bad:
        names = [name for name, t in model.named_parameters() if id(t) in bad]
        raise TrainingError(
            f"no gradient reached {len(bad)} tensors that should train: "
            f"{', '.join(names[:5])}. Freeze them, or sum a loss that depends on them."
        )


def check_step(step: int, values: Mapping[str, Tensor | float]) -> None:
    """Raise `TrainingError` where a loss or gradient norm of a step is not finite."""
    if bad := [name for name, value in values.items() if not math.isfinite(value)]:
        raise TrainingError(
            f"{', '.join(bad)} is not finite in step {step}: lower the learning rates "
            f"or loss weights. The model keeps its last finite weights."
        )


def take_step(optimizer: AdamW, values: Mapping[str, Tensor], number: int) -> None:
    """Update the weights, unless a loss or gradient norm among `values` is not finite.

    On the CPU that raises `TrainingError` at once. On other devices nothing waits for
    the numbers: the step then leaves the weights alone, and the epoch's end raises.
    """
    if all(value.device.type == "cpu" for value in values.values()):
        check_step(number, values)
    else:
        finite = torch.stack([*values.values()]).isfinite().all()
        optimizer.found_inf = 1.0 - finite.float()
    optimizer.step()


class BestWeights:
    """The trained weights of the epoch that is best on validation."""

    def __init__(self, model: SharedModel, metric: str | None) -> None:
        self._model, self._metric = model, metric
        self.score: float = -1.0
        self.kept: dict[str, Tensor] = {}

    def look(self, entry: dict[str, Any]) -> None:
        """Keep the weights if this epoch beats the ones before it."""
        if self._metric is None:
            return
        entry["kept"] = entry[self._metric] > self.score
        if entry["kept"]:
            self.score = entry[self._metric]
            self.kept = {
                name: tensor.detach().clone()
                for name, tensor in self._model.named_parameters()
                if tensor.requires_grad
            }

    @torch.no_grad()
    def restore(self) -> None:
        """Put the kept weights back."""
        for name, tensor in self.kept.items():
            self._model.get_parameter(name).copy_(tensor)


class _RowSum(torch.autograd.Function):
    """A look-up in a table whose backward adds to one buffer, (V, H), row by row."""

    @staticmethod
    def forward(
        ctx: Any, ids: Tensor, weight: Tensor, kept: Tensor, padding_row: int | None
    ) -> Tensor:
        """Look up rows for ids: (B, T) to (B, T, H)."""
        ctx.ids, ctx.weight, ctx.kept, ctx.padding_row = ids, weight, kept, padding_row
        return nn.functional.embedding(ids, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None, None]:
        """Start at zero in the first batch of a step, and add to that in others."""
        if ctx.weight.grad is None:
            ctx.weight.grad = ctx.kept.zero_()
        ctx.weight.grad.index_add_(0, ctx.ids.flatten(), gradient.flatten(0, 1))
        if ctx.padding_row is not None:
            ctx.weight.grad[ctx.padding_row] = 0.0
        return None, None, None, None


@contextmanager
def gradient_memory(model: SharedModel) -> Iterator[None]:
    """Within it, `backward()` sums the word embeddings' gradient in one kept buffer.

    A new one per step, as large as the vocabulary, would take up to a tenth of a step
    on the CPU. The sums are those of the plain path; a second batch in a step (replay)
    goes on where the first one stopped. `torch.autograd.grad` does not see them. On
    leaving, also by an error, no gradient is left on the model.
    """
    table = model.backbone.get_input_embeddings()
    assert isinstance(table, nn.Embedding)
    with ExitStack() as undo:
        undo.callback(model.zero_grad, set_to_none=True)
        if table.weight.requires_grad:
            look_up: Callable[..., Tensor] = _RowSum.apply
            kept = table.weight, torch.zeros_like(table.weight), table.padding_idx
            hook = table.register_forward_hook(
                lambda _, inputs, __: look_up(*inputs, *kept)
            )
            undo.callback(hook.remove)
        yield
