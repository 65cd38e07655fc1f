"""The rate of `predict` on raw text, beside a pipeline of transformers.

The pipeline finds names alone, by the same backbone and the same head; `predict` also
labels the sentence. Both give places in the text. The ratio is of processor time, which
a busy machine disturbs less than time on the clock.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from statistics import median
from typing import Any

from transformers import BertForTokenClassification, TokenClassificationPipeline

import mtlhelpers as mtl

BATCH = 64  # sentences
LONGEST = 4  # sentences of a paragraph
PIECES = 110  # of a text at most, so that no side cuts it


@dataclass(frozen=True)
class PredictionCase:
    """Queries, sentences and paragraphs in a mixed order, two to two to one."""

    name: str
    bar: float
    sentences: int = 1000
    corpus: str = "newsdesk"  # of sentences and paragraphs
    queries: str = "snips"
    backbone: str = "minilm"
    repeats: int = 3
    earlier = False
    sides = ("ours", "pipeline", "pipeline_in_batches")

    @property
    def names(self) -> list[str]:
        """The one row that the case gives."""
        return [self.name]

    def small(self) -> "PredictionCase":
        """The same with little to do."""
        return replace(self, sentences=20, repeats=1)

    def measure(self, side: str, seed: int) -> dict[str, Any]:
        """Answer all texts, after a few in which libraries load the rest."""
        corpus = mtl.load_corpus(self.corpus)
        model = mtl.SharedModel.from_backbone(
            self.backbone, corpus.labels, corpus.tags, seed=seed
        )
        texts = self._texts(corpus, model, seed)
        answer = _sides(model)[side]
        answer(texts[:BATCH])
        start = time.perf_counter(), time.process_time()
        answer(texts)
        end = time.perf_counter(), time.process_time()
        return {"seconds": end[0] - start[0], "process_seconds": end[1] - start[1]}

    def rows(self, turns: Sequence[dict[str, dict]]) -> list[dict[str, Any]]:
        """The case as one entry of `results.json`."""
        ratios = [self._ratio(turn) for turn in turns]
        row = {
            "case": self.name,
            "ratio": median(ratios),
            "bar": self.bar,
            "aim": False,
            "ratio_of": "processor time of transformers' token-classification "
            "pipeline, one by one or in batches, whichever takes less, over ours",
            "turn_ratios": ratios,
            "note": self.shown(turns[0]),
            "sentences": self.sentences,
            "backbone": self.backbone,
            "corpus": f"{self.corpus}, {self.queries}",
        }
        for side in self.sides:
            for key in ("seconds", "process_seconds"):
                row[f"{side}_{key}"] = median(turn[side][key] for turn in turns)
        return [row]

    def shown(self, turn: dict[str, dict]) -> str:
        """A turn in words: processor time of 1,000 texts."""
        scale = 1000 / self.sentences
        used = (scale * turn[side]["process_seconds"] for side in self.sides)
        return "{:.1f} s of processor time a 1,000 texts; {:.1f} and {:.1f}".format(
            *used
        )

    def _ratio(self, turn: dict[str, dict]) -> float:
        ours, *peers = (turn[side]["process_seconds"] for side in self.sides)
        return min(peers) / ours

    def _texts(
        self, corpus: mtl.Corpus, model: mtl.SharedModel, seed: int
    ) -> list[str]:
        draw = Random(seed)
        queries = mtl.load_corpus(self.queries).splits["train"]["tokens"][:]
        sentences = corpus.splits["train"]["tokens"][:]
        fifth = self.sentences // 5
        texts = [" ".join(words) for words in draw.choices(queries, k=2 * fifth)]
        texts += [" ".join(words) for words in draw.choices(sentences, k=2 * fifth)]
        while len(texts) < self.sentences:
            some = draw.choices(sentences, k=draw.randint(2, LONGEST))
            text = " ".join(word for words in some for word in words)
            if len(model.tokenizer(text)["input_ids"]) <= PIECES:
                texts.append(text)
        draw.shuffle(texts)
        return texts


def _sides(model: mtl.SharedModel) -> dict[str, Callable[[list[str]], Any]]:
    peer = TokenClassificationPipeline(
        model=_named(model), tokenizer=model.tokenizer, aggregation_strategy="first"
    )
    return {
        "ours": partial(model.predict, batch_size=BATCH),
        "pipeline": peer,
        "pipeline_in_batches": partial(peer, batch_size=BATCH),
    }


def _named(model: mtl.SharedModel) -> BertForTokenClassification:
    """The backbone and the NER head as transformers has them."""
    config = model.backbone.config
    config.id2label = dict(enumerate(model.tags))
    config.label2id = {tag: number for number, tag in enumerate(model.tags)}
    named = BertForTokenClassification(config)
    named.bert, named.classifier = model.backbone, model.ner_classifier
    return named.eval()
