"""Parameters of each part of a backbone, from which the explorer counts what trains."""

from typing import Any

from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.counting import trained_sizes
from mtlhelpers.model.scenarios import LORA_RANK, SCENARIOS

BACKBONES = ("minilm", "bert-base-uncased")
# What a part has to train, by the scenario that trains it.
MEASURES = {"whole": "none_frozen", "biases": "bitfit", "norms": "layernorm"}
PARTS = {"embeddings": "backbone.embeddings", "layer": "backbone.layer.0"}
ADAPTERS = ("lora", "lora_qv")


def sizes(name: str) -> dict[str, Any]:
    """Return the sizes of a backbone: layers are alike, so one stands for all."""
    config = backbone_config(name)
    scenarios = {*MEASURES.values(), *ADAPTERS}
    counts = {s: trained_sizes(config, SCENARIOS[s], 1, 1) for s in scenarios}
    return {
        "name": name,
        "depth": config.num_hidden_layers,
        "width": config.hidden_size,
        "parts": {
            part: {said: counts[s][key] for said, s in MEASURES.items()}
            for part, key in PARTS.items()
        },
        "lora": {one: counts[one]["backbone.lora"] for one in ADAPTERS},
        "rank": LORA_RANK,
    }
