"""Scenarios: which named parts train. A scenario is data; freezing.py applies it.

Lessons: 02_counting_parameters counts them; 03 to 06 run them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mtlhelpers.errors import ScenarioError

ALL_PARTS = ("backbone", "sentence_classifier", "ner_classifier")
HEADS = {"sentence": "sentence_classifier", "ner": "ner_classifier"}
POOLINGS = ("mean", "first")
# The linear maps of a layer that LoRA can adapt, and where a layer of BERT has them.
LORA_MAPS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention": "attention.output.dense",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
}
LORA_RANK, LORA_ALPHA = 8, 16.0
BACKBONE_PART = re.compile(
    rf"backbone\.(embeddings|layer\.-?\d+|biases|norms|lora(\.({'|'.join(LORA_MAPS)}))?)"
)


@dataclass(frozen=True)
class Scenario:
    """A choice of the parts that train; everything else is frozen.

    `train` names parts: `backbone`, `backbone.embeddings`, `backbone.layer.0` and up
    (`backbone.layer.-1` and down: from the top), `backbone.biases` and `backbone.norms`
    (of embeddings and layers), `backbone.lora` (adapters on every linear map of every
    layer) or `backbone.lora.query` and so on, `sentence_classifier`, `ner_classifier`.
    `losses` names the tasks whose losses are summed. None: those of the heads that
    train, so freezing a head also takes its loss off the backbone.
    """

    train: tuple[str, ...]
    name: str = ""
    losses: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", tuple(self.train))
        for part in self.train:
            if part not in ALL_PARTS and not BACKBONE_PART.fullmatch(part):
                raise ScenarioError(
                    f"unknown part {part!r}: parts are backbone, backbone.embeddings, "
                    f"backbone.layer.0 … or .-1 …, backbone.biases, backbone.norms, "
                    f"backbone.lora, backbone.lora.{{{','.join(LORA_MAPS)}}}, "
                    f"sentence_classifier, ner_classifier"
                )
        learned = tuple(task for task, head in HEADS.items() if head in self.train)
        if self.losses is not None:
            summed = tuple(task for task in HEADS if task in self.losses)
            if not set(learned) <= set(self.losses) <= set(HEADS):
                raise ScenarioError(
                    f"losses {self.losses!r}: name tasks of {', '.join(HEADS)}, those "
                    f"of all heads that train among them"
                )
            object.__setattr__(self, "losses", None if summed == learned else summed)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks whose losses are summed."""
        if self.losses is not None:
            return self.losses
        return tuple(task for task, head in HEADS.items() if head in self.train)

    @property
    def moves_backbone(self) -> bool:
        """Whether any part of the backbone trains."""
        return any(part.startswith("backbone") for part in self.train)

    @property
    def lora_maps(self) -> tuple[str, ...]:
        """The linear maps of a layer whose adapters train."""
        if "backbone.lora" in self.train:
            return tuple(LORA_MAPS)
        return tuple(m for m in LORA_MAPS if f"backbone.lora.{m}" in self.train)

    def limited_to(self, tasks: Iterable[str]) -> "Scenario":
        """The same without the losses of other tasks, and so without their heads."""
        kept = set(tasks)
        unused = {head for task, head in HEADS.items() if task not in kept}
        train = tuple(part for part in self.train if part not in unused)
        losses = tuple(task for task in self.tasks if task in kept)
        limited = Scenario(train, losses=losses)
        same = (limited.train, limited.losses) == (self.train, self.losses)
        return self if same else limited

    def __str__(self) -> str:
        if self.name:
            return self.name
        kept = f" by {' + '.join(self.losses)}" if self.losses else ""
        return "train " + " + ".join(self.train or ("nothing",)) + kept


_HEADS = ("sentence_classifier", "ner_classifier")
_LAYERS = [f"backbone.layer.{number}" for number in (0, 1, 2, -1, -2, -3)]
_TRAIN = {
    # The seven that freeze and train whole parts.
    "none_frozen": ALL_PARTS,
    "all_frozen": (),
    "backbone_frozen": _HEADS,
    "sentence_head_frozen": ("backbone", "ner_classifier"),
    "sentence_head_and_backbone_frozen": ("ner_classifier",),
    "ner_head_frozen": ("backbone", "sentence_classifier"),
    "ner_head_and_backbone_frozen": ("sentence_classifier",),
    # Both heads, and little of the backbone: BitFit (Ben Zaken et al. 2022), its layer
    # norms, LoRA (Hu et al. 2022), its last or first layers (embeddings stay frozen).
    "bitfit": (*_HEADS, "backbone.biases"),
    "layernorm": (*_HEADS, "backbone.norms"),
    "lora": (*_HEADS, "backbone.lora"),
    "lora_qv": (*_HEADS, "backbone.lora.query", "backbone.lora.value"),
    **{f"last_{k}_layers": (*_HEADS, *_LAYERS[3 : 3 + k]) for k in (1, 2, 3)},
    **{f"first_{k}_layers": (*_HEADS, *_LAYERS[:k]) for k in (1, 2, 3)},
    # Everything, after a stage of the heads alone that its plan begins with: LP-FT
    # (Kumar et al. 2022).
    "heads_first": ALL_PARTS,
    # Heads of other kinds than linear ones, or without a step: see PRESETS.
    "class_means": _HEADS,
    "frozen_best": _HEADS,
}
# 3A with the sentence loss kept on: its frozen head stays, and the backbone serves it.
_KEPT = Scenario(
    ("backbone", "ner_classifier"),
    "sentence_head_frozen_loss_kept",
    losses=("sentence", "ner"),
)
SCENARIOS = {name: Scenario(train, name) for name, train in _TRAIN.items()}
SCENARIOS[_KEPT.name] = _KEPT
WHOLE_PARTS = tuple(SCENARIOS)[:7]
HEADS_FIRST = "heads_first"
# What is compared on own sentences, cheap ones first. Freezing with heads that suit it:
# with linear ones it would look worse than it is. LoRA takes twice the steps.
USUAL_WAYS = ("frozen_best", "none_frozen", HEADS_FIRST, "lora")


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


def layer_number(part: str, depth: int) -> int:
    """The number, from 0, of the layer that a part like `backbone.layer.-1` names.

    Raises `ScenarioError` for a layer that a backbone of this depth does not have.
    """
    number = int(part.rsplit(".", 1)[1])
    if not -depth <= number < depth:
        raise ScenarioError(
            f"the backbone has no {part}: its layers are 0 to {depth - 1}, or -1 to "
            f"{-depth} from the top"
        )
    return number % depth
