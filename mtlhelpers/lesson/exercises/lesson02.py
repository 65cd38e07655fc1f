"""Exercises of lesson 02: sizes of heads, freezing by hand, the optimizer's memory."""

from typing import Any

import torch
from torch import nn

from mtlhelpers.lesson.checks import Hint, exercise

_H, _NAMES = 384, 150 + 105


@exercise(
    "02.1",
    wrong=[
        (_NAMES * _H, "bias"),
        (150 * 105 * _H, "two heads"),
        (22_565_376 + _NAMES * (_H + 1), "frozen"),
    ],
)
def _size_of_heads(answer: Any) -> None:
    """Count the parameters of two heads."""
    if answer == _NAMES * _H:
        raise Hint("Each label and each tag has a bias as well.")
    if answer > 10_000_000:
        raise Hint("The backbone is frozen. Count the heads alone.")
    if answer == 150 * 105 * _H:
        raise Hint("These are two heads side by side: add their labels and tags.")
    if answer != _NAMES * (_H + 1):
        raise Hint("A head with n names has n (H + 1) numbers. Add up two heads.")


def _no_grad(part: nn.Module) -> None:
    part.requires_grad_(False)


def _zero(part: nn.Module) -> None:
    part.requires_grad_(False).zero_grad(set_to_none=False)


def _trains_on(part: nn.Module) -> None:
    part.requires_grad_(False).zero_grad(set_to_none=True)


def _only_eval(part: nn.Module) -> None:
    part.eval()


@exercise(
    "02.2",
    wrong=[
        (_no_grad, "gradient of the last batch"),
        (_zero, "zero is a gradient"),
        (_trains_on, "dropout"),
        (_only_eval, "requires_grad"),
    ],
)
def _freezes_truly(answer: Any) -> None:
    """Freeze a part in the middle of training."""
    torch.manual_seed(0)
    part = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    optimizer = torch.optim.AdamW(part.parameters(), lr=0.1)
    inputs = torch.ones(8, 4)
    part(inputs).sum().backward()
    optimizer.step()
    answer(part)
    if any(tensor.requires_grad for tensor in part.parameters()):
        raise Hint("A gradient would still be computed: look at requires_grad.")
    before = [tensor.detach().clone() for tensor in part.parameters()]
    gradients = [tensor.grad for tensor in part.parameters()]
    optimizer.step()
    if not all(map(torch.equal, before, part.parameters())):
        if all(grad is not None and not grad.any() for grad in gradients):
            raise Hint("It moved: to AdamW, zero is a gradient. What else can it be?")
        raise Hint("It moved: the gradient of the last batch is still there.")
    if not torch.equal(part(inputs), part(inputs)):
        raise Hint("It gives two answers to one question: dropout is still on.")


@exercise(
    "02.3",
    wrong=[
        (22.6 * 2 * 4, "gradient"),
        (22.6 * 4, "one number"),
        (22.6 * 3, "four bytes"),
        (22.6 * 4 * 4, "on top of the weights"),
        (22.6e6 * 3 * 4, "That is bytes"),
    ],
)
def _megabytes(answer: Any) -> None:
    """Work out the memory of AdamW's state and the gradients."""
    hints = {
        2 * 4: "Those are AdamW's two numbers. Add the gradient.",
        1 * 4: "That is one number per weight. There are three.",
        3: "You have counted numbers. Each takes four bytes.",
        4 * 4: "The weights are counted too. We ask what comes on top of the weights.",
    }
    for factor, hint in hints.items():
        if abs(answer - 22.6 * factor) < 0.5:
            raise Hint(hint)
    if abs(answer / 1e6 - 22.6 * 12) < 1:
        raise Hint("That is bytes; we ask for megabytes (millions).")
    if abs(answer - 22.6 * 12) > 1:
        raise Hint("22.6 million, times three numbers, times four bytes each.")
