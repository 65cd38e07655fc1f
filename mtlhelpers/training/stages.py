"""Stages that several runs share, made once.

Lesson: 05_one_head_frozen. Twenty ways to train a second stage start from the same
first one. What it left is kept, and the next run with the same stage starts from there.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.model.freezing import apply_scenario, find_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.digests import tensor_digest
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run


class Left(NamedTuple):
    """What a stage left behind."""

    state: dict[str, Tensor]
    pooling: str
    layers: tuple[int, ...]
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
        self._left[key] = Left(state, model.pooling, model.layers, run)
        if len(self._left) > self.limit:
            self._left.popitem(last=False)
        return run


def _restore(model: SharedModel, left: Left) -> Run:
    model.load_state_dict(left.state)
    model.read(left.pooling, left.layers)
    plan = left.run.plan
    apply_scenario(model.eval(), find_scenario(plan.scenario).limited_to(plan.tasks))
    return left.run


def _key(model: SharedModel, corpus: Corpus, plan: Plan) -> str:
    start = f"{tensor_digest(model)} {model.pooling} {model.layers}"
    text = json.dumps([start, corpus.fingerprint, plan.to_dict()], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
