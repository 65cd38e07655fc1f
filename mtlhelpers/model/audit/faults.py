"""How a model comes to be frozen, or to train, in appearance only.

What can be seen without running it: `requires_grad`, gradients that are left, what the
optimizer holds, memory that two tensors share, and modules in training mode.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from os.path import commonprefix

from torch import Tensor, nn
from torch.optim import Optimizer

SEEMS_FROZEN, SEEMS_TO_TRAIN = "seems frozen", "seems to train"
GRADIENT_LEFT = "gradient left"


@dataclass(frozen=True)
class Fault:
    """One way in which a model does not do what it seems to."""

    kind: str
    where: tuple[str, ...]  # names of parts, or of tensors
    says: str
    remedy: str
    state: str = SEEMS_FROZEN  # what the named tensors, or all of a named part, are


def some(names: Iterable[str]) -> str:
    """A few names; those that differ by their numbers alone are one: `layer.*.bias`."""
    alike = defaultdict(list)
    for name in names:
        alike[re.sub(r"\b\d+\b", "*", name)].append(name)
    first = [
        f"{pattern} ({len(found)} of them)" if len(found) > 1 else found[0]
        for pattern, found in alike.items()
    ]
    return ", ".join(first[:4]) + (f" and {len(first) - 4} more" * (len(first) > 4))


def some_tensors(names: Sequence[str]) -> str:
    """A few names of tensors, or how many there are, and the part they are all in."""
    if len(names) <= 4:
        return some(names)
    part = ".".join(commonprefix([name.split(".") for name in names]))
    return f"{len(names)} tensors" + (f" of {part}" if part else "")


def frozen_parts(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The largest modules that have parameters, none of which requires a gradient."""
    own = list(module.parameters())
    if own and not any(tensor.requires_grad for tensor in own):
        yield name, module
    elif own:
        for key, child in module.named_children():
            yield from frozen_parts(child, f"{name}.{key}" if name else key)


