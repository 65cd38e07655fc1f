"""Parameters of each part of a backbone, from which the explorer counts what trains."""

from typing import Any

from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.encoders.sizes import size_maps, size_parts
from mtlhelpers.model.scenarios import LORA_MAPS, LORA_RANK

BACKBONES = ("minilm", "bert-base-uncased")


def sizes(name: str) -> dict[str, Any]:
    """Return the sizes of a backbone: layers are alike, so one stands for all."""
    config = backbone_config(name)
    parts = size_parts(config)
    ends = dict(zip(LORA_MAPS, size_maps(config)))
    return {
        "name": name,
        "depth": config.num_hidden_layers,
        "width": config.hidden_size,
        "parts": {
            part: {
                "whole": parts[f"backbone.{key}"].total,
                "biases": parts[f"backbone.{key}"].biases,
                "norms": parts[f"backbone.{key}"].norms,
            }
            for part, key in (("embeddings", "embeddings"), ("layer", "layer.0"))
        },
        "lora": {
            "lora": LORA_RANK * sum(map(sum, ends.values())),
            "lora_qv": LORA_RANK * sum(map(sum, (ends["query"], ends["value"]))),
        },
        "rank": LORA_RANK,
    }
