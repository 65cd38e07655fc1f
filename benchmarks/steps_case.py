"""A step of LoRA against peft's, and beside it a step of BitFit and of everything."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from statistics import median
from typing import Any

from peft import LoraConfig, inject_adapter_in_model
from sentences import some, with_train

import mtlhelpers as mtl
from mtlhelpers.data.streams import stream
from mtlhelpers.model.scenarios import LORA_ALPHA, LORA_MAPS, LORA_RANK
from mtlhelpers.training.loop import bucketed_batches
from mtlhelpers.training.losses import live_losses
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.optimizer import (
    build_optimizer,
    clip_each_part,
    gradient_memory,
)

WARM = 3  # steps before the clock starts
# As ours: `dense` is the end of three of the six maps.
TARGETS = [place.removeprefix("attention.self.") for place in LORA_MAPS.values()]


@dataclass(frozen=True)
class StepsCase:
    """Steps on the same batches, with the same optimizer, losses and dropout.

    The one difference between `lora` and `peft` is who wrote the adapters. Process
    seconds, so that other work on the machine counts for little.
    """

    name: str
    bar: float
    steps: int = 20
    sentences: int = 320
    corpus: str = "snips"
    backbone: str = "minilm"
    repeats: int = 3
    earlier = False
    sides = ("lora", "peft", "bitfit", "none_frozen")

    @property
    def names(self) -> list[str]:
        """The one row that the case gives."""
        return [self.name]

    def small(self) -> "StepsCase":
        """The same with little to do."""
        return replace(self, steps=2, sentences=64, repeats=1)

    def measure(self, side: str, seed: int) -> dict[str, Any]:
        """Take the steps of one side."""
        corpus = mtl.load_corpus(self.corpus)
        model = mtl.SharedModel.from_backbone(
            self.backbone, corpus.labels, corpus.tags, seed=seed
        )
        rows = some(corpus, model.tokenizer, self.sentences, seed)
        encoded = encode_for(model, with_train(corpus, rows).splits["train"])
        scenario = "backbone_frozen" if side == "peft" else side
        mtl.apply_scenario(model, scenario, seed=seed)
        if side == "peft":
            config = LoraConfig(
                r=LORA_RANK, lora_alpha=LORA_ALPHA, target_modules=TARGETS
            )
            inject_adapter_in_model(config, model.backbone)
            for head in (model.sentence_classifier, model.ner_classifier):
                head.requires_grad_(True)
        plan = mtl.Plan(scenario="lora").resolve(self.sentences)
        optimizer = build_optimizer(model.train(), plan)
        batches = bucketed_batches(encoded.lengths, 32, stream(seed, "order"))
        with gradient_memory(model):
            for number, batch in enumerate(islice(cycle(batches), WARM + self.steps)):
                if number == WARM:
                    start = time.process_time()
                optimizer.zero_grad(set_to_none=True)
                sum(live_losses(model, encoded, batch).losses.values()).backward()
                clip_each_part(model, 1.0)
                optimizer.step()
        trained = sum(t.numel() for t in model.parameters() if t.requires_grad)
        seconds = (time.process_time() - start) / self.steps
        return {"seconds_a_step": seconds, "trained": trained}

    def rows(self, turns: Sequence[dict[str, dict]]) -> list[dict[str, Any]]:
        """The case as one entry of `results.json`."""
        ratios = [_seconds(turn, "peft") / _seconds(turn, "lora") for turn in turns]
        return [
            {
                "case": self.name,
                "ratio": median(ratios),
                "bar": self.bar,
                "aim": False,
                "ratio_of": "process time of a step, peft's LoRA over ours",
                "turn_ratios": ratios,
                "note": _in_words(turns),
                "seconds_a_step": {s: _middle(turns, s) for s in self.sides},
                "trained": {side: one["trained"] for side, one in turns[0].items()},
                "backbone": self.backbone,
                "corpus": self.corpus,
            }
        ]

    def shown(self, turn: dict[str, dict]) -> str:
        """A turn in words."""
        return _in_words([turn])


def _seconds(turn: dict[str, dict], side: str) -> float:
    return float(turn[side]["seconds_a_step"])


def _middle(turns: Sequence[dict[str, dict]], side: str) -> float:
    return median(_seconds(turn, side) for turn in turns)


def _in_words(turns: Sequence[dict[str, dict]]) -> str:
    times = [f"{side} {1e3 * _middle(turns, side):.0f}" for side in StepsCase.sides]
    return f"process ms a step: {', '.join(times)}"
