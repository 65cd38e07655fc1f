"""Scenarios: which named parts train. A scenario is data; freezing.py applies it.

Lessons: 02_counting_parameters counts them; 03 to 06 run them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

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


POOLINGS = ("mean", "first")
HEADS = {"sentence": "sentence_classifier", "ner": "ner_classifier"}
