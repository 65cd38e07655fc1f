"""Every scenario, seed by seed, with all that runs can share computed once."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from memory import PeakWatch
from torch import Tensor, nn

import mtlhelpers as mtl
from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.scenarios import WHOLE_PARTS


class CountingStore(mtl.FeatureStore):
    """A store that counts the sentences it is asked for, and those it has to run."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[bytes] = set()  # different sentences, since this was emptied
        self.passes = 0

    def states(
        self,
        model: mtl.SharedModel,
        encoded: Encoded,
        layers: tuple[int, ...],
        below: Any = None,
    ) -> Any:
        """As the store's own."""
        self.asked |= {ids.tobytes() for ids in encoded.input_ids}
        hook = model.backbone.embeddings.register_forward_hook(self._count)
        try:
            return super().states(model, encoded, layers, below)
        finally:
            hook.remove()

    def _count(self, _module: nn.Module, _inputs: tuple, output: Tensor) -> None:
        self.passes += len(output)


@dataclass(frozen=True)
class SharingCase:
    """The seven scenarios of whole parts by their default plans, on one store."""

    name: str
    sentences: int
    seeds: int
    epochs: int | None = None  # None: as the default plan of each scenario says
    corpus: str = "snips"
    backbone: str = "minilm"
    repeats: int = 1
    earlier = False
    sides = ("ours",)

    @property
    def names(self) -> list[str]:
        """The one row that the case gives."""
        return [self.name]

    def small(self) -> "SharingCase":
        """The same with little to do."""
        return replace(self, sentences=32, seeds=1, epochs=1)

    def measure(self, side: str, seed: int) -> dict[str, Any]:
        """Run everything; the clock runs over models, trainings and scores alike."""
        corpus, store = mtl.load_corpus(self.corpus), CountingStore()
        seconds: dict[str, float] = defaultdict(float)
        asked = 0
        with PeakWatch() as watch:
            for number in range(self.seeds):
                for scenario in WHOLE_PARTS:
                    start = time.perf_counter()
                    store.asked.clear()
                    model = mtl.SharedModel.from_backbone(
                        self.backbone, corpus.labels, corpus.tags, seed=number
                    )
                    plan = self._plan(scenario, corpus, number)
                    mtl.train(model, corpus, plan, store=store, progress=False)
                    asked += len(store.asked)
                    seconds[scenario] += time.perf_counter() - start
        return {
            "seconds": sum(seconds.values()),
            "seconds_by_scenario": dict(seconds),
            "passes": store.passes,
            "passes_unshared": asked,
            "peak_bytes": watch.bytes,
        }

    def rows(self, turns: Sequence[dict[str, dict]]) -> list[dict[str, Any]]:
        """The case as one entry of `results.json`: what sharing saves, and the time."""
        (ours,) = (turn["ours"] for turn in turns)
        ratio = ours["passes_unshared"] / ours["passes"]
        return [
            {
                "case": self.name,
                "ratio": ratio,
                "bar": 1.0,
                "aim": False,
                "ratio_of": "passes of sentences through a frozen backbone, each run "
                "by itself, over those that were made: one store for all runs",
                "turn_ratios": [ratio],
                "note": self.shown(turns[0]),
                **{f"ours_{key}": value for key, value in ours.items()},
                "sentences": self.sentences,
                "seeds": self.seeds,
                "backbone": self.backbone,
                "corpus": self.corpus,
            }
        ]

    def shown(self, turn: dict[str, dict]) -> str:
        """A turn in words."""
        ours = turn["ours"]
        runs = self.seeds * len(WHOLE_PARTS)
        return (
            f"{runs} runs in {ours['seconds']:.0f} s; {ours['passes']:,} sentences "
            f"through the frozen backbone instead of {ours['passes_unshared']:,}"
        )

    def _plan(self, scenario: str, corpus: mtl.Corpus, seed: int) -> mtl.Plan:
        plan = mtl.plan_for(scenario, corpus, train_size=self.sentences, seed=seed)
        if self.epochs is None:
            return plan
        first = plan.first and replace(plan.first, epochs=self.epochs)
        return replace(plan, epochs=self.epochs, first=first)
