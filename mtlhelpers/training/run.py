"""A run: what is written down while a plan is carried out, and what that leaves."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.model.device import environment
from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.model.freezing import frozen_tensors, trainable_tensors
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.store import warn_caller
from mtlhelpers.training.losses import BatchLosses
from mtlhelpers.training.optimizer import check_step
from mtlhelpers.training.plan import METRICS, FilledPlan
from mtlhelpers.training.scores import Details, Outcomes, Scores


@dataclass(frozen=True)
class FreezingProof:
    """Frozen tensors and buffers, before and after, by their digests."""

    tensors: int
    digest_before: str
    digest_after: str
    moved: tuple[str, ...]  # names of frozen tensors that changed, by a bit or more

    @property
    def holds(self) -> bool:
        return not self.moved

    @property
    def max_change(self) -> float:
        """Exactly 0.0; infinite where something moved, since no copy tells how far."""
        return math.inf if self.moved else 0.0

    def __str__(self) -> str:
        verdict = "bit-identical" if self.holds else f"MOVED: {', '.join(self.moved)}"
        return (
            f"{self.tensors} frozen tensors: {verdict} "
            f"(sha256 {self.digest_before[:12]} before, {self.digest_after[:12]} "
            f"after, largest change {self.max_change})"
        )


@dataclass
class FreezingWitness:
    """Digests of what is frozen, taken before training, to compare with afterwards.

    Digests and not copies: those of a frozen backbone would double its memory.
    """

    before: dict[str, str]

    @classmethod
    def watch(cls, model: SharedModel) -> "FreezingWitness":
        return cls(_digests(frozen_tensors(model)))

    def compare(self, model: SharedModel) -> FreezingProof:
        """Compare with the model's tensors of the same names now."""
        now = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        after = _digests({name: now[name] for name in self.before})
        return FreezingProof(
            tensors=len(self.before),
            digest_before=_digest_of(self.before),
            digest_after=_digest_of(after),
            moved=tuple(n for n, digest in self.before.items() if digest != after[n]),
        )


def _digests(tensors: dict[str, Tensor]) -> dict[str, str]:
    return {name: digest_tensors({name: t}) for name, t in tensors.items()}


