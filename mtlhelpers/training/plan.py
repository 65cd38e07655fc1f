"""A plan: the settings of one training, and the defaults for each scenario.

Lesson: 01_shared_model. A plan is data: frozen, comparable, and the same as JSON.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import ceil
from typing import Any

import numpy as np

from mtlhelpers.errors import PlanError
from mtlhelpers.model.heads.specs import PRESETS, HeadSpec
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
from mtlhelpers.training.values import (
    FROM_0,
    FROM_1,
    POSITIVE,
    SHARE,
    SWITCH,
    Allowed,
    are_heads,
    are_layers,
    are_tasks,
    are_weights,
    is_scenario,
    number_within,
    one_of,
)

RETENTIONS = ("l2sp", "ewc", "lwf", "replay")
METRICS = {  # and the tasks that a sentence needs gold of to count
    "accuracy": ("sentence",),
    "macro_f1": ("sentence",),
    "ner_f1": ("ner",),
    "exact_match": ("sentence", "ner"),
}
MOST_EPOCHS = 1_000_000


# What each field may hold; None as well where that is its default.
ALLOWED: dict[str, Allowed] = {
    "scenario": ("the name of a scenario, or a Scenario", is_scenario),
    "epochs": (
        f"a whole number from 1 to {MOST_EPOCHS:,}",
        number_within(1, MOST_EPOCHS, kinds=(int,)),
    ),
    "seed": FROM_0,
    "train_size": FROM_1,
    "skip": FROM_0,
    "tasks": (f"a list of tasks: {', '.join(HEADS)}, each once", are_tasks),
    "loss_weights": (
        f"a number from 0 up for each of {', '.join(HEADS)}",
        are_weights,
    ),
    "backbone_lr": SHARE,
    "head_lr": SHARE,
    "batch_size": FROM_1,
    "warmup": SHARE,
    "weight_decay": ("a number from 0 up", number_within(0)),
    "clip_norm": POSITIVE,
    "select": one_of(METRICS),
    "track": SWITCH,
    "retention": one_of(RETENTIONS),
    "retention_strength": POSITIVE,
    "pooling": one_of(POOLINGS),
    "layers": ("a list of whole numbers from 0 up", are_layers),
    "standardise": SWITCH,
    "fresh_heads": SWITCH,
    "lora_rank": FROM_1,
    "lora_alpha": POSITIVE,
    "heads": (f"a head for some of {', '.join(HEADS)}", are_heads),
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
    # By task: a `HeadSpec`, or its kind or settings. Heads not named stay as they are.
    heads: dict[str, HeadSpec] | None = None
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
        self._check_heads(scenario)
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
        whole = filled | asked
        own = PRESETS.get(str(self.scenario), {})
        heads = {task: spec for task, spec in own.items() if task in whole["tasks"]}
        return FilledPlan(**{"heads": heads or None} | whole)

    def _check_heads(self, scenario: Scenario) -> None:
        """Turn the heads into specs. Raises `PlanError` for one that cannot be had."""
        if self.heads is None:
            return
        try:
            heads = {task: HeadSpec.of(given) for task, given in self.heads.items()}
        except (ValueError, TypeError) as error:
            raise PlanError(f"heads: {error}") from error
        object.__setattr__(self, "heads", heads)
        for task in heads:
            if HEADS[task] not in scenario.train or task not in (self.tasks or heads):
                raise PlanError(f"heads names {task}, whose head does not train here")
        if self.closed_tasks and scenario.moves_backbone:
            raise PlanError(
                f"fit {heads[self.closed_tasks[0]].fit!r} needs a frozen backbone"
            )

    @property
    def closed_tasks(self) -> tuple[str, ...]:
        """The tasks whose heads are filled at once, without a step."""
        heads = self.heads or {}
        return tuple(task for task, one in heads.items() if one.fit != "steps")

    def scaled_to(self, size: int, steps: int) -> "Plan":
        """Return the plan for another size: the same steps below, epochs above.

        `steps` is what this plan took, which must name its epochs and `train_size`; 0
        where its heads are filled at once.
        """
        if self.epochs is None or self.train_size is None:
            raise PlanError("only a plan with epochs and train_size can be scaled")
        if size >= self.train_size or not steps:
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
            heads=self.heads or first.heads,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON data; `from_dict` reads it back."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data["loss_weights"] = dict(self.loss_weights)
        if self.heads is not None:
            data["heads"] = {task: one.to_dict() for task, one in self.heads.items()}
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
