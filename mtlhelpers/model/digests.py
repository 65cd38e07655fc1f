"""Digests of tensors, and of the modules that hold them."""

import hashlib

import numpy as np
import torch
from torch import Tensor, nn


def tensor_digest(module: nn.Module) -> str:
    """sha256 over the names, types, shapes and bytes of parameters and buffers."""
    return digest_tensors(
        {**dict(module.named_parameters()), **dict(module.named_buffers())}
    )


def digest_tensors(tensors: dict[str, Tensor]) -> str:
    """sha256 over named tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor_bytes(tensor).data)
    return digest.hexdigest()


def tensor_bytes(tensor: Tensor) -> np.ndarray:
    """The bytes of a tensor, of any type and on any device, (n,) uint8."""
    return tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
