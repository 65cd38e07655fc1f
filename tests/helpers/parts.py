"""Which parameters a scenario trains, by their names alone."""

import mtlhelpers as mtl
from mtlhelpers.model.scenarios import LORA_MAPS


def in_part(name: str, part: str, depth: int = 2) -> bool:
    """Whether a parameter belongs to a part of a model of so many layers."""
    head, _, rest = part.partition(".")
    if not rest or head != "backbone":
        return name.startswith(f"{part}.")
    if not name.startswith("backbone."):
        return False
    if rest == "biases":
        return name.endswith(".bias")
    if rest == "norms":
        return ".LayerNorm." in name
    kind, _, which = rest.partition(".")
    if kind == "lora":
        place = name.split(".", 4)[-1].rpartition(".")[0]
        places = [LORA_MAPS[which]] if which else list(LORA_MAPS.values())
        return ".lora_" in name and place in places
    if kind == "layer":
        return name.startswith(f"backbone.encoder.layer.{int(which) % depth}.")
    return name.startswith(f"{part}.")


def trains(scenario: str | mtl.Scenario, name: str, depth: int = 2) -> bool:
    """Whether a scenario trains a parameter."""
    if isinstance(scenario, str):
        scenario = mtl.SCENARIOS[scenario]
    return any(in_part(name, part, depth) for part in scenario.train)
