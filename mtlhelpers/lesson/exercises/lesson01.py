"""Exercises of lesson 01: tags on pieces, a mean without padding, the first loss."""

import math
from typing import Any

import torch
from torch import Tensor

from mtlhelpers.lesson.checks import Hint, exercise

_WORD_IDS = [None, 0, 0, 0, 1, 2, 2, None]


def _first_pieces(word_ids: list[int | None], tags: list[Any]) -> list[Any]:
    before = [None, *word_ids]
    return [
        tags[w] if w is not None and w != b else -100 for w, b in zip(word_ids, before)
    ]


@exercise(
    "01.1",
    wrong=[
        (_first_pieces, "the first piece"),
        (lambda ids, tags: [tags[w] for w in ids if w is not None], "one label per"),
        (
            lambda ids, tags: [-100 if w is None else tags[w] for w in ids],
            "three times",
        ),
    ],
)
def _last_pieces(answer: Any) -> None:
    """Put the tag on the last piece of each word."""
    right = [-100, -100, -100, "a", "b", -100, "c", -100]
    found = list(answer(list(_WORD_IDS), ["a", "b", "c"]))
    if len(found) != len(_WORD_IDS):
        raise Hint("Give one label per piece, -100 for those that say nothing.")
    if found.count("a") == 3:
        raise Hint("Every piece has its word's tag now, so a word counts three times.")
    if found == _first_pieces(_WORD_IDS, ["a", "b", "c"]):
        raise Hint("That is the first piece of each word. Which one comes last?")
    if found != right:
        raise Hint(f"For word_ids {_WORD_IDS} it should be {right}, not {found}.")
    if list(answer([None, 0, 0, 1, 1, None], [5, 6])) != [-100, -100, 5, -100, 6, -100]:
        raise Hint("It fails for two words of two pieces each, with numbers as tags.")


_HIDDEN = torch.tensor([[[2.0, 4.0], [4.0, 8.0], [99.0, 99.0]]])  # (1, 3, 2)
_MASK = torch.tensor([[1, 1, 0]])


def _over_all(hidden: Tensor, mask: Tensor) -> Tensor:
    return (hidden * mask.unsqueeze(-1)).mean(1)


@exercise(
    "01.2",
    wrong=[
        (lambda hidden, mask: hidden.mean(1), "padding counts"),
        (lambda hidden, mask: (hidden * mask).sum(1), "a last dimension"),
        (_over_all, "divided by 3"),
        (lambda hidden, mask: (hidden * mask.unsqueeze(-1)).sum(1), "a sum"),
        (lambda hidden, mask: hidden[mask.bool()].mean(0), "(B, H)"),
    ],
)
def _mean_of_pieces(answer: Any) -> None:
    """Average a sentence's vectors without its padding."""
    try:
        found = answer(_HIDDEN.clone(), _MASK.clone())
    except RuntimeError as error:
        if "must match" not in str(error):
            raise
        raise Hint(
            "`mask` is (B, T): give it a last dimension, `mask.unsqueeze(-1)`."
        ) from error
    if not isinstance(found, Tensor) or found.shape != (1, 2):
        raise Hint("Return a tensor of shape (B, H): one vector per sentence.")
    for wrong, hint in (
        (_HIDDEN.mean(1), "The padding counts: its vector 99, 99 is in the mean."),
        (_over_all(_HIDDEN, _MASK), "The padding is zero now, but you divided by 3."),
        (2 * _HIDDEN[:, :2].mean(1), "That is a sum. Divide by the number of pieces."),
    ):
        if torch.allclose(found, wrong):
            raise Hint(hint)
    two = answer(_HIDDEN.repeat(2, 1, 1), torch.tensor([[1, 1, 0], [1, 0, 0]]))
    right = torch.tensor([[3.0, 6.0], [2.0, 4.0]])
    if two.shape != right.shape or not torch.allclose(two, right):
        raise Hint("It fails where sentences of one batch have different lengths.")


@exercise(
    "01.3",
    wrong=[
        (round(math.log2(150), 2), "in bits"),
        (round(1 / 150, 4), "a probability"),
        (round(math.log10(150), 2), "base 10"),
        (150, "the logarithm of 150"),
        (5.0, "two decimals"),
    ],
)
def _first_loss(answer: Any) -> None:
    """Work out the loss of a head that knows nothing."""
    if abs(answer - math.log2(150)) < 0.02:
        raise Hint("That is in bits. A nat is a logarithm to the base e.")
    if abs(answer - math.log10(150)) < 0.02:
        raise Hint("That is to base 10. A nat is a logarithm to the base e.")
    if abs(answer - 1 / 150) < 0.01:
        raise Hint("That is a probability. The loss is minus its logarithm.")
    if answer == 150:
        raise Hint("Take the logarithm of 150.")
    if 0.01 < abs(answer - math.log(150)) < 0.1:
        raise Hint("Near: give two decimals.")
    if abs(answer - math.log(150)) > 0.01:
        raise Hint("The head finds all n labels alike, so the loss is log n.")
