"""Does a frozen backbone train faster, and is the update the reason? Claim 2.2.

Lessons: 04_backbone_frozen, 08_what_should_i_freeze.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.freezing import apply_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import MARGINS, Verdict
from mtlhelpers.study.verdicts.claims import Decision
from mtlhelpers.study.verdicts.intervals import Difference, t_interval, verdict
from mtlhelpers.training.losses import live_losses
from mtlhelpers.training.optimizer import build_optimizer
from mtlhelpers.training.plan import Plan

BATCH, STEPS, TIMES = 32, 3, 5  # sentences, steps of which the fastest counts, repeats
PARTS = ("forward", "backward", "update")


def measure_steps(model: SharedModel, encoded: Encoded) -> np.ndarray:
    """Seconds of forward, backward and update: (TIMES, 2, 3).

    In turn with nothing and with the backbone frozen, which still runs for each batch:
    storing what it says is another saving. The rates are 0, so the weights stay.
    """
    scenarios = ("none_frozen", "backbone_frozen")
    return np.array(
        [[_fastest(model, encoded, one) for one in scenarios] for _ in range(TIMES)]
    )


def faster(seconds: np.ndarray, corpus: str) -> Decision:
    """Whether a step is faster, by the logarithm of frozen seconds over free ones."""
    free, frozen = seconds.sum(-1).T  # (TIMES,) each
    found = t_interval(np.log(frozen / free))
    said = verdict(found, MARGINS["seconds"], "lower")
    free, frozen = 1000 * np.median(seconds, axis=0)
    told = ", ".join(
        f"{part} {one:.0f} and {other:.0f}"
        for part, one, other in zip(PARTS, free, frozen)
    )
    words = f"ms of a step of {BATCH} sentences, free and frozen: {told}"
    return _decision(corpus, "time", said, words, found)


def for_the_reason(seconds: np.ndarray, corpus: str) -> Decision:
    """Whether the update is the greater part of what is saved."""
    saved = seconds[:, 0] - seconds[:, 1]  # (TIMES, 3)
    if not (saved.sum(-1) > 0).all():
        words = "freezing saves no seconds here, so there is nothing to explain"
        return Decision(corpus, "reason", None, Verdict.UNDECIDED, words)
    found = t_interval(saved[:, -1] / saved.sum(-1) - 0.5)
    said = Verdict.UNDECIDED
    if found.low > 0:
        said = Verdict.SUPPORTED
    elif found.high < 0:
        said = Verdict.CONTRADICTED
    share = 100 * (found.difference + 0.5)
    words = f"of the seconds that freezing saves in a step, updates are {share:.0f} %"
    return _decision(corpus, "reason", said, words, found)


def _decision(
    corpus: str, task: str, said: Verdict, words: str, found: Difference
) -> Decision:
    ends = found.low, found.high
    return Decision(corpus, task, None, said, words, found.difference, ends, TIMES)


def _fastest(model: SharedModel, encoded: Encoded, scenario: str) -> np.ndarray:
    """(3,): seconds of each part, the fastest of some steps; other work only slows."""
    apply_scenario(model, scenario)
    model.train()
    plan = Plan(scenario, backbone_lr=0.0, head_lr=0.0).resolve(len(encoded))
    optimizer = build_optimizer(model, plan)
    rows = np.arange(BATCH)

    def forward() -> torch.Tensor:
        return sum(live_losses(model, encoded, rows).losses.values())

    return np.min([_step(optimizer, forward) for _ in range(STEPS)], axis=0)


def _step(
    optimizer: torch.optim.Optimizer, forward: Callable[[], torch.Tensor]
) -> Sequence[float]:
    optimizer.zero_grad(set_to_none=True)
    marks = [time.perf_counter()]
    loss = forward()
    marks.append(time.perf_counter())
    loss.backward()
    marks.append(time.perf_counter())
    optimizer.step()
    return np.diff([*marks, time.perf_counter()])
