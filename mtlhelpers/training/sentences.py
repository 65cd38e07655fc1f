"""Which training sentences a plan takes, and whether they can serve it."""

import numpy as np
from datasets import Dataset

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.plan import Plan, PlanError

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