def _digest_of(digests: dict[str, str]) -> str:
    text = json.dumps(digests, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Run:
    """One plan carried out."""

    plan: FilledPlan
    scores: Scores  # on test, at the end
    before: Scores  # on test, at the start of the last stage
    train_scores: Scores  # on sentences of the last stage, at the end
    history: list[dict[str, Any]]  # one entry per epoch
    proof: FreezingProof
    seconds: dict[str, float]  # setup (features, …), steps, total; no scoring
    steps: int
    batches: dict[str, int]  # batches that held a label of each task
    total_parameters: int
    trainable_parameters: int
    environment: dict[str, Any]  # device, threads, versions
    outcomes: Outcomes  # of each test sentence, at the end
    details: Details  # what was said of each, beside its gold
    first: "Run | None" = None
    notes: tuple[str, ...] = ()

    def history_table(self) -> pd.DataFrame:
        """Return the history, one row per epoch."""
        if not self.history:
            return pd.DataFrame()
        return pd.DataFrame(self.history).set_index("epoch")

    def report(self) -> pd.DataFrame:
        """Return one row per label and per type of span, on the test sentences.

        Columns: `task`, `name`, `precision`, `recall`, `f1` (0 to 1) and `support`.
        """
        return self.details.report()

    def provenance(self, corpus: Corpus) -> dict[str, Any]:
        """Return what a model says of its training, as JSON data."""
        names = ("name", "licence", "citation", "source", "notes")
        sizes = {split: len(rows) for split, rows in corpus.splits.items()}
        return {
            "corpus": {name: getattr(corpus, name) for name in names},
            "sentences": {**sizes, "train": self.plan.train_size or sizes["train"]},
            "plan": self.plan.to_dict(),
            "scores": asdict(self.scores),
            "intervals": self.outcomes.intervals(corpus.splits["test"]["group"][:]),
        }

    def __str__(self) -> str:
        lines = [
            f"{self.plan.scenario}, seed {self.plan.seed}: {self.steps} steps in "
            f"{self.seconds['total']:.1f} s, {self.trainable_parameters:,} of "
            f"{self.total_parameters:,} parameters trained",
            *self.notes,
            str(self.scores),
            str(self.proof),
        ]
        return "\n".join(lines)


class EpochRecorder:
    """Losses, gradient norms, times and validation scores of a training, by epoch."""

    def __init__(
        self,
        plan: FilledPlan,
        validate: Callable[[], tuple[Scores, Outcomes, object]] | None,
        file: Path | None = None,
    ) -> None:
        self.file = file  # of the checkpoint, if there is to be one
        self.history: list[dict[str, Any]] = []
        self.seconds = {"setup": 0.0, "steps": 0.0, "total": 0.0}
        self.steps = 0
        self.batches = dict.fromkeys(HEADS, 0)
        self.notes: list[str] = []
        self._plan, self._validate = plan, validate

    def note(self, text: str) -> None:
        """Keep a note with the run, and warn the caller of `train`."""
        self.notes.append(text)
        warn_caller(text)

    @contextmanager
    def setup(self) -> Iterator[None]:
        """Count the time within it as what comes before the first step."""
        start = time.perf_counter()
        yield
        self.seconds["setup"] += time.perf_counter() - start
        self.seconds["total"] = self.seconds["setup"] + self.seconds["steps"]

    def start_epoch(self) -> None:
        """Start the clock on an empty page."""
        self._values: list[Mapping[str, Tensor]] = []  # one per step
        self._labelled: list[Mapping[str, Tensor]] = []
        self._began = time.perf_counter()

    def told(self) -> dict[str, Any]:
        """Return what was written down of whole epochs, and of steps, as JSON data."""
        names = ("history", "seconds", "steps", "batches")
        return {name: getattr(self, name) for name in names}

    def resume(self, told: dict[str, Any]) -> None:
        """Go on from what `told` returned."""
        vars(self).update(told)

    def seen(self) -> dict[str, Tensor]:
        """Return what the steps of this epoch gave, (steps,) by name."""
        kinds = {"value": self._values, "labelled": self._labelled}
        return {
            f"{kind} {name}": torch.stack([torch.as_tensor(one[name]) for one in steps])
            for kind, steps in kinds.items()
            for name in (steps[0] if steps else ())
        }

    def go_on(self, seen: Mapping[str, Tensor]) -> None:
        """Put what `seen` returned before the steps to come of an epoch."""
        for steps, head in ((self._values, "value "), (self._labelled, "labelled ")):
            columns = {
                name.removeprefix(head): column.unbind()
                for name, column in seen.items()
                if name.startswith(head)
            }
            rows = zip(*columns.values(), strict=True)
            steps += [dict(zip(columns, row, strict=True)) for row in rows]

    def note_step(
        self, batch: BatchLosses, norms: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Keep the losses and gradient norms of one step, and return them by name.

        Nothing is read back from the device here.
        """
        self.steps += 1
        values = {f"loss_{t}": batch.losses[t].detach() for t in self._plan.tasks}
        values |= {f"gradient_norm_{part}": norm for part, norm in norms.items()}
        self._values.append(values)
        self._labelled.append(batch.labelled)
        return values

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """Close an epoch and return its entry in the history.

        Raises `TrainingError` where a step had a loss or gradient that is not finite.
        """
        steps = len(self._values)
        entry: dict[str, Any] = {"epoch": epoch, "steps": steps}
        columns = {name: _column(self._values, name) for name in self._values[0]}
        for at in range(steps):
            check_step(
                self.steps - steps + at + 1,
                {name: column[at] for name, column in columns.items()},
            )
        for name, column in columns.items():
            entry[name] = float(np.cumsum(column)[-1]) / steps  # summed in float32
        for task in self._plan.tasks:
            self.batches[task] += int(_column(self._labelled, task).sum())
        entry["seconds"] = time.perf_counter() - self._began
        self.seconds["steps"] += entry["seconds"]
        self.seconds["total"] = self.seconds["setup"] + self.seconds["steps"]
        if self._validate is not None:
            scores, *_ = self._validate()
            entry |= {metric: getattr(scores, metric) for metric in METRICS}
        self.history.append(entry)
        return entry

    def run(
        self,
        model: SharedModel,
        first: Run | None,
        before: Scores,
        after: tuple[Scores, Outcomes],
        train_scores: Scores,
        proof: FreezingProof,
        details: Details,
    ) -> Run:
        """Return the run that was written down, with its scores and what ran where."""
        return Run(
            plan=self._plan,
            first=first,
            before=before,
            scores=after[0],
            outcomes=after[1],
            details=details,
            train_scores=train_scores,
            proof=proof,
            history=self.history,
            seconds=self.seconds,
            steps=self.steps,
            batches=self.batches,
            total_parameters=sum(t.numel() for t in model.parameters()),
            trainable_parameters=sum(t.numel() for t in trainable_tensors(model)),
            environment=environment(model),
            notes=tuple(self.notes),
        )


def _column(steps: list[Mapping[str, Tensor]], name: str) -> np.ndarray:
    """Gather what each step has under a name, (steps,); waits for the device."""
    column: np.ndarray = torch.stack([values[name] for values in steps]).cpu().numpy()
    return column
