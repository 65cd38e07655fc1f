"""Exercises of lesson 08: training a part."""

from typing import Any

import torch

from mtlhelpers.lesson.checks import Hint, exercise


@exercise(
    "08.1",
    wrong=[
        (lambda inputs, outputs, rank: inputs * outputs, "That is the map itself"),
        (lambda inputs, outputs, rank: rank * inputs, "only one of the two"),
        (
            lambda inputs, outputs, rank: inputs * outputs * rank,
            "add their sizes",
        ),
        (
            lambda inputs, outputs, rank: rank * (inputs + outputs) + rank + outputs,
            "has a bias",
        ),
        (lambda inputs, outputs, rank: rank * rank, "it says 64"),
    ],
)
def _counts_an_adapter(answer: Any) -> None:
    """Count what an adapter trains."""
    found, right = answer(384, 1536, 8), 8 * (384 + 1536)
    if found == 384 * 1536:
        raise Hint("That is the map itself, which stays frozen. Count `A` and `B`.")
    if found in (8 * 384, 8 * 1536):
        raise Hint(
            "You counted only one of the two: `A` makes x small, `B` large again."
        )
    if found in (right + 8, right + 1536, right + 8 + 1536):
        raise Hint("Neither `A` nor `B` has a bias.")
    if found == 384 * 1536 * 8:
        raise Hint("`A` is (rank, in), `B` is (out, rank): add their sizes.")
    if found != right:
        raise Hint(
            f"From 384 to 1,536 at rank 8 it says {found:,}: too many or too few."
        )


@exercise(
    "08.2",
    wrong=[
        (lambda weight, a, b, scale: weight + b @ a, "The scale"),
        (lambda weight, a, b, scale: scale * b @ a, "W itself"),
        (lambda weight, a, b, scale: weight + scale * a @ b, "order"),
    ],
)
def _merges_an_adapter(answer: Any) -> None:
    """Merge an adapter into its map."""
    draw = torch.Generator().manual_seed(0)
    weight, a, b = (
        torch.randn(size, generator=draw) for size in ((6, 4), (2, 4), (6, 2))
    )
    try:
        found = answer(weight, a, b, 2.0)
    except RuntimeError as error:
        raise Hint(
            "The shapes do not fit. Mind the order: `b @ a` is (out, in)."
        ) from error
    if torch.allclose(found, weight + b @ a):
        raise Hint("The scale is missing: the detour counts alpha / rank times.")
    if torch.allclose(found, 2 * b @ a):
        raise Hint("This is the detour alone. What of W itself?")
    if not torch.allclose(found, weight + 2 * b @ a):
        raise Hint("W x + scale · B (A x) has to come out for every x.")


@exercise(
    "08.3",
    wrong=[
        ("too small a rank", "rank 32 as well"),
        ("too few sentences", "same sentences"),
        ("bad luck", "one of the three"),
    ],
)
def _reads_a_table(answer: object) -> None:
    """Find what holds a LoRA table back."""
    if answer == "too small a rank":
        raise Hint("The row with 84 has rank 32 as well. What else differs there?")
    if answer == "too few sentences":
        raise Hint("Every row has the same sentences, the one with 89 too.")
    if answer != "too low a learning rate":
        raise Hint("Answer with one of the three, word for word.")
