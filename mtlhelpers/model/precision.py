"""Which numbers the backbone multiplies: float32, or bfloat16 where that is far faster.

Weights, gradients and optimizer state stay float32 everywhere; on a GPU that has
bfloat16, matrix products and attention take it (mixed precision, Micikevicius et al.
2018), and softmax, norms and losses do not. CPUs and Apple's MPS compute in float32.
"""

from contextlib import AbstractContextManager, nullcontext

import torch

LOWERED = {"cuda": torch.bfloat16}  # by type of device


def product_type(device: torch.device) -> torch.dtype:
    """The numbers that products are made of on a device, or as the caller chose."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        return torch.float32  # it would be emulated, and slow
    return LOWERED.get(device.type, torch.float32)


def fast_products(device: torch.device) -> AbstractContextManager:
    """Within it a forward pass multiplies numbers of `product_type`.

    For one pass at a time: lowered copies of the weights live as long as the context,
    and would go stale with the next step.
    """
    lowered = product_type(device)
    if lowered == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, lowered)
