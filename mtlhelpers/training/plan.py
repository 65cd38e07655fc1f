"""A plan: the settings of one training, and the defaults for each scenario.

Lesson: 01_shared_model. A plan is data: frozen, comparable, and the same as JSON.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import ceil, ulp
from typing import Any

import numpy as np

from mtlhelpers.model.scenarios import (
    HEADS,
    HEADS_FIRST,
    LORA_ALPHA,
    LORA_RANK,
    POOLINGS,
    SCENARIOS,
    Scenario,
    find_scenario,
)
from mtlhelpers.training.recipes import recipe_for

RETENTIONS = ("l2sp", "ewc", "lwf", "replay")
METRICS = {  # and the tasks that a sentence needs gold of to count
    "accuracy": ("sentence",),
    "macro_f1": ("sentence",),
    "ner_f1": ("ner",),
    "exact_match": ("sentence", "ner"),
}
MOST_EPOCHS = 1_000_000


class PlanError(ValueError):
    """A plan that cannot be carried out; the message says what to change."""


Test = Callable[[Any], bool]
Allowed = tuple[str, Test]  # in words, and the same as a test


def _number(
    low: float,
    high: float = sys.float_info.max,
    kinds: tuple[type, ...] = (int, float),
) -> Test:
    """Make a test for a range. NaN is in none, and True is no number here."""

    def lies_within(value: Any) -> bool:
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        return is_number and bool(low <= value <= high)

    return lies_within


def _one_of(names: Iterable[str]) -> Allowed:
    words = f"one of {', '.join(names)}"
    return words, lambda value: isinstance(value, str) and value in names


def _is_scenario(value: object) -> bool:
    return isinstance(value.name if isinstance(value, Scenario) else value, str)


def _are_tasks(value: object) -> bool:
    if not isinstance(value, tuple) or not all(isinstance(t, str) for t in value):
        return False
    return set(value) <= set(HEADS) and len(set(value)) == len(value)


def _are_layers(value: object) -> bool:
    return isinstance(value, tuple) and all(map(_number(0, kinds=(int,)), value))


def _are_weights(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != set(HEADS):
        return False
    return all(map(_number(0), value.values()))


FROM_0: Allowed = "a whole number from 0 up", _number(0, kinds=(int,))
FROM_1: Allowed = "a whole number from 1 up", _number(1, kinds=(int,))
_SHARE: Allowed = "a number from 0 to 1", _number(0, 1)
POSITIVE: Allowed = "a number above 0", _number(ulp(0.0))
SWITCH: Allowed = "True or False", lambda value: isinstance(value, bool)

# What each field may hold; None as well where that is its default.
ALLOWED: dict[str, Allowed] = {
    "scenario": ("the name of a scenario, or a Scenario", _is_scenario),
    "epochs": (
        f"a whole number from 1 to {MOST_EPOCHS:,}",
        _number(1, MOST_EPOCHS, kinds=(int,)),
    ),
    "seed": FROM_0,
    "train_size": FROM_1,
    "skip": FROM_0,
    "tasks": (f"a list of tasks: {', '.join(HEADS)}, each once", _are_tasks),
    "loss_weights": (
        f"a number from 0 up for each of {', '.join(HEADS)}",
        _are_weights,
    ),
    "backbone_lr": _SHARE,
    "head_lr": _SHARE,
    "batch_size": FROM_1,
    "warmup": _SHARE,
    "weight_decay": ("a number from 0 up", _number(0)),
    "clip_norm": POSITIVE,
    "select": _one_of(METRICS),
    "track": SWITCH,
    "retention": _one_of(RETENTIONS),
    "retention_strength": POSITIVE,
    "pooling": _one_of(POOLINGS),
    "layers": ("a list of whole numbers from 0 up", _are_layers),
    "standardise": SWITCH,
    "fresh_heads": SWITCH,
    "lora_rank": FROM_1,
    "lora_alpha": POSITIVE,
    "first": ("a Plan", lambda value: isinstance(value, Plan)),
}


def _plain(value: Any) -> Any:
    """Turn numpy's numbers into Python's, lists into tuples; copy dictionaries."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


