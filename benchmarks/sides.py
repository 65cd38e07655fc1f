"""One case, trained by one side: ours or the peer, the Hugging Face Trainer.

Run as a script, with a case and a seed as JSON, it measures one training in a process
of its own and prints one line of JSON.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain

import numpy as np
from datasets import DatasetDict
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import Trainer, TrainingArguments

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate
from mtlhelpers.data.streams import stream
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.training.batches import bucketed_batches, equal_length_batches
from mtlhelpers.training.predicting import encode_for

# From the word pieces of each sentence to the rows of each batch that was run.
Batches = Callable[[np.ndarray], Iterable[Sequence[int]]]
INPUTS = ("input_ids", "attention_mask", "sentence_labels", "ner_labels")
WARMUP = 0.1  # share of the steps in which the learning rate rises, on both sides


@dataclass(frozen=True)
class Case:
    """A training that both sides carry out alike; no side evaluates, saves or logs."""

    name: str
    scenario: str
    sentences: int
    epochs: int
    learning_rate: float  # one for all parts: the Trainer has no second one by default
    bar: float  # the peer's time over ours should be at least this
    batch_size: int = 32
    corpus: str = "snips"
    backbone: str = "minilm"

    def small(self) -> "Case":
        """The same with little to do, to see that everything works."""
        return replace(self, sentences=96, epochs=2)


@dataclass(frozen=True)
class Measurement:
    """What one side needed and reached."""

    seconds: float  # from sentences to a trained model
    accuracy: float  # on test, 0 to 1
    ner_f1: float  # on test, lenient, 0 to 1
    tokens: int  # word pieces of the training sentences, padding left out
    padding_share: float  # of the positions that the backbone is run on, 0 to 1


def measure(side: str, case: Case, seed: int) -> Measurement:
    """Train a case by the side `ours` or `peer`, and score it on test afterwards.

    The clock runs over everything between the sentences and the trained model, word
    pieces included. Loading model and corpus, and the scoring, lie outside it.
    """
    train = {"ours": train_ours, "peer": train_peer}[side]
    corpus = mtl.load_corpus(case.corpus)
    test = corpus.splits["test"]
    # Libraries load parts of themselves on first use; that belongs to neither side.
    few = replace(case, sentences=case.batch_size, epochs=1)
    train(_model(few, corpus, seed), _cut(few, corpus, seed), few, seed)

    model, corpus = _model(case, corpus, seed), _cut(case, corpus, seed)
    start = time.perf_counter()
    batches_of = train(model, corpus, case, seed)
    seconds = time.perf_counter() - start
    scores = mtl.evaluate(model, test)
    lengths = encode_for(model, corpus.splits["train"]).lengths
    return Measurement(
        seconds=seconds,
        accuracy=scores.accuracy,
        ner_f1=scores.ner_f1,
        tokens=int(lengths.sum()),
        padding_share=padding_share(lengths, batches_of(lengths)),
    )


def train_ours(
    model: mtl.SharedModel, corpus: mtl.Corpus, case: Case, seed: int
) -> Batches:
    """Train by `mtl.train`, without weight decay, which the Trainer has not by default.

    Nothing is kept from an earlier run, so a frozen backbone's pass is in the time.
    """
    plan = mtl.Plan(
        scenario=case.scenario,
        epochs=case.epochs,
        seed=seed,
        backbone_lr=case.learning_rate,
        head_lr=case.learning_rate,
        batch_size=case.batch_size,
        warmup=WARMUP,
        weight_decay=0.0,
    )
    mtl.train(model, corpus, plan, progress=False)
    return lambda lengths: _our_batches(case, lengths, seed)


def train_peer(
    model: mtl.SharedModel, corpus: mtl.Corpus, case: Case, seed: int
) -> Batches:
    """Train by `transformers.Trainer` with its default optimizer and schedule.

    It is given our word pieces and our collation, which pads to the longest sentence of
    a batch, so that the difference lies in the training.
    """
    mtl.apply_scenario(model, case.scenario)  # sets requires_grad=False
    encoded = encode_for(model, corpus.splits["train"])
    seen: list[list[int]] = []

    def pad(rows: list[int]) -> dict[str, Tensor]:
        seen.append(rows)
        batch = collate(encoded, rows)
        return {name: batch[name] for name in INPUTS}

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=SummedLoss(model),
            args=_arguments(case, seed, folder),
            train_dataset=list(range(len(encoded))),
            data_collator=pad,
        )
        trainer.train()
    return lambda lengths: seen


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


def padding_share(lengths: np.ndarray, batches: Iterable[Sequence[int]]) -> float:
    """The share of padding in batches that are padded to their longest sentence."""
    sizes = [lengths[rows] for rows in batches]
    positions = sum(len(each) * int(each.max()) for each in sizes)
    return 1 - sum(int(each.sum()) for each in sizes) / positions


def _our_batches(case: Case, lengths: np.ndarray, seed: int) -> Iterable[np.ndarray]:
    """The batches that `mtl.train` runs the backbone on, drawn again."""
    if case.scenario == "backbone_frozen":
        return equal_length_batches(lengths)
    order = stream(seed, "order")
    return chain.from_iterable(
        bucketed_batches(lengths, case.batch_size, order) for _ in range(case.epochs)
    )


def _arguments(case: Case, seed: int, folder: str) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=case.batch_size,
        num_train_epochs=case.epochs,
        learning_rate=case.learning_rate,
        warmup_steps=WARMUP,  # below 1 it is a share of the steps
        seed=seed,
        use_cpu=True,
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
    )


def _model(case: Case, corpus: mtl.Corpus, seed: int) -> mtl.SharedModel:
    return mtl.SharedModel.from_backbone(
        case.backbone, corpus.labels, corpus.tags, seed=seed
    )


def _cut(case: Case, corpus: mtl.Corpus, seed: int) -> mtl.Corpus:
    """The corpus with the sentences to train on, and one test sentence.

    `mtl.train` scores test before and after; one sentence costs next to nothing.
    """
    train = take_subset(corpus.splits["train"], case.sentences, seed)
    test = corpus.splits["test"].select([0])
    splits = DatasetDict(train=train, validation=test, test=test)
    return replace(corpus, splits=splits)


if __name__ == "__main__":
    side, fields, seed = json.loads(sys.argv[1])
    print(json.dumps(asdict(measure(side, Case(**fields), seed))))
