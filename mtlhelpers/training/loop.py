"""The training loop, whole: from a plan to the proof of what stayed frozen.

Lesson: 01_shared_model takes `train_epochs` apart. Read from `train` downwards. The
order is the point: the scenario is applied first and the optimizer built from what then
trains, never the other way. Shapes: N training sentences, B of them in a batch.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from tqdm import tqdm

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.encoding import Encoded, length_note
from mtlhelpers.data.streams import stream
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.errors import PlanError
from mtlhelpers.model.device import advice_on_memory, choose_device
from mtlhelpers.model.freezing import apply_scenario, part_tensors
from mtlhelpers.model.lora import adapters
from mtlhelpers.model.scenarios import HEADS, find_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.checkpoint import Checkpoint
from mtlhelpers.training.features.closed_form import fill_heads
from mtlhelpers.training.features.standardise import standardised_heads
from mtlhelpers.training.features.store import FeatureStore, extract_features
from mtlhelpers.training.losses import BatchLosses, loss_function
from mtlhelpers.training.metrics import Gold, assess, check_fit, encode_for, has_gold
from mtlhelpers.training.optimizer import (
    BestWeights,
    build_optimizer,
    build_schedule,
    check_gradients,
    check_optimizer,
    check_weights,
    clip_each_part,
    gradient_memory,
    take_step,
)
from mtlhelpers.training.plan import FilledPlan, Plan
from mtlhelpers.training.retention import Retention, build_retention
from mtlhelpers.training.run import EpochRecorder, FreezingWitness, Run
from mtlhelpers.training.stage import Stages, place_of

SCORED_OF_TRAIN = 1000  # sentences: enough to see by how much train is ahead of test
POOL = 32  # batches whose sentences are sorted by length together
SMALLER = "Choose a smaller batch_size or train_size"  # where memory is too little


def train(
    model: SharedModel,
    corpus: Corpus,
    plan: Plan,
    *,
    store: FeatureStore | None = None,
    stages: Stages | None = None,
    progress: bool = True,
    device: str | None = None,
    checkpoint: str | Path | None = None,
) -> Run:
    """Carry out a plan, and its `first` stage before it; the model is changed in place.

    Applies the scenario, trains, scores test before and after, and proves that what is
    frozen stayed bit-identical; warns where nothing can train. `store` keeps hidden
    states of frozen layers for other runs (`FeatureStore.on_disk()`: and processes),
    `stages` what whole stages left, the folder `checkpoint` where training is, to go on
    there after a kill. `device`: "cpu", "cuda", "mps", "auto" (a GPU, if any), or None.

    Raises `PlanError`, before anything trains, for a plan that does not fit, and later
    `ShortageError` for want of memory, and `TrainingError` where weights, loss or
    gradient are not finite: the last good weights are kept.
    """
    if device is not None:
        model.to(choose_device(device))
    store = FeatureStore() if store is None else store
    rows = training_sentences(corpus, plan)
    filled = plan.resolve(len(rows), corpus.tasks)
    check_fit(model, corpus, rows, filled)
    file = place_of(checkpoint, model, corpus, plan)
    again = partial(train, model, corpus, store=store, stages=stages, progress=progress)

    def carry_out() -> Run:
        first = again(plan.first, checkpoint=checkpoint) if plan.first else None
        return _run_stage(model, corpus, rows, filled, first, store, progress, file)

    with advice_on_memory(f"batches of {filled.batch_size} sentences", SMALLER):
        run = stages.run(model, corpus, plan, carry_out) if stages else carry_out()
    model.provenance = run.provenance(corpus)  # saved with it
    return run


def training_sentences(corpus: Corpus, plan: Plan) -> Dataset:
    """Take the plan's subset of train, without sentences that no task of it can use."""
    train = corpus.splits["train"]
    rows = take_subset(train, plan.train_size, plan.seed, skip=plan.skip)
    tasks = plan.resolve(len(rows), corpus.tasks).tasks
    if not tasks or set(tasks) >= set(corpus.tasks):
        return rows
    useful = np.any([has_gold(rows, task) for task in tasks], axis=0)
    return rows.select(np.flatnonzero(useful))


