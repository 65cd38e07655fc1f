"""A plan: the settings of one training, and the defaults for each scenario.

Lesson: 01_shared_model. A plan is data: frozen, comparable, and the same as JSON.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import ceil
from typing import Any

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.rows import CorpusError
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.freezing import SCENARIOS, Scenario, find_scenario
from mtlhelpers.model.shared import HEADS

RETENTIONS = ("l2sp", "ewc", "lwf", "replay")
METRICS = ("accuracy", "macro_f1", "ner_f1", "exact_match")


class PlanError(ValueError):
    """A plan that cannot be carried out; the message says what to change."""


@dataclass(frozen=True)
class Recipe:
    """Settings for one way of training, chosen on validation (studies/defaults)."""

    backbone_lr: float
    head_lr: float
    batch_size: int
    epochs: int  # at least this many,
    steps: int  # and at least this many updates


# Chosen on 1,000 and 13,056 SNIPS sentences, seeds 100 and 101, by validation scores.
HEADS_ALONE = Recipe(0.0, 3e-3, 32, epochs=10, steps=1000)
WITH_BACKBONE = Recipe(3e-4, 3e-3, 32, epochs=4, steps=400)


@dataclass(frozen=True)
class Plan:
    """The settings of one training.

    What is None is filled in by `resolve`, from the scenario and the number of training
    sentences. Rates are per step of AdamW; `warmup` is the share of steps in which they
    rise, before they fall to zero along a line. `seed` sets subset, heads, order and
    dropout, each from its own stream.
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
        None  # keep the epoch that is best on validation by this metric
    )
    track: bool = False  # score validation after every epoch
    retention: str | None = None  # keep the frozen head's task: see retention.py
    retention_strength: float = 1.0  # for replay: the share of sentences kept
    pooling: str | None = None  # what the heads read from here on: "mean" or "first",
    layers: tuple[int, ...] | None = None  # of these hidden states; None: as they did
    standardise: bool = False  # while heads train alone: features of deviation 1
    fresh_heads: bool = False  # draw the heads that train again before this stage
    first: "Plan | None" = None  # the stage before this one

    def __post_init__(self) -> None:
        scenario = find_scenario(self.scenario)
        # One of the seven is stored as its name, so that plans print well.
        known = SCENARIOS.get(scenario.name) == scenario
        object.__setattr__(self, "scenario", scenario.name if known else scenario)
        if set(self.loss_weights) != set(HEADS):
            raise PlanError(f"loss_weights must name {' and '.join(HEADS)}")
        if self.tasks is not None:
            object.__setattr__(self, "tasks", tuple(self.tasks))
            self._check_tasks(scenario)
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(self.layers))
        if self.standardise and self._moves_backbone():
            raise PlanError("standardise needs a frozen backbone: its features move")
        if self.select is not None and self.select not in METRICS:
            raise PlanError(
                f"select {self.select!r} is not one of {', '.join(METRICS)}"
            )
        if self.retention is not None and self.retention not in RETENTIONS:
            known = ", ".join(RETENTIONS)
            raise PlanError(f"retention {self.retention!r} is not one of {known}")
        for name in ("epochs", "train_size", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise PlanError(f"{name} must be at least 1, not {value}")
        if self.seed < 0 or self.skip < 0:
            raise PlanError("seed and skip must not be negative")

    def _check_tasks(self, scenario: Scenario) -> None:
        for task in self.tasks or ():
            if task not in scenario.tasks:
                raise PlanError(
                    f"{scenario} does not train the head of task {task!r}: its tasks "
                    f"are {', '.join(scenario.tasks) or 'none'}"
                )

    def resolve(self, sentences: int, tasks: Sequence[str] = tuple(HEADS)) -> "Plan":
        """Fill in what is None, for so many training sentences with these tasks."""
        recipe = self._recipe()
        batch_size = self.batch_size or recipe.batch_size
        epochs = self.epochs or max(
            recipe.epochs, ceil(recipe.steps / max(1, ceil(sentences / batch_size)))
        )
        return replace(
            self,
            tasks=self._trained_tasks(tasks),
            epochs=epochs,
            batch_size=batch_size,
            backbone_lr=recipe.backbone_lr
            if self.backbone_lr is None
            else self.backbone_lr,
            head_lr=recipe.head_lr if self.head_lr is None else self.head_lr,
        )

    def _trained_tasks(self, there: Sequence[str]) -> tuple[str, ...]:
        if self.tasks is not None:
            return self.tasks
        return tuple(t for t in find_scenario(self.scenario).tasks if t in there)

    def _recipe(self) -> Recipe:
        return WITH_BACKBONE if self._moves_backbone() else HEADS_ALONE

    def _moves_backbone(self) -> bool:
        trained = find_scenario(self.scenario).train
        return any(part.startswith("backbone") for part in trained)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON data; `from_dict` reads it back."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        found["loss_weights"] = dict(self.loss_weights)
        if isinstance(self.scenario, Scenario):
            found["scenario"] = asdict(self.scenario)
        if self.first is not None:
            found["first"] = self.first.to_dict()
        return found

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Plan":
        """Read what `to_dict` gave. Unknown keys raise `PlanError`."""
        unknown = set(data) - {f.name for f in fields(cls)}
        if unknown:
            raise PlanError(f"a plan has no {', '.join(sorted(unknown))}")
        data = dict(data)
        if isinstance(data.get("scenario"), dict):
            data["scenario"] = Scenario(**data["scenario"])
        if data.get("first") is not None:
            data["first"] = cls.from_dict(data["first"])
        return cls(**data)


def plan_for(
    scenario: str, corpus: Corpus, *, train_size: int | None = None, seed: int = 0
) -> Plan:
    """The default plan of a scenario, with the first stage that 3A and 3B need.

    A frozen head is "already optimised" only if something trained it. Where the
    backbone moves afterwards (3A), stage one fine-tunes everything on the head's task;
    where it stays (3B), stage one trains the head alone, so the backbone stays the
    pre-trained one. Stage one takes other sentences than stage two where train has room
    for both, else the same ones.
    """
    plan = Plan(scenario=scenario, train_size=train_size, seed=seed)
    trained = find_scenario(scenario)
    frozen = [task for task in corpus.tasks if task not in trained.tasks]
    if not trained.tasks or not frozen:
        return plan
    room = train_size is not None and _has_room(corpus, train_size, seed)
    first = Plan(
        scenario="none_frozen" if "backbone" in trained.train else "backbone_frozen",
        tasks=tuple(frozen),
        train_size=train_size,
        skip=train_size if room and not corpus.disjoint else 0,
        seed=seed,
    )
    # Over a moving backbone the frozen head's task is watched, epoch by epoch.
    return replace(plan, first=first, track="backbone" in trained.train)


def _has_room(corpus: Corpus, size: int, seed: int) -> bool:
    """Whether two subsets of this size share no group; groups are never shared out."""
    try:
        take_subset(corpus.splits["train"], size, seed, skip=size)
    except CorpusError:
        return False
    return True