@dataclass(frozen=True)
class Plan:
    """The settings of one training.

    What is None is filled in by `resolve`, from the scenario and the number of training
    sentences. Rates are per step of AdamW; `warmup` is the share of steps in which they
    rise, before they fall to zero along a line. `seed` sets subset, heads, adapters,
    order and dropout, each from its own stream. With `heads_first`, `first` trains the
    heads alone, and takes sentences, seed, tasks and what is read from this plan.
    Raises `PlanError` for a value that is not allowed.
    """

    scenario: str | Scenario = "none_frozen"
    epochs: int | None = None
    seed: int = 0
    train_size: int | None = None  # sentences (a task, in a disjoint corpus); None: all
    skip: int = 0  # sentences of the seed's order that are left to another stage
    tasks: tuple[str, ...] | None = None  # losses to sum; None: those of trained heads
    loss_weights: dict[str, float] = field(
        default_factory=lambda: {"sentence": 1.0, "ner": 1.0}
    )
    backbone_lr: float | None = None
    head_lr: float | None = None
    batch_size: int | None = None  # sentences
    warmup: float = 0.1
    weight_decay: float = 0.01  # not on biases and layer norms
    clip_norm: float = 1.0  # for each part by itself
    select: str | None = (
        None  # keep the epoch that validation finds best by this metric
    )
    track: bool = False  # score validation after every epoch
    retention: str | None = None  # keep the frozen head's task: see retention.py
    retention_strength: float = 1.0  # for replay: the share of sentences kept
    pooling: str | None = None  # what the heads read from here on: "mean" or "first",
    layers: tuple[int, ...] | None = None  # of these hidden states; None: as they did
    standardise: bool = False  # while heads train alone: features of deviation 1
    fresh_heads: bool = False  # draw the heads that train again before this stage
    lora_rank: int = LORA_RANK  # where LoRA trains: adapters of this rank,
    lora_alpha: float = LORA_ALPHA  # which count alpha / rank times
    first: "Plan | None" = None  # the stage before this one

    def __post_init__(self) -> None:
        for one in fields(self):
            value = _plain(getattr(self, one.name))
            words, allows = ALLOWED[one.name]
            if not (value is None and one.default is None or allows(value)):
                raise PlanError(f"{one.name} must be {words}, not {value!r}")
            object.__setattr__(self, one.name, value)
        scenario = find_scenario(self.scenario)
        # A known one is stored as its name, so that plans print well.
        known = SCENARIOS.get(scenario.name) == scenario
        object.__setattr__(self, "scenario", scenario.name if known else scenario)
        if self.scenario == HEADS_FIRST:
            object.__setattr__(self, "first", self._heads_alone())
        for task in self.tasks or ():
            if task not in scenario.tasks:
                raise PlanError(
                    f"{scenario} does not train the head of task {task!r}: its tasks "
                    f"are {', '.join(scenario.tasks) or 'none'}"
                )
        if self.standardise and scenario.moves_backbone:
            raise PlanError("standardise needs a frozen backbone: its features move")
        if self.retention == "replay" and self.retention_strength > 1:
            raise PlanError(
                "retention_strength must be a share of the sentences for replay, above "
                f"0 and at most 1, not {self.retention_strength!r}"
            )

    def resolve(
        self, sentences: int, tasks: Sequence[str] = tuple(HEADS)
    ) -> "FilledPlan":
        """Fill in what is None, for so many training sentences with these tasks."""
        recipe = recipe_for(find_scenario(self.scenario))
        batch_size = self.batch_size or recipe.batch_size
        trained = find_scenario(self.scenario).tasks
        filled: dict[str, Any] = {
            "tasks": tuple(task for task in trained if task in tasks),
            "epochs": recipe.epochs_for(sentences, batch_size),
            "batch_size": recipe.batch_size,
            "backbone_lr": recipe.backbone_lr,
            "head_lr": recipe.head_lr,
        }
        asked = {key: value for key, value in vars(self).items() if value is not None}
        return FilledPlan(**filled | asked)

    def scaled_to(self, size: int, steps: int) -> "Plan":
        """Return the plan for another size: the same steps below, epochs above.

        `steps` is what this plan took, which must name its epochs and `train_size`.
        """
        if self.epochs is None or self.train_size is None:
            raise PlanError("only a plan with epochs and train_size can be scaled")
        if size >= self.train_size:
            return replace(self, train_size=size)
        batches = steps / self.epochs * size / self.train_size  # of the smaller epoch
        epochs = ceil(steps / max(1, ceil(batches)))
        return replace(self, train_size=size, epochs=epochs)

    def _heads_alone(self) -> "Plan":
        """The stage before `heads_first`: on the same sentences, of the same seed."""
        first = self.first or Plan(scenario="backbone_frozen")
        if first.scenario != "backbone_frozen":
            raise PlanError(
                f"{HEADS_FIRST} begins with backbone_frozen, not {first.scenario}: "
                f"leave `first` out, or train none_frozen after another stage"
            )
        return replace(
            first,
            seed=self.seed,
            train_size=self.train_size,
            skip=self.skip,
            tasks=self.tasks or first.tasks,
            pooling=self.pooling or first.pooling,
            layers=self.layers or first.layers,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON data; `from_dict` reads it back."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data["loss_weights"] = dict(self.loss_weights)
        if isinstance(self.scenario, Scenario):
            data["scenario"] = asdict(self.scenario)
            if self.scenario.losses is None:
                del data["scenario"]["losses"]  # records are named without it
        if self.first is not None:
            data["first"] = self.first.to_dict()
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Plan":
        """Read what `to_dict` gave. Raises `PlanError` for anything else."""
        if not isinstance(data, dict):
            raise PlanError(f"a plan must be a dictionary, not {data!r}")
        if unknown := sorted(map(str, set(data) - ALLOWED.keys())):
            raise PlanError(f"a plan has no {', '.join(unknown)}")
        data = dict(data)
        if isinstance(data.get("scenario"), dict):
            try:
                data["scenario"] = Scenario(**data["scenario"])
            except TypeError as error:
                raise PlanError(f"{data['scenario']!r} is no scenario") from error
        if data.get("first") is not None:
            data["first"] = cls.from_dict(data["first"])
        return cls(**data)


@dataclass(frozen=True)
class FilledPlan(Plan):
    """A plan in which nothing is left to defaults: what `resolve` gives."""

    epochs: int = 0  # 0 is refused: there is no default here
    tasks: tuple[str, ...] = ()
    backbone_lr: float = 0.0
    head_lr: float = 0.0
    batch_size: int = 0
