"""A stage of a plan: its sentences in order, the model made ready, stages kept."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from datasets import Dataset
from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.freezing import apply_scenario, find_scenario
from mtlhelpers.model.shared import HEADS, SharedModel
from mtlhelpers.training.plan import Plan, PlanError
from mtlhelpers.training.run import Run

COLUMNS = {"sentence": "label", "ner": "tags"}


def training_sentences(corpus: Corpus, plan: Plan) -> Dataset:
    """The plan's subset of train, without sentences that none of its tasks can use."""
    train = corpus.splits["train"]
    rows = take_subset(train, plan.train_size, plan.seed, skip=plan.skip)
    tasks = plan.resolve(len(rows), corpus.tasks).tasks
    if not tasks or set(tasks) >= set(corpus.tasks):
        return rows
    columns = [rows[COLUMNS[task]][:] for task in tasks]
    useful = [any(cell is not None for cell in cells) for cells in zip(*columns)]
    return rows.select([row for row, keep in enumerate(useful) if keep])


def check_fit(model: SharedModel, sentences: Dataset, plan: Plan) -> None:
    """Raise `PlanError` where the model lacks a head, or the sentences a label."""
    for task in plan.tasks or ():
        if model.head(task) is None:
            raise PlanError(f"the model has no head for the plan's task {task!r}")
        if all(cell is None for cell in sentences[COLUMNS[task]][:]):
            raise PlanError(
                f"no training sentence has a {COLUMNS[task].removesuffix('s')} for the "
                f"plan's task {task!r}: name other tasks, or choose another corpus"
            )


def spread_out(total: int, wanted: int) -> np.ndarray:
    """Positions from first to last at equal distances: a corpus may be sorted."""
    return np.linspace(0, total - 1, min(total, wanted)).astype(np.int64)


POOL = 32  # batches whose sentences are sorted by length together


def bucketed_batches(
    lengths: np.ndarray, batch_size: int, order: np.random.Generator
) -> list[np.ndarray]:
    """Every sentence once, in random batches of sentences of like length.

    Sentences are shuffled, sorted within pools of 32 batches, cut, and the batches
    shuffled: little padding, and still a random order. Drawn from `order` alone.
    """
    shuffled = order.permutation(len(lengths))
    pool = batch_size * POOL
    batches = []
    for start in range(0, len(shuffled), pool):
        rows = shuffled[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in order.permutation(len(batches))]


def prepare(model: SharedModel, sentences: Dataset, plan: Plan) -> bool:
    """Make the model ready for a stage; whether its outputs are still what they were.

    Raises `PlanError` where the plan fits neither model nor sentences.
    """
    check_fit(model, sentences, plan)
    was = (model.pooling, model.layers)
    try:
        model.read(plan.pooling, plan.layers)
    except ValueError as error:
        raise PlanError(f"the plan does not fit the model: {error}") from error
    if plan.fresh_heads:
        for task in plan.tasks:
            model.reset_head(HEADS[task], plan.seed)
    apply_scenario(model.eval(), find_scenario(plan.scenario).limited_to(plan.tasks))
    return was == (model.pooling, model.layers) and not plan.fresh_heads


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
