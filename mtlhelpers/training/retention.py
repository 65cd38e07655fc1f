"""Keeping a frozen head's task alive while the backbone moves under it.

Lesson: 05_one_head_frozen. Four methods, each one small idea. All start from the same
stage-one weights, and see the frozen head's task through stage-one sentences or through
the stage-one model, never through labels of stage-two sentences.

Two more need nothing here: training the new head before the backbone (LP-FT, Kumar et
al. 2022) is a chain of plans, and freezing lower layers is a scenario of its own.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.data.streams import stream
from mtlhelpers.errors import PlanError
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.states import Rows
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.losses import BatchLosses, live_losses
from mtlhelpers.training.plan import FilledPlan

FISHER_SENTENCES = 200
REPLAY_BATCH = 8
TEMPERATURE = 2.0


class Retention:
    """What a method adds to a step: a loss, or something to the gradients."""

    def loss(self, batch: BatchLosses, rows: Rows) -> Tensor | float:
        """Compute a term for the loss of the batch with these rows; 0.0 for nothing."""
        return 0.0

    def add_gradients(self) -> None:
        """Change the gradients after backward and before clipping."""

    def state(self) -> Any:
        """Return what steps have changed, as JSON data."""

    def resume(self, state: Any) -> None:
        """Go on from what `state` returned."""


class L2SP(Retention):
    """Pull the backbone to its stage-one weights (Li, Grandvalet and Davoine 2018).

    Adds strength / 2 · ‖θ - θ₁‖², as its gradient strength · (θ - θ₁); weight decay,
    which pulls to zero, is off on the backbone.
    """

    def __init__(self, model: SharedModel, strength: float) -> None:
        self._tensors = [t for t in model.backbone.parameters() if t.requires_grad]
        self._anchors = [tensor.detach().clone() for tensor in self._tensors]
        self._strength = strength

    @torch.no_grad()
    def add_gradients(self) -> None:
        for at, (tensor, anchor) in enumerate(zip(self._tensors, self._anchors)):
            pull = self._weighted(at, tensor - anchor)
            assert tensor.grad is not None
            tensor.grad.add_(pull, alpha=self._strength)

    def _weighted(self, at: int, pull: Tensor) -> Tensor:
        return pull


class EWC(L2SP):
    """Pull harder where the old task is sensitive (Kirkpatrick et al. 2017, eq. 3).

    Adds strength / 2 · Σ F (θ - θ₁)². F is the diagonal Fisher information of the old
    task on stage-one sentences: the mean over sentences of the squared gradient of the
    log-probability of a label drawn from the model itself, in eval mode.
    """

    def __init__(
        self,
        model: SharedModel,
        strength: float,
        encoded: Encoded,
        task: str,
        seed: int,
    ) -> None:
        super().__init__(model, strength)
        self._fisher = diagonal_fisher(model, self._tensors, encoded, task, seed)

    def _weighted(self, at: int, pull: Tensor) -> Tensor:
        return pull * self._fisher[at]


class LearningWithoutForgetting(Retention):
    """Keep what the stage-one model says of new sentences (Li and Hoiem 2016, eq. 2).

    Adds strength · T² · KL(teacher ‖ student) between the old task's probabilities at
    temperature T = 2. The teacher is the stage-one model in eval mode, asked once.
    """

    def __init__(
        self, model: SharedModel, strength: float, encoded: Encoded, task: str
    ) -> None:
        features = extract_features(model, encoded)
        with torch.no_grad():
            teacher = features.scored_by(model)
        self._task, self._strength = task, strength
        self._word_rows = features.word_rows
        self._teacher: Tensor = getattr(teacher, task) / TEMPERATURE  # (N, L) or (W, G)

    def loss(self, batch: BatchLosses, rows: Rows) -> Tensor:
        places = rows if self._task == "sentence" else self._word_rows(rows)
        divergence = nn.functional.kl_div(
            (batch.logits_of(self._task) / TEMPERATURE).log_softmax(-1),
            self._teacher[places].log_softmax(-1),
            log_target=True,
            reduction="batchmean",
        )
        return self._strength * TEMPERATURE**2 * divergence


class Replay(Retention):
    """Show a share of the stage-one sentences again (Chaudhry et al. 2019).

    Each step adds the old task's loss on eight of them, in turn from a kept pool.
    """

    def __init__(
        self, model: SharedModel, share: float, encoded: Encoded, task: str, seed: int
    ) -> None:
        self._order = stream(seed, "replay")
        kept = max(1, round(share * len(encoded)))
        self._pool = self._order.permutation(len(encoded))[:kept]
        self._model, self._encoded, self._task = model, encoded, task
        self._queue: list[int] = []

    def loss(self, batch: BatchLosses, rows: Rows) -> Tensor:
        while len(self._queue) < REPLAY_BATCH:
            self._queue += self._order.permutation(self._pool).tolist()
        again, self._queue = self._queue[:REPLAY_BATCH], self._queue[REPLAY_BATCH:]
        return live_losses(self._model, self._encoded, again).losses[self._task]

    def state(self) -> Any:
        return [self._order.bit_generator.state, self._queue]

    def resume(self, state: Any) -> None:
        self._order.bit_generator.state, self._queue = state


def build_retention(
    model: SharedModel, plan: FilledPlan, encoded: Encoded, earlier: Encoded | None
) -> Retention:
    """Build the method that a plan names, ready for its stage.

    `encoded` are the sentences of this stage, `earlier` those of the one before it.
    Raises `PlanError` where there is none, or no head is frozen.
    """
    frozen = [task for task in HEADS if task not in plan.tasks and model.head(task)]
    if earlier is None or len(frozen) != 1:
        raise PlanError(
            f"retention {plan.retention!r} keeps a task that an earlier stage trained "
            f"and that is frozen now: give the plan a `first` stage and freeze one head"
        )
    task, strength = frozen[0], plan.retention_strength
    if plan.retention == "l2sp":
        return L2SP(model, strength)
    if plan.retention == "lwf":
        return LearningWithoutForgetting(model, strength, encoded, task)
    if plan.retention == "ewc":
        return EWC(model, strength, earlier, task, plan.seed)
    return Replay(model, strength, earlier, task, plan.seed)


def diagonal_fisher(
    model: SharedModel,
    tensors: Sequence[Tensor],
    encoded: Encoded,
    task: str,
    seed: int,
) -> list[Tensor]:
    """Average the squared gradient over sentences, for labels drawn from the model."""
    draw = stream(seed, "fisher")
    rows = draw.permutation(len(encoded))[:FISHER_SENTENCES]
    total = [torch.zeros_like(tensor) for tensor in tensors]
    labels = torch.Generator().manual_seed(int(draw.integers(2**63)))
    was_training = model.training
    model.eval()
    for row in rows:
        logits = live_losses(model, encoded, [row]).logits_of(task)
        shares = logits.detach().softmax(-1).cpu()
        drawn = torch.multinomial(shares, 1, generator=labels).squeeze(-1)
        loss = nn.functional.cross_entropy(
            logits, drawn.to(logits.device), reduction="sum"
        )
        gradients = torch.autograd.grad(loss, tensors, allow_unused=True)
        for sums, gradient in zip(total, gradients):
            if gradient is not None:
                sums.addcmul_(gradient, gradient, value=1 / len(rows))
    model.train(was_training)
    return total
