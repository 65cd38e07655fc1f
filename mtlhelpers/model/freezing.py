"""Scenarios: which named parts train, and what freezing them takes.

Lessons: 02_counting_parameters counts them; 03 to 06 run them. Freezing a tensor is
three things: no gradient is computed for it, none is left over on it, and the part it
belongs to stays in eval mode.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from mtlhelpers.model.shared import HEADS, SharedModel

ALL_PARTS = ("backbone", "sentence_classifier", "ner_classifier")
BACKBONE_PART = re.compile(r"backbone\.(embeddings|layer\.\d+)")


class ScenarioError(ValueError):
    """An unknown scenario or part; the message lists the known ones."""


@dataclass(frozen=True)
class Scenario:
    """A choice of the parts that train; everything else is frozen.

    `train` names parts: `backbone`, `backbone.embeddings`, `backbone.layer.0` and up,
    `sentence_classifier`, `ner_classifier`. The losses that are summed are those of
    the heads that train: freezing a head also takes its loss off the backbone.
    """

    train: tuple[str, ...]
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", tuple(self.train))
        for part in self.train:
            if part not in ALL_PARTS and not BACKBONE_PART.fullmatch(part):
                raise ScenarioError(
                    f"unknown part {part!r}: parts are backbone, backbone.embeddings, "
                    f"backbone.layer.0 …, sentence_classifier, ner_classifier"
                )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose losses are summed."""
        return tuple(task for task, head in HEADS.items() if head in self.train)

    def limited_to(self, tasks: Iterable[str]) -> "Scenario":
        """The same without the heads of other tasks: they have no loss to train by."""
        kept = {HEADS[task] for task in tasks}
        train = tuple(p for p in self.train if p not in HEADS.values() or p in kept)
        return self if train == self.train else Scenario(train)

    def __str__(self) -> str:
        return self.name or "train " + " + ".join(self.train or ("nothing",))


SCENARIOS: dict[str, Scenario] = {
    name: Scenario(train, name)
    for name, train in {
        "none_frozen": ALL_PARTS,
        "all_frozen": (),
        "backbone_frozen": ("sentence_classifier", "ner_classifier"),
        "sentence_head_frozen": ("backbone", "ner_classifier"),
        "sentence_head_and_backbone_frozen": ("ner_classifier",),
        "ner_head_frozen": ("backbone", "sentence_classifier"),
        "ner_head_and_backbone_frozen": ("sentence_classifier",),
    }.items()
}


def find_scenario(scenario: str | Scenario) -> Scenario:
    """The scenario of a name. Raises `ScenarioError` with the names there are."""
    if isinstance(scenario, Scenario):
        return scenario
    if scenario not in SCENARIOS:
        raise ScenarioError(
            f"unknown scenario {scenario!r}: choose one of {', '.join(SCENARIOS)}, "
            f"or pass Scenario(train=[…])"
        )
    return SCENARIOS[scenario]


def apply_scenario(model: SharedModel, scenario: str | Scenario) -> Scenario:
    """Freeze what the scenario freezes, thaw what it trains; return the scenario.

    Sets `requires_grad`, drops the gradients of frozen tensors (a stale gradient lets
    AdamW move a tensor that no longer takes part), and puts frozen parts in eval mode,
    where `model.train()` leaves them. Build the optimizer afterwards.
    Raises `ScenarioError` for a layer that the backbone does not have.
    """
    scenario = find_scenario(scenario)
    trained = {
        id(tensor) for part in scenario.train for tensor in part_tensors(model, part)
    }
    for tensor in model.parameters():
        tensor.requires_grad_(id(tensor) in trained)
        if id(tensor) not in trained:
            tensor.grad = None
    model.train(model.training)
    return scenario


def part_tensors(model: SharedModel, part: str) -> list[Tensor]:
    """The parameters of a named part; none for a head that the model does not have."""
    module = _part_module(model, part)
    return [] if module is None else list(module.parameters())


def frozen_tensors(model: SharedModel) -> dict[str, Tensor]:
    """Everything that must not move: frozen parameters, and the buffers of parts that
    are wholly frozen, by name."""
    frozen: dict[str, Tensor] = {
        name: tensor
        for name, tensor in model.named_parameters()
        if not tensor.requires_grad
    }
    for name, module in model.named_modules():
        own = list(module.parameters())
        if own and not any(tensor.requires_grad for tensor in own):
            prefix = f"{name}." if name else ""
            frozen |= {prefix + key: buffer for key, buffer in module.named_buffers()}
    return frozen


def trainable_tensors(model: SharedModel, part: str | None = None) -> list[Tensor]:
    """The parameters that train, of the whole model or of one part, each once."""
    tensors: Iterable[Tensor] = (
        model.parameters() if part is None else part_tensors(model, part)
    )
    return [tensor for tensor in tensors if tensor.requires_grad]


def frozen_up_to(model: SharedModel) -> int:
    """The highest hidden state that no step can move: -1 where the embeddings train,
    the number of layers where the whole backbone is frozen."""
    backbone = model.backbone
    if any(tensor.requires_grad for tensor in backbone.embeddings.parameters()):
        return -1
    for number, layer in enumerate(backbone.encoder.layer):
        if any(tensor.requires_grad for tensor in layer.parameters()):
            return number
    return len(backbone.encoder.layer)


def _part_module(model: SharedModel, part: str) -> nn.Module | None:
    if not part.startswith("backbone."):
        module: nn.Module | None = getattr(model, part)
        return module
    if part == "backbone.embeddings":
        return model.backbone.embeddings
    layers = model.backbone.encoder.layer
    index = int(part.rsplit(".", 1)[1])
    if index >= len(layers):
        raise ScenarioError(
            f"the backbone has no {part}: its layers are 0 to {len(layers) - 1}"
        )
    return layers[index]
