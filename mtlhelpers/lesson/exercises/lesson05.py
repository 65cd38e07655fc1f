"""Exercises of lesson 05: one head frozen."""

import math
from typing import Any

import torch
from torch import Tensor

from mtlhelpers.lesson.checks import Hint, exercise

_REMEDIES = (
    "loss kept on",
    "distillation",
    "replay",
    "heads first",
    "lower learning rate",
)


def _without_bias(v: Tensor, w: Tensor, b: Tensor, true: int, other: int) -> Tensor:
    return (w[true] - w[other]) @ v


def _turned(v: Tensor, w: Tensor, b: Tensor, true: int, other: int) -> Tensor:
    return (w[other] - w[true]) @ v + b[other] - b[true]


@exercise("05.1", wrong=[(_without_bias, "bias"), (_turned, "sign")])
def _margin(answer: Any) -> None:
    """Write the margin of one label over another."""
    weight = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]])  # (L, H)
    bias, vector = torch.tensor([0.5, -1.0, 0.25]), torch.tensor([2.0, 1.0])
    for true, other, right in ((0, 1, 1.5), (2, 0, 4.75)):
        said = float(answer(vector, weight, bias, true, other))
        known = {
            right: "",
            -right: "The sign is turned: true label minus other label.",
            right - float(bias[true] - bias[other]): "A bias is missing: each label "
            "adds its own to its score.",
        }
        _match(
            said, known, f"A small head should give {right}, yours gives {said:.2f}."
        )


def _divergence(p: Tensor, q: Tensor, T: float) -> Tensor:
    """KL divergence of q from p, both given as scores (N, L), at temperature T."""
    log_p, log_q = (p / T).log_softmax(-1), (q / T).log_softmax(-1)
    return (log_p.exp() * (log_p - log_q)).sum(-1).mean()


def _without_square(student: Tensor, teacher: Tensor, T: float = 2.0) -> Tensor:
    return _divergence(teacher, student, T)


def _other_way(student: Tensor, teacher: Tensor, T: float = 2.0) -> Tensor:
    return T**2 * _divergence(student, teacher, T)


def _over_labels_too(student: Tensor, teacher: Tensor, T: float = 2.0) -> Tensor:
    return T**2 * _divergence(teacher, student, T) / student.shape[-1]


@exercise(
    "05.2",
    wrong=[
        (_without_square, "square"),
        (_other_way, "teacher"),
        (_over_labels_too, "batchmean"),
    ],
)
def _distillation(answer: Any) -> None:
    """Write the loss of distillation."""
    student = torch.tensor([[1.0, 0.0, -1.0], [0.0, 3.0, 0.5]])  # (N, L)
    teacher = torch.tensor([[0.0, 2.0, -1.0], [1.0, 1.0, 0.0]])
    T = 2.0
    plain = float(_divergence(teacher, student, T))
    known = {
        T**2 * plain: "",
        plain: "The square of T is missing: it makes up for the smaller gradients.",
        float(_other_way(student, teacher, T)): "The divergence is turned round: p, "
        "which weighs the sum, is the teacher's.",
        T**2
        * float(_divergence(teacher, student, 1.0)): "Divide the scores by T first.",
        2 * T**2 * plain: "Take the mean over sentences, not their sum.",
        T**2 * plain / 3: "You divided by the number of labels as well. In `kl_div`, "
        'use `reduction="batchmean"`.',
    }
    said = float(answer(student, teacher, T))
    _match(said, known, f"On a small table it is {T**2 * plain:.4f}, not {said:.4f}.")


@exercise(
    "05.3",
    wrong=[
        ([*_REMEDIES[:2], *_REMEDIES[3:]], "label"),
        (_REMEDIES[1:], "deleted"),
    ],
)
def _usable(answer: Any) -> None:
    """Choose remedies by the data that is left."""
    said = set(answer)
    if unknown := said - set(_REMEDIES):
        raise Hint(f"Not in the list: {', '.join(map(str, unknown))}.")
    if "loss kept on" in said:
        raise Hint("The sentence loss needs a label on every new sentence.")
    if "replay" in said:
        raise Hint("Replay shows old sentences again, and hers are deleted.")
    if "distillation" not in said:
        raise Hint("Distillation asks the finished model, which she has.")
    if missing := set(_REMEDIES[3:]) - said:
        many = "One more needs" if len(missing) == 1 else "Two more need"
        raise Hint(f"{many} no data but hers: which?")


def _match(said: float, known: dict[float, str], otherwise: str) -> None:
    """Return where the first key is said; raise the hint of another, or the last."""
    for value, hint in known.items():
        if math.isclose(said, value, rel_tol=1e-4, abs_tol=1e-5):
            if hint:
                raise Hint(hint)
            return
    raise Hint(otherwise)
