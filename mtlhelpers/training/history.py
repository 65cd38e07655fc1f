"""What is written down while a plan is carried out, and which epoch is kept."""

import time
import warnings
from collections import defaultdict
from typing import Any

import torch
from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.store import FeatureStore
from mtlhelpers.training.metrics import evaluate
from mtlhelpers.training.plan import METRICS, Plan


class EpochRecorder:
    """Losses, gradient norms and, where the plan asks, validation scores, by epoch."""

    def __init__(
        self, model: SharedModel, corpus: Corpus, plan: Plan, store: FeatureStore
    ) -> None:
        self.history: list[dict[str, Any]] = []
        self.seconds = {"setup": 0.0, "steps": 0.0, "total": 0.0}
        self.steps = 0
        self.notes: tuple[str, ...] = ()
        self.batches = {"sentence": 0, "ner": 0}
        self._model, self._corpus, self._store = model, corpus, store
        self._scores = plan.track or plan.select is not None
        self._tasks = plan.tasks
        self._sums: dict[str, Tensor] = {}
        self.start_epoch()

    def note(self, text: str) -> None:
        """Keep a note with the run, and warn the caller of `train`."""
        self.notes += (text,)
        warnings.warn(text, stacklevel=3)

    def fields(self) -> dict[str, Any]:
        """What a run takes over from here."""
        names = ("history", "seconds", "steps", "batches", "notes")
        return {name: getattr(self, name) for name in names}

    def note_step(
        self,
        losses: dict[str, Tensor],
        labelled: dict[str, Tensor],
        norms: dict[str, Tensor],
    ) -> None:
        """Add one step to the sums. Nothing is read back from the device here."""
        self.steps += 1
        for task in self._tasks:
            self._add(f"loss_{task}", losses[task].detach())
            self._add(f"batches_{task}", labelled[task])
        for part, norm in norms.items():
            self._add(f"gradient_norm_{part}", norm)

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """Close an epoch and return its entry in the history."""
        steps = self.steps - self._first_step
        sums = {key: float(value) for key, value in self._sums.items()}
        entry: dict[str, Any] = {"epoch": epoch, "steps": steps}
        for key, value in sums.items():
            if key.startswith("batches_"):
                self.batches[key.removeprefix("batches_")] += int(value)
            else:
                entry[key] = value / steps
        entry["seconds"] = time.perf_counter() - self._began
        self.seconds["steps"] += entry["seconds"]
        self.seconds["total"] = self.seconds["setup"] + self.seconds["steps"]
        if self._scores:
            validation = self._corpus.splits["validation"]
            scores = evaluate(self._model, validation, store=self._store)
            entry |= {metric: getattr(scores, metric) for metric in METRICS}
        self.history.append(entry)
        return entry

    def start_epoch(self) -> None:
        """Set sums and clock to zero."""
        self._sums = defaultdict(lambda: torch.zeros(()))
        self._first_step, self._began = self.steps, time.perf_counter()

    def _add(self, key: str, value: Tensor) -> None:
        self._sums[key] = self._sums[key].to(value.device) + value


class Keeper:
    """Keeps the trained weights of the epoch that is best on validation."""

    def __init__(self, model: SharedModel, metric: str | None) -> None:
        self._model, self._metric = model, metric
        self._best: float = -1.0
        self._kept: dict[str, Tensor] = {}

    def look(self, entry: dict[str, Any]) -> None:
        """Keep the weights if this epoch beats the ones before it."""
        if self._metric is None:
            return
        value = entry[self._metric]
        if value is None:
            raise ValueError(
                f"validation has no {self._metric}: select by another metric"
            )
        entry["kept"] = value > self._best
        if entry["kept"]:
            self._best = value
            self._kept = {
                name: tensor.detach().clone()
                for name, tensor in self._model.named_parameters()
                if tensor.requires_grad
            }

    @torch.no_grad()
    def restore(self) -> None:
        """Put the kept weights back."""
        own = dict(self._model.named_parameters())
        for name, tensor in self._kept.items():
            own[name].copy_(tensor)
