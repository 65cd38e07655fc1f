"""Digests: of tensors, of sentences, and of whatever decides a hidden state."""

import hashlib
import json

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.precision import product_type
from mtlhelpers.model.shared import SharedModel


def tensor_digest(module: nn.Module) -> str:
    """sha256 over the names, types, shapes and bytes of parameters and buffers."""
    return digest_tensors(
        {**dict(module.named_parameters()), **dict(module.named_buffers())}
    )


def digest_tensors(tensors: dict[str, Tensor]) -> str:
    """sha256 over named tensors, in the order of their names."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        found.update(tensor_bytes(tensor))
    return found.hexdigest()


def tensor_bytes(tensor: Tensor) -> np.ndarray:
    """The bytes of a tensor, of any type and on any device, (n,) uint8."""
    return tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()


def sentence_keys(encoded: Encoded) -> list[bytes]:
    """32 bytes a sentence. Tokenizer, text and length enter by the word pieces."""
    return [hashlib.sha256(ids.tobytes()).digest() for ids in encoded.input_ids]


def describe_states(model: SharedModel, layers: tuple[int, ...]) -> dict[str, str]:
    """What decides the mean of some hidden states, to the last bit, but the sentence.

    The weights, how they are used, and where and with what they are multiplied.
    """
    config = model.backbone.config
    settings = {k: v for k, v in config.to_dict().items() if k != "_name_or_path"}
    settings["attention"] = config._attn_implementation
    dtype = model.backbone.dtype
    return {
        "backbone": tensor_digest(backbone_up_to(model, max(layers))),
        "layers": " ".join(map(str, layers)),
        "device": model.device.type,
        "dtype": str(dtype).removeprefix("torch."),
        "products": str(product_type(model.device)),
        "float32": torch.get_float32_matmul_precision(),
        "threads": str(torch.get_num_threads()),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "config": json.dumps(settings, sort_keys=True),
    }


def backbone_up_to(model: SharedModel, layer: int) -> nn.Module:
    """The part of the backbone that decides the hidden state of that number."""
    backbone = model.backbone
    if layer == len(backbone.encoder.layer):
        return backbone
    return nn.ModuleList([backbone.embeddings, *backbone.encoder.layer[:layer]])
