"""A training, ours against a peer's: time, peak memory, and the share of the limit."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import numpy as np
import torch
from hardware import product_rate, useful_flops, wait_for
from memory import PeakWatch
from sentences import some, with_train
from sides import SIDES, Training, scenario_of

import mtlhelpers as mtl
from mtlhelpers.model.device import peak_memory, restart_peak_memory
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.training.metrics import encode_for

Measured = dict[str, Any]
# What a ratio can be of; each is a row of the results, named by case and suffix.
SUFFIXES = {"seconds": "", "peak_bytes": "_memory", "work_share": "_work"}
MEANINGS = {
    "seconds": "the peer's time over ours",
    "peak_bytes": "the peer's peak memory over ours",
    "work_share": "useful work a second over the matrix-product rate, ours",
}
PEERS = {"trainer": "transformers.Trainer", "plain": "plain PyTorch"}


@dataclass(frozen=True)
class TrainingCase(Training):
    """A training that both sides carry out, in turn, and what it is held to."""

    bars: dict[str, float] = field(default_factory=dict)  # by what the ratio is of
    aims: tuple[str, ...] = ()  # the bars that are wished for, not demanded
    peer: str = "trainer"
    earlier: bool = False  # ours is carried out once before, in an earlier process
    repeats: int = 3

    @property
    def sides(self) -> tuple[str, ...]:
        return "ours", self.peer

    @property
    def names(self) -> list[str]:
        """The names of the rows that the case gives."""
        return [self.name + SUFFIXES[quantity] for quantity in self.bars]

    def small(self) -> "TrainingCase":
        """The same with little to do, to see that everything works."""
        few = {"sentences": 32, "epochs": 1, "repeats": 1}
        return replace(self, **few, batch_size=min(self.batch_size, 16))

    def measure(self, side: str, seed: int) -> Measured:
        """Train by one side, and score on test afterwards.

        The clock runs over everything between the sentences and the trained model, word
        pieces included. Loading model and corpus, and the scoring, lie outside it.
        """
        # Libraries load parts of themselves on first use; that belongs to neither side.
        few = replace(self, sentences=self.batch_size, epochs=1)
        SIDES[side](*few._start(seed), few, seed)
        model, corpus = self._start(seed)
        rate = self._product_rate()
        restart_peak_memory(self.device)
        start = time.perf_counter()
        with PeakWatch(self.device) as watch:
            trained = SIDES[side](model, corpus, self, seed)
            wait_for(self.device)
        whole = time.perf_counter() - start
        resident, rate = peak_memory(self.device), max(rate, self._product_rate())
        scores = mtl.evaluate(model, mtl.load_corpus(self.corpus).splits["test"])
        lengths = encode_for(model, corpus.splits["train"]).lengths
        return {
            "seconds": trained.seconds,
            "whole_seconds": whole,
            "accuracy": scores.accuracy,
            "ner_f1": scores.ner_f1,
            "tokens": int(lengths.sum()),
            "padding_share": padding_share(lengths, trained.batches),
            "peak_bytes": watch.bytes,
            "resident_bytes": resident,
            "product_rate": rate,
            "work_share": self._work(model, lengths) / trained.seconds / rate,
        }

    def rows(self, turns: Sequence[dict[str, Measured]]) -> list[dict[str, Any]]:
        """The case as entries of `results.json`: one for each of its bars."""
        shared = self._shared_fields(turns)
        rows = []
        for quantity, bar in self.bars.items():
            ratios = [self._ratio(turn, quantity) for turn in turns]
            told = None not in ratios
            row = {
                "case": self.name + SUFFIXES[quantity],
                "ratio": median(ratios) if told else None,
                "bar": bar,
                "aim": quantity in self.aims,
                "ratio_of": MEANINGS[quantity],
                "turn_ratios": ratios,
            }
            rows.append(row | shared)
        return rows

    def shown(self, turn: dict[str, Measured]) -> str:
        """A turn in words, for whoever waits."""
        parts = [
            f"{side} {found['seconds']:.1f} s (accuracy {100 * found['accuracy']:.1f}, "
            f"NER F1 {100 * found['ner_f1']:.1f})"
            for side, found in turn.items()
        ]
        return f"{'; '.join(parts)}; ratio {self._ratio(turn, 'seconds'):.2f}"

    def _start(self, seed: int) -> tuple[mtl.SharedModel, mtl.Corpus]:
        corpus = mtl.load_corpus(self.corpus)
        model = mtl.SharedModel.from_backbone(
            self.backbone, corpus.labels, corpus.tags, seed=seed
        ).to(self.device)
        train = some(corpus, model.tokenizer, self.sentences, seed, self.length)
        return model, with_train(corpus, train)

    def _product_rate(self) -> float:
        return product_rate(self.device, torch.bfloat16 if self.bf16 else torch.float32)

    def _work(self, model: mtl.SharedModel, lengths: np.ndarray) -> float:
        return useful_flops(
            model.backbone.config,
            scenario_of(self, model),
            (len(model.labels), len(model.tags)),
            lengths,
            self.epochs,
            frozen_up_to(model),
        )

    def _ratio(self, turn: dict[str, Measured], quantity: str) -> float | None:
        ours, peer = (turn[side][quantity] for side in self.sides)
        if ours is None or peer is None:
            return None  # the platform does not tell its peak memory
        return ours if quantity == "work_share" else peer / ours

    def _shared_fields(self, turns: Sequence[dict[str, Measured]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, side in zip(("ours", "peer"), self.sides):
            for key in turns[0][side]:
                values = [turn[side][key] for turn in turns]
                found[f"{name}_{key}"] = None if None in values else median(values)
        tokens = found.pop("ours_tokens")
        del found["peer_tokens"]
        return found | {
            "peer": PEERS[self.peer],
            "tokens": tokens,
            "sentences": self.sentences,
            "epochs": self.epochs,
            "batch": self.batch_size,
            "learning_rate": self.learning_rate,
            "backbone": self.backbone,
            "corpus": self.corpus,
        }


def padding_share(lengths: np.ndarray, batches: Sequence[Sequence[int]]) -> float:
    """The share of padding in batches that are padded to their longest sentence."""
    sizes = [lengths[rows] for rows in batches]
    positions = sum(len(each) * int(each.max()) for each in sizes)
    return 1 - sum(int(each.sum()) for each in sizes) / positions
