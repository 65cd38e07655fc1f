"""Exercises of lesson 04: the backbone frozen."""

import math
from typing import Any

import torch
from torch import Tensor

from mtlhelpers.lesson.checks import Hint, exercise

_Sides = dict[float, tuple[float, float]]


def _bias_as_it_was(
    w: Tensor, b: Tensor, m: Tensor, s: Tensor
) -> tuple[Tensor, Tensor]:
    return w / s, b


def _multiplied(w: Tensor, b: Tensor, m: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    return w * s, b - (w * s) @ m


def _not_summed(w: Tensor, b: Tensor, m: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    return w / s, b - (w / s) * m


_BY_FEATURE = "`bias` must be (L,): sum over H."


@exercise(
    "04.1",
    wrong=[
        (_bias_as_it_was, "bias"),
        (_multiplied, "divide"),
        (_not_summed, "sum over H"),
    ],
)
def _fold(answer: Any) -> None:
    """Fold standardising into a head."""
    draw = torch.Generator().manual_seed(0)
    x, w = torch.randn(5, 3, generator=draw), torch.randn(2, 3, generator=draw)
    b, m = torch.tensor([0.5, -1.0]), torch.tensor([0.3, -2.0, 1.0])
    s = torch.tensor([0.5, 2.0, 4.0])
    try:
        weight, bias = answer(w.clone(), b.clone(), m.clone(), s.clone())
    except RuntimeError as error:
        if "must match" not in str(error):
            raise
        raise Hint(f"Shapes do not fit. {_BY_FEATURE}") from error
    if tuple(weight.shape) != (2, 3) or tuple(bias.shape) != (2,):
        raise Hint(f"The weight stays (L, H). {_BY_FEATURE}")
    if torch.allclose(weight, w * s, atol=1e-5):
        raise Hint(
            "The vector is divided by the scale: divide the weights by it as well."
        )
    if not torch.allclose(weight, w / s, atol=1e-5):
        raise Hint(
            "Each column of the weight goes with one feature, and with its scale."
        )
    if torch.allclose(bias, b, atol=1e-5):
        raise Hint(
            "The mean is left: what it adds to each score belongs into the bias."
        )
    if not torch.allclose(x @ weight.T + bias, ((x - m) / s) @ w.T + b, atol=1e-4):
        raise Hint(
            "The bias must take off the score of the mean: (weight / scale) @ mean."
        )


def _best_on_test(frozen: _Sides, full: _Sides) -> float:
    one, other = (max(test for _, test in side.values()) for side in (frozen, full))
    return one - other


def _one_for_both(frozen: _Sides, full: _Sides) -> float:
    rate = max(frozen, key=lambda one: frozen[one][0] + full[one][0])
    return frozen[rate][1] - full[rate][1]


@exercise("04.2", wrong=[(_best_on_test, "test"), (_one_for_both, "each side")])
def _difference(answer: Any) -> None:
    """Compare two sides, each with its own learning rate."""
    frozen = {5e-5: (0.50, 0.55), 1e-3: (0.80, 0.70), 1e-2: (0.70, 0.78)}
    full = {5e-5: (0.90, 0.82), 1e-3: (0.60, 0.66), 1e-2: (0.20, 0.95)}
    said = float(answer(dict(frozen), dict(full)))
    known = {
        0.78 - 0.95: "You chose by the test score. It may only be reported: choose by "
        "validation.",
        0.55
        - 0.82: "You chose one learning rate for both: let each side choose its own.",
        0.66
        - 0.66: "You chose one learning rate for both: let each side choose its own.",
        0.70
        - 0.66: "You chose one learning rate for both: let each side choose its own.",
        0.80 - 0.90: "That is the difference on validation: report the one on test.",
        0.82 - 0.70: "The sign is turned: frozen minus full.",
    }
    if math.isclose(said, 0.70 - 0.82, abs_tol=1e-6):
        return
    for value, hint in known.items():
        if math.isclose(said, value, abs_tol=1e-6):
            raise Hint(hint)
    raise Hint(f"On a small table it should be -0.12, and yours is {said:.2f}.")


@exercise("04.3", wrong=[(0.05, "average"), (5e-5, "steps")])
def _distance(answer: Any) -> None:
    """Say how far a weight can get."""
    said = float(answer)
    if math.isclose(said, 1000 * 5e-5, rel_tol=1e-3):
        raise Hint("The learning rate is at its peak only once. What is it on average?")
    if math.isclose(said, 5e-5, rel_tol=1e-3):
        raise Hint("That is one step at the peak: there are 1,000 steps.")
    if not math.isclose(said, 0.025, rel_tol=1e-2):
        raise Hint("Multiply the number of steps by the average learning rate.")
