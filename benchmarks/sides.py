"""One training, carried out by ours, by the Hugging Face Trainer, or in plain PyTorch.

All three start from the same model and sentences, already in memory.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments

import mtlhelpers as mtl
from mtlhelpers.data.encoding import Encoded, collate
from mtlhelpers.data.streams import stream
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.training.features.states import equal_length_batches
from mtlhelpers.training.loop import bucketed_batches
from mtlhelpers.training.metrics import encode_for

INPUTS = ("input_ids", "attention_mask", "sentence_labels", "ner_labels")
WARMUP = 0.1  # share of the steps in which the learning rate rises, as `mtl.Plan` has
# Where the case "kept" finds the hidden states that an earlier process left.
FEATURES = Path(__file__).resolve().parents[1] / "build" / "bench" / "features"


@dataclass(frozen=True)
class Training:
    """What all sides carry out alike; no side evaluates, saves or logs on the way."""

    name: str
    scenario: str
    sentences: int
    epochs: int
    learning_rate: float  # one for all parts: the Trainer has no second one by default
    batch_size: int = 32
    top_layers: int = 0  # so many alone train of the backbone, and both heads
    length: int | None = None  # word pieces of every sentence; None: as the corpus has
    corpus: str = "snips"
    backbone: str = "minilm"
    device: str = "cpu"
    bf16: bool = False  # the Trainer's switch; ours takes it where the device has it
    store: str = "memory"  # of hidden states; or files, "new" or "kept" from before


class Trained(NamedTuple):
    """What a side says of its training."""

    seconds: float  # from sentences to a trained model
    batches: Iterable[Sequence[int]]  # the rows of each batch that the backbone ran on


def scenario_of(training: Training, model: mtl.SharedModel) -> mtl.Scenario:
    """What trains and what is frozen."""
    if not training.top_layers:
        return mtl.SCENARIOS[training.scenario]
    depth = model.backbone.config.num_hidden_layers
    top = range(depth - training.top_layers, depth)
    return mtl.Scenario([*(f"backbone.layer.{i}" for i in top), *HEADS.values()])


def train_ours(
    model: mtl.SharedModel, corpus: mtl.Corpus, training: Training, seed: int
) -> Trained:
    """Train by `mtl.train`, without weight decay, which the Trainer has not by default.

    The seconds are those that the run reports: the features of frozen layers and every
    step, without the scoring of train and test that the call ends with.
    """
    plan = mtl.Plan(
        scenario=scenario_of(training, model),
        epochs=training.epochs,
        seed=seed,
        backbone_lr=training.learning_rate,
        head_lr=training.learning_rate,
        batch_size=training.batch_size,
        warmup=WARMUP,
        weight_decay=0.0,
    )
    with _store(training.store) as store:
        run = mtl.train(model, corpus, plan, store=store, progress=False)
    return Trained(run.seconds["total"], _our_batches(model, corpus, training, seed))


@contextmanager
def _store(kind: str) -> Iterator[mtl.FeatureStore]:
    with tempfile.TemporaryDirectory() as folder:
        folders = {"memory": None, "new": Path(folder), "kept": FEATURES}
        yield mtl.FeatureStore(folders[kind])


def train_trainer(
    model: mtl.SharedModel, corpus: mtl.Corpus, training: Training, seed: int
) -> Trained:
    """Train by `transformers.Trainer` with its default optimizer and schedule.

    It is given our word pieces and our collation, which pads to the longest sentence of
    a batch, so that the difference lies in the training.
    """
    start = time.perf_counter()
    mtl.apply_scenario(model, scenario_of(training, model))  # sets requires_grad=False
    encoded = encode_for(model, corpus.splits["train"])
    seen: list[list[int]] = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=SummedLoss(model),
            args=_arguments(training, seed, folder),
            train_dataset=list(range(len(encoded))),
            data_collator=_padding(encoded, seen),
        )
        trainer.train()
    return Trained(time.perf_counter() - start, seen)


def train_plain(
    model: mtl.SharedModel, corpus: mtl.Corpus, training: Training, seed: int
) -> Trained:
    """Train in PyTorch alone, as a first tutorial has it, all on default settings.

    A shuffled loader, AdamW on all parameters, one loss, no schedule, no clipping.
    """
    start = time.perf_counter()
    mtl.apply_scenario(model, scenario_of(training, model))
    encoded = encode_for(model, corpus.splits["train"])
    seen: list[list[int]] = []
    loader = DataLoader(
        range(len(encoded)),
        batch_size=training.batch_size,
        shuffle=True,
        collate_fn=_padding(encoded, seen),
        generator=torch.Generator().manual_seed(seed),
    )
    summed = SummedLoss(model)
    optimizer = torch.optim.AdamW(summed.parameters(), lr=training.learning_rate)
    summed.train()
    for _ in range(training.epochs):
        for batch in loader:
            batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
            optimizer.zero_grad()
            summed(**batch)["loss"].backward()
            optimizer.step()
    return Trained(time.perf_counter() - start, seen)


SIDES = {"ours": train_ours, "trainer": train_trainer, "plain": train_plain}


class SummedLoss(nn.Module):
    """A shared model as the Trainer wants it: labels go in, and a loss comes out."""

    def __init__(self, model: mtl.SharedModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: Tensor,  # (B, T)
        attention_mask: Tensor,  # (B, T)
        sentence_labels: Tensor,  # (B,)
        ner_labels: Tensor,  # (B, T)
    ) -> dict[str, Tensor]:
        """The sum of the losses of both tasks, as `{"loss": ()}`."""
        logits = self.model(input_ids, attention_mask)
        sentence = cross_entropy(logits.sentence, sentence_labels)
        ner = cross_entropy(logits.ner.flatten(0, 1), ner_labels.flatten())
        return {"loss": sentence + ner}


def _padding(encoded: Encoded, seen: list[list[int]]) -> Callable:
    """Makes a batch of some rows, and writes down which."""

    def pad(rows: list[int]) -> dict[str, Tensor]:
        seen.append(rows)
        batch = collate(encoded, rows)
        return {name: batch[name] for name in INPUTS}

    return pad


def _our_batches(
    model: mtl.SharedModel, corpus: mtl.Corpus, training: Training, seed: int
) -> Iterator[np.ndarray]:
    """The batches that `mtl.train` runs the backbone on, drawn again when asked for."""
    lengths = encode_for(model, corpus.splits["train"]).lengths
    if frozen_up_to(model) == model.backbone.config.num_hidden_layers:
        yield from equal_length_batches(lengths)
        return
    order = stream(seed, "order")
    for _ in range(training.epochs):
        yield from bucketed_batches(lengths, training.batch_size, order)


def _arguments(training: Training, seed: int, folder: str) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=training.batch_size,
        num_train_epochs=training.epochs,
        learning_rate=training.learning_rate,
        warmup_steps=WARMUP,  # below 1 it is a share of the steps
        bf16=training.bf16,
        seed=seed,
        use_cpu=training.device == "cpu",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
    )
