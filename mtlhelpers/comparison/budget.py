"""How long runs will take, and what is left of a budget: time alone decides."""

import re
import time
from collections import defaultdict

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.encoding import collate
from mtlhelpers.errors import InputError
from mtlhelpers.model.scenarios import find_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.records.record import Record
from mtlhelpers.study.running.console import seconds_of
from mtlhelpers.training.loop import training_sentences
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.plan import Plan

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_TIMED = 16  # sentences of train, the batch of a step
_FORWARD = 1 / 3  # of a step: a pass without gradients
_SHORTEST = 0.3  # of a run's seconds that fewer sentences still take
_BUDGET = re.compile(rf"(\d+(?:\.\d+)?) ?({'|'.join(_UNITS)})")


def read_budget(text: str | float) -> float:
    """Return seconds of "90s", "15m", "1h" or 90. Raises `ValueError` for others."""
    match = _BUDGET.fullmatch(str(text))
    if match is None or not (seconds := float(match[1]) * _UNITS[match[2]]) > 0:
        raise InputError(
            f"a budget is a time such as 15m, 90s or 1h, and {text!r} is none"
        )
    return seconds


class Clock:
    """What runs took here, what others like them will take, and what is left.

    `limit` is in seconds; None: as long as it takes. Recorded runs count as spent, so
    that a comparison that goes on where it stopped keeps to the same budget.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.start = time.monotonic()
        self._before = 0.0
        self._runs: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        self._step = 0.0

    def time_step(self, model: SharedModel, corpus: Corpus) -> None:
        """Time a step of training everything, for the first guess."""
        train = corpus.splits["train"]
        encoded = encode_for(model, train.select(range(min(_TIMED, len(train)))))
        batch = collate(encoded, list(range(len(encoded))))
        ids, mask = (
            batch[name].to(model.device) for name in ("input_ids", "attention_mask")
        )
        seconds = []
        for _ in range(3):  # the first loads libraries
            start = time.perf_counter()
            hidden = model.backbone(ids, attention_mask=mask).last_hidden_state
            hidden.sum().backward()
            seconds.append(time.perf_counter() - start)
        self._step = min(seconds) / len(encoded)

    def note(self, record: Record, passes: int, recorded: bool) -> None:
        """Learn from a run; one that was recorded before is time spent before."""
        seconds = seconds_of(record)
        self._before += seconds if recorded else 0.0
        self._runs[record["arm"]].append((passes, seconds))

    def expect(self, arm: str, plan: Plan, corpus: Corpus) -> float:
        """Return the seconds that a run will take: as its like did, else a guess."""
        passes = passes_of(plan, corpus)
        if runs := self._runs[arm]:
            seconds = sum(took for _, took in runs) / len(runs)
            mean = sum(number for number, _ in runs) / len(runs)
            return seconds * max(_SHORTEST, passes / mean) if mean else seconds
        scored = sum(map(len, corpus.splits.values())) + len(corpus.splits["test"])
        return self._step * (passes + _FORWARD * scored)

    @property
    def left(self) -> float:
        """Seconds of the budget; infinite without one."""
        if self.limit is None:
            return float("inf")
        return self.limit - self._before - (time.monotonic() - self.start)


def passes_of(plan: Plan, corpus: Corpus) -> int:
    """Return how many sentences pass the whole backbone with gradients, over stages."""
    total = 0
    stage: Plan | None = plan
    while stage is not None:
        if find_scenario(stage.scenario).moves_backbone:
            sentences = len(training_sentences(corpus, stage))
            total += sentences * stage.resolve(sentences, corpus.tasks).epochs
        stage = stage.first
    return total
