"""The feature pass of a frozen backbone, against the matrix-product rate."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets
from hardware import product_rate, useful_flops
from memory import PeakWatch

import mtlhelpers as mtl
from mtlhelpers.training.metrics import encode_for


@dataclass(frozen=True)
class ExtractionCase:
    """Hidden states of every sentence of a corpus, from word pieces to a store."""

    name: str
    bar: float  # the share of the matrix-product rate that is aimed at
    sentences: int | None = None  # None: all of them
    corpus: str = "snips"
    backbone: str = "minilm"
    repeats: int = 3
    earlier = False
    sides = ("ours",)

    @property
    def names(self) -> list[str]:
        """The one row that the case gives."""
        return [self.name]

    def small(self) -> "ExtractionCase":
        """The same with little to do."""
        return replace(self, sentences=64, repeats=1)

    def measure(self, side: str, seed: int) -> dict[str, Any]:
        """Fill an empty store; word pieces are made before the clock starts."""
        corpus = mtl.load_corpus(self.corpus)
        sentences = self._sentences(corpus)
        model = mtl.SharedModel.from_backbone(
            self.backbone, corpus.labels, corpus.tags, seed=seed
        )
        mtl.apply_scenario(model, "backbone_frozen")
        few = sentences.select(range(min(64, len(sentences))))
        mtl.FeatureStore().states(model, encode_for(model, few), model.layers)
        encoded = encode_for(model, sentences)
        rate = product_rate()
        start = time.perf_counter()
        with PeakWatch() as watch:
            mtl.FeatureStore().states(model, encoded, model.layers)
        seconds = time.perf_counter() - start
        rate = max(rate, product_rate())
        lengths = _distinct_lengths(encoded.input_ids)
        config, heads = model.backbone.config, (0, 0)
        work = useful_flops(config, mtl.SCENARIOS["all_frozen"], heads, lengths, 1)
        return {
            "seconds": seconds,
            "tokens": int(lengths.sum()),
            "peak_bytes": watch.bytes,
            "product_rate": rate,
            "work_share": work / seconds / rate,
        }

    def rows(self, turns: Sequence[dict[str, dict]]) -> list[dict[str, Any]]:
        """The case as one entry of `results.json`."""
        found = [turn["ours"] for turn in turns]
        row = {
            "case": self.name,
            "ratio": median(one["work_share"] for one in found),
            "bar": self.bar,
            "aim": True,
            "ratio_of": "useful work a second over the matrix-product rate",
            "turn_ratios": [one["work_share"] for one in found],
        }
        for key in ("seconds", "peak_bytes", "product_rate", "work_share"):
            values = [one[key] for one in found]
            row[f"ours_{key}"] = None if None in values else median(values)
        return [
            row
            | {
                "tokens": found[0]["tokens"],
                "note": f"{row['ours_seconds']:.1f} s",
                "padding": "none: sentences of one length together",
                "backbone": self.backbone,
                "corpus": self.corpus,
            }
        ]

    def shown(self, turn: dict[str, dict]) -> str:
        """A turn in words."""
        ours = turn["ours"]
        return f"{ours['seconds']:.1f} s, {100 * ours['work_share']:.0f} % of the limit"

    def _sentences(self, corpus: mtl.Corpus) -> Dataset:
        every = concatenate_datasets(list(corpus.splits.values()))
        return every if self.sentences is None else every.select(range(self.sentences))


def _distinct_lengths(input_ids: list[np.ndarray]) -> np.ndarray:
    """Word pieces of the different sentences: a store runs equal ones once."""
    return np.array(list({ids.tobytes(): len(ids) for ids in input_ids}.values()))
