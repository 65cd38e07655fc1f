"""How the time a token grows: with the number of sentences, and with their length."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from sentences import of_length, some, with_train
from sides import Training, train_ours

import mtlhelpers as mtl
from mtlhelpers.data.encoding import Encoded, encode
from mtlhelpers.data.streams import stream
from mtlhelpers.training.loop import bucketed_batches
from mtlhelpers.training.losses import loss_function
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.optimizer import (
    build_optimizer,
    clip_each_part,
    gradient_memory,
)

RATE = 3e-4


@dataclass(frozen=True)
class _Growth:
    """Ours at several sizes, each in a process of its own, in turn."""

    name: str
    sizes: tuple[int, ...]
    bar: float
    scenario: str = "none_frozen"
    corpus: str = "snips"
    backbone: str = "minilm"
    repeats: int = 3
    earlier = False

    @property
    def sides(self) -> tuple[str, ...]:
        return tuple(map(str, self.sizes))

    @property
    def names(self) -> list[str]:
        """The one row that the case gives."""
        return [self.name]

    def shown(self, turn: dict[str, dict]) -> str:
        """A turn in words."""
        times = [f"{size}: {1e6 * _pace(one):.0f}" for size, one in turn.items()]
        return f"µs a token at {self.of} {', '.join(times)}"

    def rows(self, turns: Sequence[dict[str, dict]]) -> list[dict[str, Any]]:
        """The case as one entry of `results.json`."""
        ratios = [self._ratio([_pace(turn[s]) for s in self.sides]) for turn in turns]
        paces = {s: median(_pace(turn[s]) for turn in turns) for s in self.sides}
        shown = ", ".join(f"{s}: {1e6 * pace:.0f}" for s, pace in paces.items())
        return [
            {
                "case": self.name,
                "ratio": median(ratios),
                "bar": self.bar,
                "aim": False,
                "ratio_of": self.ratio_of,
                "turn_ratios": ratios,
                "note": f"µs a token at {self.of} {shown}",
                "seconds_a_token": paces,
                "tokens": {s: turns[0][s]["tokens"] for s in self.sides},
                "scenario": self.scenario,
                "backbone": self.backbone,
                "corpus": self.corpus,
            }
        ]

    def _ratio(self, paces: list[float]) -> float:
        raise NotImplementedError

    def _model(self, corpus: mtl.Corpus, seed: int) -> mtl.SharedModel:
        return mtl.SharedModel.from_backbone(
            self.backbone, corpus.labels, corpus.tags, seed=seed
        )


@dataclass(frozen=True)
class SizeGrowthCase(_Growth):
    """`mtl.train` on more and more sentences."""

    epochs: int = 1
    of = "sentences"
    ratio_of = "the shortest time a token over the longest"

    def small(self) -> "SizeGrowthCase":
        """The same with little to do."""
        return replace(self, sizes=(32, 64), epochs=1, repeats=1)

    def measure(self, side: str, seed: int) -> dict[str, Any]:
        """Train on so many sentences; scoring is left out."""
        corpus = mtl.load_corpus(self.corpus)
        settings = {"learning_rate": RATE, "corpus": self.corpus}
        full = Training(self.name, self.scenario, int(side), self.epochs, **settings)
        few = replace(full, sentences=full.batch_size, epochs=1)
        for training in (few, full):
            model = self._model(corpus, seed)
            train = some(corpus, model.tokenizer, training.sentences, seed)
            trained = train_ours(model, with_train(corpus, train), training, seed)
        pieces = int(encode_for(model, train).lengths.sum())
        return {"seconds": trained.seconds, "tokens": pieces * self.epochs}

    def _ratio(self, paces: list[float]) -> float:
        return min(paces) / max(paces)


@dataclass(frozen=True)
class LengthGrowthCase(_Growth):
    """Steps of `none_frozen` on longer and longer sentences.

    Every length has as many word pieces, and as many in a batch, so what grows is
    attention alone. `mtl.train` cuts sentences at 128 pieces; these are stepped through
    by its parts.
    """

    tokens: int = 16_384
    batch_tokens: int = 2048
    of = "pieces"
    ratio_of = "quadratic growth of the time a sentence over what was measured"

    def small(self) -> "LengthGrowthCase":
        """The same with little to do."""
        few = {"tokens": 128, "batch_tokens": 64}
        return replace(self, sizes=(16, 32), repeats=1, **few)

    def measure(self, side: str, seed: int) -> dict[str, Any]:
        """Take a step on every batch; a few steps before are not timed."""
        corpus, length = mtl.load_corpus(self.corpus), int(side)
        model = self._model(corpus, seed)
        count = self.tokens // length
        train = of_length(corpus.splits["train"], model.tokenizer, length, count)
        names = corpus.labels, corpus.tags
        encoded = encode(train, model.tokenizer, *names, max_length=length)
        few = encode(
            train.select(range(self.batch_tokens // length)),
            model.tokenizer,
            *names,
            max_length=length,
        )
        with self._steps(model, seed) as step_through:
            step_through(few)
            start = time.perf_counter()
            step_through(encoded)
            seconds = time.perf_counter() - start
        return {"seconds": seconds, "tokens": int(encoded.lengths.sum())}

    @contextmanager
    def _steps(self, model: mtl.SharedModel, seed: int) -> Iterator[Any]:
        """What takes one epoch of the training loop's steps on encoded sentences."""
        mtl.apply_scenario(model, self.scenario)
        rates = mtl.Plan(scenario=self.scenario, backbone_lr=RATE, head_lr=RATE)
        plan = rates.resolve(max(self.sizes))
        optimizer = build_optimizer(model, plan)
        order = stream(seed, "order")

        def step_through(encoded: Encoded) -> None:
            model.train()
            losses_of = loss_function(model, encoded, mtl.FeatureStore())
            size = self.batch_tokens // int(encoded.lengths.max())
            for rows in bucketed_batches(encoded.lengths, size, order):
                losses = losses_of(rows).losses
                optimizer.zero_grad(set_to_none=True)
                sum(losses.values()).backward()
                clip_each_part(model, plan.clip_norm)
                optimizer.step()

        with gradient_memory(model):
            yield step_through

    def _ratio(self, paces: list[float]) -> float:
        # A sentence of n pieces takes n times the time a token.
        grown = paces[-1] / paces[0]
        return self.sizes[-1] / self.sizes[0] / grown


def _pace(one: dict[str, Any]) -> float:
    """Seconds a token."""
    return one["seconds"] / one["tokens"]
