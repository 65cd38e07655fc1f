"""The gradient of the word embeddings, in memory that is kept from step to step.

PyTorch makes the gradient of an embedding anew in each step: at 30,522 pieces and width
384 that is 47 MB of fresh memory, most of it zeros, and a tenth of a step's time. Here
one buffer is kept and cleared.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from mtlhelpers.model.shared import SharedModel


class _Lookup(torch.autograd.Function):
    """Rows of a table, (B, T) to (B, T, H), whose backward adds to the kept buffer."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, weight: Tensor, ids: Tensor, kept: Tensor, padding_row: int
    ) -> Tensor:
        ctx.weight, ctx.ids, ctx.kept, ctx.padding_row = weight, ids, kept, padding_row
        return nn.functional.embedding(ids, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[None, ...]:
        if ctx.weight.grad is None:
            ctx.weight.grad = ctx.kept.zero_()
        ctx.weight.grad.index_add_(0, ctx.ids.flatten(), gradient.flatten(0, 1))
        ctx.weight.grad[ctx.padding_row] = 0.0
        return None, None, None, None


@contextmanager
def kept_embedding_gradient(model: SharedModel) -> Iterator[None]:
    """Within it, `backward()` writes the word embeddings' gradient into a kept buffer.

    The values are those of the plain path. `torch.autograd.grad` does not see them, so
    this holds for the training loop alone. Frozen embeddings are left as they are.
    """
    table: nn.Embedding = model.backbone.embeddings.word_embeddings
    if not table.weight.requires_grad:
        yield
        return
    weight, kept = table.weight, torch.zeros_like(table.weight)
    table.forward = lambda ids: _Lookup.apply(weight, ids, kept, table.padding_idx)
    try:
        yield
    finally:
        del table.forward  # the class's own again
        weight.grad = None
