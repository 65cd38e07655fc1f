"""One forward and backward pass of a batch, after which the model is as it was."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlhelpers.model.audit.faults import SEEMS_TO_TRAIN, Fault, frozen_parts, some
from mtlhelpers.model.digests import tensor_bytes


@dataclass
class Trial:
    """What one batch showed: names of tensors, buffers and parts."""

    without: list[str]  # tensors that require a gradient and got none
    unfinite: list[str]  # tensors whose gradient holds NaN or infinity
    moved: list[str]  # buffers of frozen parts that the forward pass changed
    needless: list[str]  # frozen parts with a graph that leads to nothing that trains

    def faults(self) -> Iterator[Fault]:
        """What of it is wrong."""
        if self.without:
            yield Fault(
                "no gradient",
                tuple(self.without),
                "it requires a gradient, and none reaches it from the loss of this "
                "batch: it never moves",
                "Freeze it, or sum a loss that depends on it (look for .detach(), "
                "no_grad(), or a head that is not used)",
                SEEMS_TO_TRAIN,
            )
        if self.unfinite:
            yield Fault(
                "gradient not finite",
                tuple(self.unfinite),
                "its gradient holds NaN or infinity: one step spoils it",
                "Look at the batch and at the loss",
                SEEMS_TO_TRAIN,
            )
        if self.moved:
            yield Fault(
                "running statistics",
                tuple(dict.fromkeys(name.rpartition(".")[0] for name in self.moved)),
                f"one forward pass moved {some(self.moved)}, with no gradient at all",
                "Call .eval() on the part, after every model.train()",
            )
        if self.needless:
            yield Fault(
                "needless graph",
                tuple(self.needless),
                "gradients flow through it, though nothing below it trains: the pass "
                "takes the time and memory of training, for nothing",
                "Run it under torch.no_grad(), and give it inputs that do not require "
                "a gradient",
            )


def try_batch(model: nn.Module, batch: Any) -> Trial:
    """Run one batch forward and backward in the modes that the modules are in.

    `batch` is given as `model(**batch)` if it is a mapping, as `model(*batch)` if a
    tuple or list, else as `model(batch)`. The loss is `.loss` or `["loss"]` of what
    comes back, where there is one, or else the sum of all numbers in it.
    Gradients, buffers and the state of torch's random numbers are put back.
    """
    named = dict(model.named_parameters())
    parts = dict(frozen_parts(model))
    outputs: dict[str, list[Tensor]] = {name: [] for name in parts}
    before = {
        name: tensor_bytes(b.clone()) for name, b in _frozen_buffers(model).items()
    }
    with _put_back(model), ExitStack() as hooks:
        for name, module in parts.items():
            keep = partial(_keep, outputs[name])
            hooks.enter_context(module.register_forward_hook(keep))
        loss = _loss(_call(model, batch))
        trained = {id(tensor) for tensor in named.values() if tensor.requires_grad}
        needless = [n for n, kept in outputs.items() if _leads_nowhere(kept, trained)]
        if loss is not None:
            loss.backward()
        moved = [
            name
            for name, buffer in _frozen_buffers(model).items()
            if not np.array_equal(tensor_bytes(buffer), before[name])
        ]
        wanted = {n: t.grad for n, t in named.items() if t.requires_grad}
        return Trial(
            [name for name, gradient in wanted.items() if gradient is None],
            [n for n, g in wanted.items() if g is not None and not _is_finite(g)],
            moved,
            needless,
        )


@contextmanager
def _put_back(model: nn.Module) -> Iterator[None]:
    """Leave gradients, buffers and random numbers as they were, bit for bit."""
    gradients = [(tensor, tensor.grad) for tensor in model.parameters()]
    buffers = [
        (module, key, buffer, buffer.clone())
        for module in model.modules()
        for key, buffer in module._buffers.items()
        if buffer is not None
    ]
    devices = {t.device for t, _ in gradients if t.device.type == "cuda"}
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        try:
            for tensor, _ in gradients:
                tensor.grad = None
            yield
        finally:
            for tensor, gradient in gradients:
                tensor.grad = gradient
            for module, key, buffer, kept in buffers:
                module._buffers[key] = buffer
                with torch.no_grad():
                    buffer.copy_(kept)


def _call(model: nn.Module, batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return model(**batch)
    return model(*batch) if isinstance(batch, tuple | list) else model(batch)


def _loss(output: Any) -> Tensor | None:
    """One number that depends on all that comes back; None without any graph."""
    found = output.get("loss") if isinstance(output, Mapping) else None
    found = getattr(output, "loss", None) if found is None else found
    tensors = _tensors(output if found is None else found)
    sums = [tensor.sum() for tensor in tensors if tensor.requires_grad]
    return sum(sums[1:], sums[0]) if sums else None


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    inner = value if isinstance(value, tuple | list) else ()
    return [tensor for one in inner for tensor in _tensors(one)]


def _keep(kept: list[Tensor], _module: nn.Module, _inputs: Any, output: Any) -> None:
    kept += [tensor for tensor in _tensors(output) if tensor.requires_grad]


def _leads_nowhere(outputs: list[Tensor], trained: set[int]) -> bool:
    """Whether there is a graph behind some tensors, and nothing that trains in it."""
    if not outputs:
        return False
    open_nodes = [tensor.grad_fn for tensor in outputs if tensor.grad_fn is not None]
    seen = set(open_nodes)
    while open_nodes:
        node = open_nodes.pop()
        # Checkpoints of the older kind hide what they call.
        if "Checkpoint" in node.name() or id(getattr(node, "variable", 0)) in trained:
            return False
        below = {inner for inner, _ in node.next_functions if inner is not None} - seen
        seen |= below
        open_nodes += below
    return True


def _frozen_buffers(model: nn.Module) -> dict[str, Tensor]:
    return {
        name: buffer
        for part, module in frozen_parts(model)
        for name, buffer in module.named_buffers(prefix=part)
    }


def _is_finite(gradient: Tensor) -> bool:
    values = gradient.coalesce().values() if gradient.is_sparse else gradient
    return bool(values.isfinite().all())
