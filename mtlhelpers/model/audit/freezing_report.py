"""What is frozen in truth, what only seems so, and what to do: for any torch model."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from torch import nn
from torch.optim import Optimizer

from mtlhelpers.errors import KindError
from mtlhelpers.model.audit.faults import (
    GRADIENT_LEFT,
    Fault,
    dropouts,
    optimizer_faults,
    part_faults,
    some,
    some_tensors,
    twin_faults,
    twins,
)
from mtlhelpers.model.audit.trial import try_batch

PART_COLUMNS = ("part", "state", "tensors", "numbers", "mode", "why")


@dataclass(frozen=True)
class FreezingReport:
    """What `check_freezing` found; printed, it is plain words."""

    model: str  # its class
    parts: tuple[dict[str, Any], ...]  # by `PART_COLUMNS`
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]  # true, and nothing to mend

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at does what it seems to."""
        return not self.faults

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per part: the largest whose tensors are all in one state.

        Columns: `part` (a name in the model), `state` (trains, frozen, seems frozen,
        seems to train), `tensors`, `numbers` in them, `mode` (train, eval, mixed), and
        `why`, the kinds of fault.
        """
        return pd.DataFrame(list(self.parts), columns=list(PART_COLUMNS))

    def __str__(self) -> str:
        lines = [f"{self.model}:"]
        for state, rows in self.table.groupby("state", sort=False):
            numbers = f"{rows['numbers'].sum():,} numbers in {rows['tensors'].sum()}"
            lines.append(f"  {state}: {some(rows['part'])} ({numbers} tensors)")
        for fault in self.faults:
            listed = some_tensors if fault.kind == GRADIENT_LEFT else some
            where = listed(fault.where) or self.model
            lines.append(f"✗ {fault.kind}, {where}: {fault.says}. {fault.remedy}.")
        if self.ok:
            lines.append("✓ What is frozen stays as it is; what should train, can.")
        return "\n".join([*lines, *self.notes])


def check_freezing(
    model: nn.Module, optimizer: Optimizer | None = None, batch: Any = None
) -> FreezingReport:
    """Tell what of any torch model is frozen in truth, and what only seems so.

    Call it where training begins: after freezing, `model.train()` and building the
    optimizer. With the `optimizer`, gradients that are left on frozen tensors, tensors
    that it does not hold, and strangers in it are seen. With a `batch`, one forward and
    backward pass tells where no gradient arrives, where one flows for nothing, and
    which statistics move; weights, gradients, buffers and torch's random numbers are
    afterwards as before, bit for bit. A mapping is given as `model(**batch)`, a tuple
    or list as `model(*batch)`, anything else as `model(batch)`; the loss is `.loss` or
    `["loss"]` of the output, or else the sum of all numbers in it.
    """
    if optimizer is not None and not hasattr(optimizer, "param_groups"):
        kind = type(optimizer).__name__
        raise KindError(f"optimizer is a {kind}; give one of torch.optim, or none")
    faults = [*part_faults(model), *twin_faults(model)]
    if optimizer is not None:
        faults += optimizer_faults(model, optimizer)
    if batch is not None:
        known = {(f.kind, part) for f in faults for part in f.where}
        faults += [
            fault
            for fault in try_batch(model, batch).faults()
            if not all(_is_known(fault.kind, name, known) for name in fault.where)
        ]
    return FreezingReport(
        type(model).__name__,
        tuple(_rows(model, faults)),
        tuple(faults),
        tuple(_notes(model, optimizer, batch)),
    )


def _is_known(kind: str, name: str, known: set[tuple[str, str]]) -> bool:
    """Whether a fault of this kind was found in this part, or in one around it."""
    return any(kind == k and _is_within(name, part) for k, part in known)


def _is_within(name: str, part: str) -> bool:
    return not part or name == part or name.startswith(f"{part}.")


def _notes(model: nn.Module, optimizer: Optimizer | None, batch: Any) -> Iterator[str]:
    tensors = dict(model.named_parameters())
    still = {id(t): name for name, t in tensors.items() if not t.requires_grad}
    groups = optimizer.param_groups if optimizer else []
    held = {id(t) for group in groups for t in group["params"]} & still.keys()
    if held:
        yield (
            f"The optimizer holds {len(held)} frozen tensors: they stay where they "
            "are as long as no gradient is left on them."
        )
    left = [n for key, n in still.items() if key not in held]  # held ones are faults
    if stale := [name for name in left if tensors[name].grad is not None]:
        yield (
            f"A gradient is left on {some_tensors(stale)}, which is frozen: an "
            "optimizer that holds it moves it."
        )
    if above := dropouts(model)[1]:
        yield (
            f"Dropout is active in {some(above)}, which is frozen, above what trains: "
            "it is noise for that, as adapters usually have it."
        )
    for names in twins(model):
        yield f"Tied: {some(names)} share their memory; to freeze one is to freeze all."
    if optimizer is None:
        yield "No optimizer was given: what it holds was not looked at."
    if batch is None:
        yield "No batch was given: where gradients arrive was not tried."


def _rows(model: nn.Module, faults: list[Fault]) -> Iterator[dict[str, Any]]:
    """The largest parts whose tensors are in one state, from the top down."""
    states = {}
    for name, tensor in model.named_parameters(remove_duplicate=False):
        mine = [f for f in faults if any(_is_within(name, part) for part in f.where)]
        state = "trains" if tensor.requires_grad else "frozen"
        why = ", ".join(dict.fromkeys(fault.kind for fault in mine))
        states[name] = mine[0].state if mine else state, why
    yield from _rows_of(model, "", states)


def _rows_of(
    module: nn.Module, name: str, states: dict[str, tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    prefix = f"{name}." if name else ""
    inner = {
        prefix + key: tensor
        for key, tensor in module.named_parameters(remove_duplicate=False)
    }
    if len({states[key] for key in inner}) == 1:
        modes = {part.training for part in module.modules()}
        mode = "mixed" if len(modes) > 1 else "train" if modes == {True} else "eval"
        own = name or type(module).__name__
        yield _row(own, list(inner.values()), mode, *states[next(iter(inner))])
        return
    for key, tensor in module.named_parameters(recurse=False):
        mode = "train" if module.training else "eval"
        yield _row(prefix + key, [tensor], mode, *states[prefix + key])
    for key, child in module.named_children():
        yield from _rows_of(child, prefix + key, states)


def _row(
    part: str, tensors: list[nn.Parameter], mode: str, state: str, why: str
) -> dict[str, Any]:
    unique = {id(tensor): tensor.numel() for tensor in tensors}
    values = (part, state, len(unique), sum(unique.values()), mode, why)
    return dict(zip(PART_COLUMNS, values))
