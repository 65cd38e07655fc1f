"""Stages: the default plan of a scenario has one or two; those trained can be kept.

Lesson: 05_one_head_frozen.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.errors import CorpusError
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.freezing import apply_scenario
from mtlhelpers.model.heads.specs import HeadSpec
from mtlhelpers.model.scenarios import HEADS, find_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run


def plan_for(
    scenario: str, corpus: Corpus, *, train_size: int | None = None, seed: int = 0
) -> Plan:
    """Return the default plan of a scenario, with the first stage that 3A and 3B need.

    A frozen head is "already optimised" only if something trained it. Where the
    backbone moves afterwards (3A), stage one fine-tunes everything on the head's task;
    where it stays (3B), stage one trains the head alone, so the backbone stays the
    pre-trained one. Stage one takes other sentences than stage two where train has room
    for both, else the same ones.
    """
    plan = Plan(scenario=scenario, train_size=train_size, seed=seed)
    trained = find_scenario(scenario)
    frozen = [task for task in corpus.tasks if HEADS[task] not in trained.train]
    if not trained.tasks or not frozen:
        return plan
    first = Plan(
        scenario="none_frozen" if trained.moves_backbone else "backbone_frozen",
        tasks=tuple(frozen),
        train_size=train_size,
        skip=0 if corpus.disjoint else _room_beside(corpus, train_size, seed),
        seed=seed,
    )
    # Over a moving backbone the frozen head's task is watched, epoch by epoch.
    return replace(plan, first=first, track=trained.moves_backbone)


def _room_beside(corpus: Corpus, size: int | None, seed: int) -> int:
    """Return the size if two such subsets can share no group, else 0."""
    if size is None:
        return 0
    try:
        take_subset(corpus.splits["train"], size, seed, skip=size)
    except CorpusError:
        return 0
    return size


class Left(NamedTuple):
    """What a stage left behind."""

    state: dict[str, Tensor]
    pooling: str
    layers: tuple[int, ...]
    specs: dict[str, HeadSpec]
    run: Run


@dataclass
class Stages:
    """The last few stages, by the model they started from, the corpus and the plan."""

    limit: int = 4  # each holds a copy of the model
    _left: OrderedDict[str, Left] = field(default_factory=OrderedDict, repr=False)

    def run(
        self,
        model: SharedModel,
        corpus: Corpus,
        plan: Plan,
        carry_out: Callable[[], Run],
    ) -> Run:
        """Carry out a stage, or put the model where the same one has left it."""
        key = _key(model, corpus, plan)
        if key in self._left:
            self._left.move_to_end(key)
            return _restore(model, self._left[key])
        run = carry_out()
        state = {name: t.detach().clone() for name, t in model.state_dict().items()}
        self._left[key] = Left(
            state, model.pooling, model.layers, dict(model.specs), run
        )
        if len(self._left) > self.limit:
            self._left.popitem(last=False)
        return run


def place_of(
    folder: str | Path | None, model: SharedModel, corpus: Corpus, plan: Plan
) -> Path | None:
    """Return the file of a folder that keeps where a stage's training is.

    It is named by all that decides the stage, so another one begins at its own start.
    """
    if folder is None:
        return None
    return Path(folder).expanduser() / f"{_key(model, corpus, plan)[:32]}.safetensors"


def _restore(model: SharedModel, left: Left) -> Run:
    model.read(left.pooling, left.layers)
    model.shape_heads(left.specs, seed=0)
    model.load_state_dict(left.state)
    plan = left.run.plan
    apply_scenario(
        model.eval(),
        find_scenario(plan.scenario).limited_to(plan.tasks),
        rank=plan.lora_rank,
        alpha=plan.lora_alpha,
    )
    return left.run


def _key(model: SharedModel, corpus: Corpus, plan: Plan) -> str:
    start = f"{tensor_digest(model)} {model.pooling} {model.layers} {model.device.type}"
    heads = [model.specs[task].to_dict() for task in HEADS]
    text = json.dumps(
        [start, heads, corpus.fingerprint, plan.to_dict()], sort_keys=True
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
