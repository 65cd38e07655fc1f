"""What a training leaves behind: history, scores, times, and the proof of freezing."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from mtlhelpers.model.freezing import frozen_tensors
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.digests import digest_tensors
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.scores import Outcomes, Scores


@dataclass(frozen=True)
class FreezingProof:
    """Frozen tensors and buffers, before and after: digests and largest change."""

    tensors: int
    digest_before: str
    digest_after: str
    max_change: float  # 0.0 exactly, or something moved
    moved: tuple[str, ...]  # names of frozen tensors that changed

    @property
    def holds(self) -> bool:
        return self.digest_before == self.digest_after and self.max_change == 0.0

    def __str__(self) -> str:
        verdict = "bit-identical" if self.holds else f"MOVED: {', '.join(self.moved)}"
        return (
            f"{self.tensors} frozen tensors: {verdict} "
            f"(sha256 {self.digest_before[:12]} before, {self.digest_after[:12]} "
            f"after, largest change {self.max_change})"
        )


@dataclass
class FreezingWitness:
    """Copies of what is frozen, taken before training, to compare with afterwards."""

    before: dict[str, Tensor]

    @classmethod
    def watch(cls, model: SharedModel) -> "FreezingWitness":
        return cls({n: t.detach().clone() for n, t in frozen_tensors(model).items()})

    def compare(self, model: SharedModel) -> FreezingProof:
        """Compare with the model's tensors of the same names now."""
        now = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        after = {name: now[name].detach() for name in self.before}
        changes = {
            name: float((after[name].double() - tensor.double()).abs().max())
            for name, tensor in self.before.items()
            if not torch.equal(after[name], tensor)
        }
        return FreezingProof(
            tensors=len(self.before),
            digest_before=digest_tensors(self.before),
            digest_after=digest_tensors(after),
            max_change=max(changes.values(), default=0.0),
            moved=tuple(changes),
        )


@dataclass(frozen=True)
class Run:
    """One plan carried out."""

    plan: Plan  # with everything filled in
    scores: Scores  # on test, at the end
    before: Scores  # on test, at the start of the last stage
    train_scores: Scores  # on sentences of the last stage, at the end
    history: list[dict[str, Any]]  # one entry an epoch
    proof: FreezingProof
    seconds: dict[str, float]  # setup (features, …), steps, total; no scoring
    steps: int
    batches: dict[str, int]  # batches that held a label of each task
    total_parameters: int
    trainable_parameters: int
    environment: dict[str, Any]  # device, threads, versions
    outcomes: Outcomes  # of each test sentence, at the end
    first: "Run | None" = None
    notes: tuple[str, ...] = field(default=())

    def history_table(self) -> pd.DataFrame:
        """The history, one row an epoch."""
        return (
            pd.DataFrame(self.history).set_index("epoch")
            if self.history
            else pd.DataFrame()
        )

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