def dropouts(model: nn.Module) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The active dropout of frozen parts, by part: of those at the bottom, of others.

    A part is at the bottom if nothing that comes before it in the model trains: what it
    says could be computed once. Above what trains, dropout is noise for that.
    """
    order = [tensor.requires_grad for tensor in model.parameters()]
    below = order.index(True) if True in order else len(order)
    lowest = {id(tensor) for tensor in list(model.parameters())[:below]}
    bottom: dict[str, list[str]] = {}
    above: dict[str, list[str]] = {}
    for part, module in frozen_parts(model):
        inner = module.named_modules(prefix=part)
        names = [name for name, one in inner if one.training and _drops(one)]
        is_low = id(next(module.parameters())) in lowest
        if names:
            (bottom if is_low else above)[part] = names
    return bottom, above


def part_faults(model: nn.Module) -> Iterator[Fault]:
    """Dropout and running statistics that are alive in parts that are frozen."""
    if bottom := dropouts(model)[0]:
        yield Fault(
            "dropout",
            tuple(bottom),
            f"dropout is active in {some(chain(*bottom.values()))}: the same input "
            "gives another output each time, and what is frozen never adapts to that",
            "Call .eval() on the part, after every model.train()",
        )
    counting = {
        part: [
            name
            for name, inner in module.named_modules(prefix=part)
            if inner.training and getattr(inner, "running_mean", None) is not None
        ]
        for part, module in frozen_parts(model)
    }
    if any(counting.values()):
        yield Fault(
            "running statistics",
            tuple(part for part, names in counting.items() if names),
            f"{some(chain(*counting.values()))} is in training mode: each forward "
            "pass moves its running mean and variance, with no gradient at all",
            "Call .eval() on the part, after every model.train()",
        )


def optimizer_faults(model: nn.Module, optimizer: Optimizer) -> Iterator[Fault]:
    """What the optimizer holds and should not, or should hold and does not."""
    groups = {id(t): group for group in optimizer.param_groups for t in group["params"]}
    named = dict(model.named_parameters())
    left = [
        name
        for name, tensor in named.items()
        if not tensor.requires_grad and tensor.grad is not None and id(tensor) in groups
    ]
    if left:
        forces = ["the gradient"]
        if any(groups[id(named[name])].get("weight_decay") for name in left):
            forces.append("weight decay")
        if any(optimizer.state.get(named[name]) for name in left):
            forces.append("momentum of earlier steps")
        yield _gradient_left(left, " and ".join(forces))
    missing = [n for n, t in named.items() if t.requires_grad and id(t) not in groups]
    if missing:
        yield Fault(
            "not in the optimizer",
            tuple(missing),
            "it requires a gradient, and the optimizer does not hold it: it never "
            "moves, and its gradient is computed for nothing",
            "To train it, build the optimizer after unfreezing; to freeze it, call "
            ".requires_grad_(False)",
            SEEMS_TO_TRAIN,
        )
    if strangers := len(groups.keys() - {id(tensor) for tensor in named.values()}):
        yield Fault(
            "another model's optimizer",
            (),
            f"the optimizer holds {strangers} tensors that this model does not have: a "
            "part was replaced, copied or wrapped after it was built",
            "Build the optimizer last",
        )


def _gradient_left(names: list[str], forces: str) -> Fault:
    return Fault(
        GRADIENT_LEFT,
        tuple(names),
        "the optimizer holds what is frozen, with a gradient from before; its next "
        f"step moves it by {forces}, even where that gradient is zero",
        "Set .grad to None (zero_grad() does, unless told set_to_none=False), or build "
        "the optimizer after freezing",
    )


def twin_faults(model: nn.Module) -> Iterator[Fault]:
    """Tensors that seem frozen, and move because another name of them trains."""
    named = dict(model.named_parameters(remove_duplicate=False))
    for names in twins(model):
        training = [name for name in names if named[name].requires_grad]
        still = [name for name in names if not named[name].requires_grad]
        if not still:  # one tensor, and the rest of one of its parts may be frozen
            still = [name for name in training if _alone(model, name, named[name])]
            training = [name for name in names if name not in still] or names
        if still and training:
            yield Fault(
                "tied",
                tuple(still),
                f"it shares its memory with {some(training)}, which trains: both move",
                "Freeze both, or untie them (give one a copy of the weights)",
            )


def twins(model: nn.Module) -> list[list[str]]:
    """The names of tensors that lie in the same memory, in the model's order."""
    places = sorted(
        (tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes, name)
        for name, tensor in model.named_parameters(remove_duplicate=False)
        if tensor.device.type != "meta" and tensor.is_contiguous() and tensor.nbytes
    )
    groups: list[list[str]] = []
    end = 0
    for start, stop, name in places:
        if start < end:
            groups[-1].append(name)
        else:
            groups.append([name])
        end = max(end, stop)
    # Not as memory happens to lie: the same model is told in the same words.
    order = list(dict(model.named_parameters(remove_duplicate=False)))
    shared = [sorted(group, key=order.index) for group in groups if len(group) > 1]
    return sorted(shared, key=lambda group: order.index(group[0]))


def _drops(module: nn.Module) -> bool:
    """Whether it drops in training mode: a dropout layer, or a rate that it is given.

    Attention and recurrent layers keep the rate as a number, under names of their own.
    """
    if "Dropout" in type(module).__name__ and hasattr(module, "p"):
        return bool(module.p)
    rates = (value for key, value in vars(module).items() if "dropout" in key)
    return any(isinstance(rate, float) and 0 < rate <= 1 for rate in rates)


def _alone(model: nn.Module, name: str, tensor: Tensor) -> bool:
    """Whether it trains while everything else in its part is frozen."""
    while name:
        name = name.rpartition(".")[0]
        others = [t for t in model.get_submodule(name).parameters() if t is not tensor]
        if others:
            return name != "" and not any(other.requires_grad for other in others)
    return False
