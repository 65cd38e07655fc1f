"""Parameters of an encoder by part, from its configuration: no memory is taken."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import nn
from transformers import CONFIG_MAPPING, PreTrainedConfig, PreTrainedModel

from mtlhelpers.model.encoders.families import (
    build_encoder,
    family_of,
    map_places,
    stack_of,
)


class PartSize(NamedTuple):
    """Parameters of a part, and how many of them are what."""

    total: int
    biases: int
    norms: int  # of layer norms, their biases among them
    norm_biases: int
    matrices: int  # in linear maps, without biases


def size_parts(config: PreTrainedConfig) -> dict[str, PartSize]:
    """The parts of an encoder, `backbone.embeddings` first, without its pooler."""
    return dict(_sized(config.model_type, config.to_json_string()))


@lru_cache
def _sized(kind: str, settings: str) -> tuple[tuple[str, PartSize], ...]:
    lowest, *layers = map(_size, stack_of(_on_meta(kind, settings)))
    named = ((f"backbone.layer.{i}", size) for i, size in enumerate(layers))
    return ("backbone.embeddings", lowest), *named


def size_maps(
    config: PreTrainedConfig, maps: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """(in, out) of the linear maps of a layer that these names stand for, by place."""
    ends = dict(_maps(config.model_type, config.to_json_string()))
    return {place: ends[place] for place in map_places(config, maps)}


@lru_cache
def _maps(kind: str, settings: str) -> tuple[tuple[str, tuple[int, int]], ...]:
    encoder = _on_meta(kind, settings)
    layer, places = stack_of(encoder)[1][0], family_of(encoder.config).maps
    maps = ((place, layer.get_submodule(place)) for place in places)
    return tuple(
        (place, (m.in_features, m.out_features))
        for place, m in maps
        if isinstance(m, nn.Linear)
    )


def _on_meta(kind: str, settings: str) -> PreTrainedModel:
    config = CONFIG_MAPPING[kind].from_dict(json.loads(settings))
    with torch.device("meta"):
        return build_encoder(config)


def _size(part: nn.Module) -> PartSize:
    named = dict(part.named_parameters())
    norms = [one for one in part.modules() if isinstance(one, nn.LayerNorm)]
    of_norms = {
        id(tensor): tensor.numel() for one in norms for tensor in one.parameters()
    }
    biases = {id(t): t.numel() for n, t in named.items() if n.endswith(".bias")}
    maps = [one.weight for one in part.modules() if isinstance(one, nn.Linear)]
    return PartSize(
        sum(tensor.numel() for tensor in named.values()),
        sum(biases.values()),
        sum(of_norms.values()),
        sum(size for key, size in of_norms.items() if key in biases),
        sum(weight.numel() for weight in maps),
    )
