"""Exercises of lesson 06: one head and the backbone frozen."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from mtlhelpers.lesson.checks import Hint, exercise

_Count = Callable[[Tensor, Tensor], int]
_MIRROR = {"sentence_classifier.weight", "sentence_classifier.bias"}
_TIES = {"a", "c", "d"}
# Why each of the letters does, or does not, let one task change the other's head.
_WHY = {
    "a": "a common norm grows with the sentence loss, and scales the NER head's "
    "gradient down",
    "b": "AdamW's running means are kept per number: nothing crosses from head to head",
    "c": "the sentence task decides which epoch of the NER head is kept",
    "d": "drawing the sentence head moves the stream on, so the NER head starts from "
    "other numbers",
    "e": "frozen vectors are the same for both heads, whatever the other one does",
}


@exercise(
    "06.1",
    wrong=[
        ({"ner_classifier.weight", "ner_classifier.bias"}, "finished head"),
        ({"sentence_classifier.weight"}, "bias"),
    ],
)
def _mirror(answer: object) -> None:
    """The tensors that train when sentence labels are added to finished names."""
    named = set(cast(set[str], answer))
    if any(name.startswith("ner_") for name in named):
        raise Hint("The NER head is the finished head here: it is frozen.")
    if any(name.startswith("backbone") for name in named):
        raise Hint("The backbone is frozen, or the names would change.")
    if named == {"sentence_classifier.weight"}:
        raise Hint("A linear head has a matrix and a bias. Name both.")
    if named != _MIRROR:
        raise Hint(
            "Write the names as `model.named_parameters()` gives them: those of the "
            "sentence head, which is called `sentence_classifier`."
        )


@exercise(
    "06.2",
    wrong=[
        (lambda one, other: int((one != other).sum()), "-0.0"),
        (lambda one, other: int((~torch.isclose(one, other)).sum()), "last bit"),
    ],
)
def _count_different(answer: object) -> None:
    """How many numbers of two tensors differ in at least one bit."""
    one = torch.tensor([1.0, 2.0, 3.0, -4.0])
    last_bit = torch.nextafter(one, torch.tensor(9.0))
    nan = torch.tensor([float("nan"), 1.0])
    cases = [
        (one, one.clone(), 0, "Equal tensors should give 0."),
        (one, one + torch.tensor([0, 1, 0, 1]), 2, "Two of these four differ."),
        (one, last_bit, 4, "They differ in the last bit alone, and that counts."),
        (
            torch.tensor([0.0, 1.0]),
            torch.tensor([-0.0, 1.0]),
            1,
            "0.0 and -0.0 are equal as numbers, and not in their bits. Read the bits "
            "as whole numbers: `.view(torch.int32)`.",
        ),
        (nan, nan.clone(), 0, "A nan has the same bits as its copy."),
    ]
    for left, right, count, hint in cases:
        said = int(cast(_Count, answer)(left, right))
        if said != count:
            raise Hint(
                f"Of {left.tolist()} and {right.tolist()}, {count} should differ, and "
                f"your function says {said}. {hint}"
            )


@exercise(
    "06.3",
    wrong=[
        ({"a", "b", "c", "d"}, "per number"),
        ({"a", "d"}, "which epoch"),
        ({"a", "c", "d", "e"}, "the same for both"),
    ],
)
def _ties(answer: object) -> None:
    """What lets one task change the other's head over a frozen backbone."""
    letters = {str(letter).strip(" )").lower() for letter in cast(set[str], answer)}
    for letter in sorted(letters - _TIES):
        raise Hint(f"Not {letter}): {_WHY.get(letter, 'there is no such letter')}.")
    for letter in sorted(_TIES - letters):
        raise Hint(f"One is missing: {_WHY[letter]}.")