def _run_stage(
    model: SharedModel,
    corpus: Corpus,
    sentences: Dataset,
    plan: FilledPlan,
    first: Run | None,
    store: FeatureStore,
    progress: bool,
    file: Path | None,
) -> Run:
    """Carry out the last stage: freeze, read, score, train, score again, prove."""
    check_weights(model)
    as_left = prepare(model, plan)  # frozen from here on
    witness = FreezingWitness.watch(model)  # a digest of each tensor that is

    # Every split is cut into word pieces once, validation only if it is asked for.
    validate = None
    if plan.track or plan.select:
        validation = Gold.of(model, corpus.splits["validation"])
        validate = partial(assess, model, validation, store)
    recorder = EpochRecorder(plan, validate, file)
    with recorder.setup():
        gold = Gold.of(model, sentences)
    test = Gold.of(model, corpus.splits["test"])
    if note := length_note(gold.encoded, "train"):
        recorder.note(note)
    before = first.scores if first and as_left else assess(model, test, store).scores
    if not plan.tasks:
        recorder.note(f"nothing can train in {plan.scenario}: no head does")
    with recorder.setup():
        filled = _fill_heads(model, gold.encoded, plan, store)  # no step moves these
    if set(plan.tasks) > set(plan.closed_tasks):
        train_epochs(model, corpus, gold.encoded, plan, store, recorder, progress)
    for tensor in filled:
        tensor.requires_grad_(True)
    seen = assess(model, gold.spread_out(SCORED_OF_TRAIN), store).scores
    after = assess(model, test, store)
    proof = witness.compare(model)  # the same digests again, or the names of what moved
    details = after.predicted.beside(test, model.labels)
    return recorder.run(model, first, before, after[:2], seen, proof, details)


def prepare(model: SharedModel, plan: FilledPlan) -> bool:
    """Make the model ready for a stage; return whether its outputs are what they were.

    Raises `PlanError` where the model has no such hidden states to read.
    """
    was = (model.pooling, model.layers, dict(model.specs))
    try:
        model.read(plan.pooling, plan.layers)  # what the heads look at from here on
        asked = {task: spec.built for task, spec in (plan.heads or {}).items()}
        model.shape_heads(asked, plan.seed)  # drawn again where their shape is new
    except ValueError as error:
        raise PlanError(f"the plan does not fit the model: {error}") from error
    if plan.fresh_heads:
        for task in plan.tasks:
            model.reset_head(HEADS[task], plan.seed)
    adapted = bool(adapters(model.backbone))  # which may be merged now
    # Freezing: no gradient, none left over, eval mode. A head whose loss is not summed
    # is frozen as well, whatever the scenario says. Where LoRA trains, it is put in.
    apply_scenario(
        model.eval(),
        find_scenario(plan.scenario).limited_to(plan.tasks),
        rank=plan.lora_rank,
        alpha=plan.lora_alpha,
        seed=plan.seed,
    )
    reads_on = was == (model.pooling, model.layers, model.specs)
    return reads_on and not plan.fresh_heads and not adapted


def _fill_heads(
    model: SharedModel, encoded: Encoded, plan: FilledPlan, store: FeatureStore
) -> list[Tensor]:
    """Fill heads in closed form where the plan says so; return them, frozen."""
    if not plan.closed_tasks:
        return []
    fill_heads(model, extract_features(model, encoded, store), encoded, plan)
    parts = [HEADS[task] for task in plan.closed_tasks]
    filled = [tensor for part in parts for tensor in part_tensors(model, part)]
    return [tensor.requires_grad_(False) for tensor in filled]


