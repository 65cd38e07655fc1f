"""The training loop, whole: freeze, build the optimizer, step, prove.

Lesson: 01_shared_model takes `train_epochs` apart. The order is the point: the scenario
is applied first and the optimizer built from what then trains, never the other way.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from tqdm import tqdm

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.encoding import Encoded
from mtlhelpers.data.streams import stream
from mtlhelpers.model.counting import count_parameters
from mtlhelpers.model.device import environment
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.store import FeatureStore, extract_features
from mtlhelpers.training.history import EpochRecorder, Keeper
from mtlhelpers.training.losses import BatchLosses, loss_function
from mtlhelpers.training.metrics import assess, encode_for, evaluate
from mtlhelpers.training.optimizer import (
    build_optimizer,
    build_schedule,
    check_gradients,
    check_loss,
    check_optimizer,
    clip_each_part,
    kept_embedding_gradient,
)
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.retention import Retention, build_retention
from mtlhelpers.training.run import FreezingWitness, Run
from mtlhelpers.training.stage import (
    Stages,
    bucketed_batches,
    prepare,
    spread_out,
    training_sentences,
)
from mtlhelpers.training.standardise import standardised_heads

SCORED_OF_TRAIN = 1000  # sentences: enough to see by how much train is ahead of test


def train(
    model: SharedModel,
    corpus: Corpus,
    plan: Plan,
    *,
    store: FeatureStore | None = None,
    stages: Stages | None = None,
    progress: bool = True,
) -> Run:
    """Carry out a plan, and its `first` stage before it; the model is changed in place.

    Applies the scenario, trains, scores test before and after, and proves that what is
    frozen stayed bit-identical. `store` keeps hidden states of frozen layers for other
    runs (`FeatureStore.on_disk()`: for later processes too), `stages` what whole stages
    left. Warns and takes no step where nothing can train. Raises `PlanError` for a plan
    that does not fit, `TrainingError` where a loss or gradient is not finite.
    """
    store = FeatureStore() if store is None else store

    def carry_out() -> Run:
        shared = {"store": store, "stages": stages, "progress": progress}
        first = plan.first and train(model, corpus, plan.first, **shared)
        return _carry_out(model, corpus, plan, first, store, progress)

    return carry_out() if stages is None else stages.run(model, corpus, plan, carry_out)


def _carry_out(
    model: SharedModel,
    corpus: Corpus,
    plan: Plan,
    first: Run | None,
    store: FeatureStore,
    progress: bool,
) -> Run:
    """The last stage of a plan: prepare, train, score, prove."""
    sentences = training_sentences(corpus, plan)
    plan = plan.resolve(len(sentences), corpus.tasks)
    as_left = prepare(model, sentences, plan)
    witness = FreezingWitness.watch(model)
    test = corpus.splits["test"]
    before = first.scores if first and as_left else evaluate(model, test, store=store)
    recorder = EpochRecorder(model, corpus, plan, store)
    if plan.tasks:
        train_epochs(model, corpus, sentences, plan, store, recorder, progress)
    else:
        recorder.note(f"nothing can train in {plan.scenario}: no head does")
    scores, outcomes = assess(model, test, store)
    seen = sentences.select(spread_out(len(sentences), SCORED_OF_TRAIN))
    return Run(
        plan=plan,
        first=first,
        before=before,
        scores=scores,
        train_scores=evaluate(model, seen, store=store),
        outcomes=outcomes,
        proof=witness.compare(model),
        **_facts(model),
        **recorder.fields(),
    )


def _facts(model: SharedModel) -> dict[str, Any]:
    """What a run says of its model and of where it ran."""
    counts = count_parameters(model).loc["all"]
    return {
        "total_parameters": int(counts["total"]),
        "trainable_parameters": int(counts["trainable"]),
        "environment": environment(model),
    }


def train_epochs(
    model: SharedModel,
    corpus: Corpus,
    sentences: Dataset,
    plan: Plan,
    store: FeatureStore,
    recorder: EpochRecorder,
    progress: bool,
) -> None:
    """Step through the epochs of a resolved plan on its training sentences."""
    start = time.perf_counter()
    encoded = encode_for(model, sentences)
    losses_of = loss_function(model, encoded, store)
    retention = build_retention(model, corpus, plan, encoded)
    scaling = _scaling(model, encoded, plan, store)
    recorder.seconds["setup"] = time.perf_counter() - start

    optimizer = build_optimizer(model, plan)
    check_optimizer(optimizer, model)
    epochs = _all_batches(encoded, plan)
    steps = sum(map(len, epochs))
    schedule = build_schedule(optimizer, plan, steps)
    keeper = Keeper(model, plan.select)
    bar = tqdm(total=steps, unit="step", disable=not progress, leave=False)
    with _dropout_stream(plan.seed), kept_embedding_gradient(model), scaling, bar:
        for epoch, batches in enumerate(epochs, start=1):
            model.train()
            recorder.start_epoch()
            for rows in batches:
                found = losses_of(rows)
                kept = retention.loss(found.logits, found.batch, rows)
                norms = take_step(model, optimizer, found, kept, retention, plan)
                schedule.step()
                recorder.note_step(found.losses, found.labelled, norms)
                bar.update()
            model.eval()
            check_loss(recorder.end_epoch(epoch))
            keeper.look(recorder.history[-1])
        keeper.restore()


@contextmanager
def _dropout_stream(seed: int) -> Iterator[None]:
    """Within it, torch draws from the seed's own stream, and only dropout draws: heads
    over stored hidden states never touch it."""
    with torch.random.fork_rng():
        torch.manual_seed(int(stream(seed, "dropout").integers(2**63)))
        yield


def _scaling(
    model: SharedModel, encoded: Encoded, plan: Plan, store: FeatureStore
) -> AbstractContextManager[None]:
    if not plan.standardise:
        return nullcontext()
    return standardised_heads(model, extract_features(model, encoded, store))


def take_step(
    model: SharedModel,
    optimizer: torch.optim.Optimizer,
    found: BatchLosses,
    kept: Tensor | float,
    retention: Retention,
    plan: Plan,
) -> dict[str, Tensor]:
    """One update from the weighted sum of the losses; return the gradient norms."""
    loss = sum(plan.loss_weights[task] * found.losses[task] for task in plan.tasks)
    optimizer.zero_grad(set_to_none=True)
    (loss + kept).backward()
    if not optimizer.state:  # the first step
        check_gradients(model)
    retention.add_gradients()
    norms = clip_each_part(model, plan.clip_norm)
    optimizer.step()
    return norms


def _all_batches(encoded: Encoded, plan: Plan) -> list[list[np.ndarray]]:
    """The batches of every epoch, from the stream of the order alone."""
    order = stream(plan.seed, "order")
    return [
        bucketed_batches(encoded.lengths, plan.batch_size, order)
        for _ in range(plan.epochs)
    ]