def train_epochs(
    model: SharedModel,
    corpus: Corpus,
    encoded: Encoded,
    plan: FilledPlan,
    store: FeatureStore,
    recorder: EpochRecorder,
    progress: bool,
) -> None:
    """Step through the epochs of a plan on its N training sentences."""
    with recorder.setup():  # what is frozen runs here, once, and never again
        losses_of = loss_function(model, encoded, store)
        retention = _retention(model, corpus, plan, encoded)
        scaling = _scaling(model, encoded, plan, store)
    optimizer = build_optimizer(model, plan)  # of what trains, now that this is settled
    check_optimizer(optimizer, model)
    steps = plan.epochs * ceil(len(encoded) / plan.batch_size)
    rates = build_schedule(optimizer, plan, steps)  # they rise, then fall to zero
    order = stream(plan.seed, "order")  # random numbers that nothing else draws from
    best = BestWeights(model, plan.select)
    kept = Checkpoint(model, optimizer, rates, order, recorder, best, retention)
    bar = tqdm(total=steps, unit="step", disable=not progress, leave=False)
    with _dropout_stream(plan.seed), gradient_memory(model), scaling, bar:
        for epoch in kept.epochs(plan.epochs):  # 1, 2, …; or on from where it was
            model.train()  # dropout, though in no part that is frozen
            batches = bucketed_batches(encoded.lengths, plan.batch_size, order)
            for rows in kept.left(batches, bar):
                batch = losses_of(rows)  # rows: (B,); a loss for each task
                optimizer.zero_grad(set_to_none=True)
                total_loss(batch, rows, retention, plan).backward()
                check_gradients(optimizer, model)  # all that train were reached
                retention.add_gradients()
                norms = clip_each_part(model, plan.clip_norm)  # one per part, before
                values = recorder.note_step(batch, norms)
                take_step(optimizer, values, recorder.steps)  # unless one is NaN
                rates.step()
            model.eval()  # no dropout while validation is scored
            best.look(recorder.end_epoch(epoch))
        best.restore()  # the epoch that `select` chose; without it the last one stays


def bucketed_batches(
    lengths: np.ndarray, batch_size: int, order: np.random.Generator
) -> list[np.ndarray]:
    """Put every sentence once into random batches of sentences of like length.

    Sentences are shuffled, sorted within pools of 32 batches, cut, and the batches
    shuffled: little padding, and still a random order. Drawn from `order` alone.
    """
    shuffled = order.permutation(len(lengths))  # (N,)
    pool = batch_size * POOL
    batches = []
    for start in range(0, len(shuffled), pool):
        rows = shuffled[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in order.permutation(len(batches))]  # each (B,)


def total_loss(
    batch: BatchLosses, rows: np.ndarray, retention: Retention, plan: FilledPlan
) -> Tensor:
    """Sum the weighted losses, and what keeps the task of a frozen head."""
    total = torch.zeros(())
    for task in plan.tasks:  # those of the heads that train, unless the scenario says
        total = total + plan.loss_weights[task] * batch.losses[task]
    return total + retention.loss(batch, rows)


@contextmanager
def _dropout_stream(seed: int) -> Iterator[None]:
    """Within it, torch draws from the seed's own stream, and only dropout draws: heads
    over stored hidden states never touch it."""
    with torch.random.fork_rng():
        torch.manual_seed(int(stream(seed, "dropout").integers(2**63)))
        yield


def _retention(
    model: SharedModel, corpus: Corpus, plan: FilledPlan, encoded: Encoded
) -> Retention:
    """Build what keeps a frozen head's task, if the plan asks for it (lesson 05)."""
    if plan.retention is None:
        return Retention()  # adds nothing
    earlier = None
    if plan.first is not None:
        earlier = encode_for(model, training_sentences(corpus, plan.first))
    return build_retention(model, plan, encoded, earlier)


def _scaling(
    model: SharedModel, encoded: Encoded, plan: FilledPlan, store: FeatureStore
) -> AbstractContextManager[None]:
    if not plan.standardise:
        return nullcontext()
    return standardised_heads(model, extract_features(model, encoded, store))
