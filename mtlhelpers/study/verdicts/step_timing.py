"""Does a frozen backbone train faster, and is the update the reason? Claim 2.2.

Lessons: 04_backbone_frozen, 08_what_should_i_freeze.
"""

import time
from typing import cast

import numpy as np
import torch
from torch import Tensor

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.freezing import apply_scenario
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import MARGINS, Verdict
from mtlhelpers.study.verdicts.decisions import Decision
from mtlhelpers.study.verdicts.evidence import Floats
from mtlhelpers.study.verdicts.intervals import Difference, t_interval, verdict
from mtlhelpers.training.losses import live_losses
from mtlhelpers.training.optimizer import build_optimizer
from mtlhelpers.training.plan import Plan

STEP_SENTENCES = 32  # in a step
STEPS, REPEATS = 3, 5  # the fastest of the steps counts, and that many times
STEP_PARTS = ("forward", "backward", "update")


def measure_steps(model: SharedModel, encoded: Encoded) -> Floats:
    """Seconds of forward, backward and update: (REPEATS, 2, 3).

    In turn with nothing and with the backbone frozen, which still runs for each batch:
    storing its hidden states is another saving. The learning rates are 0, so the
    weights stay.
    """
    scenarios = ("none_frozen", "backbone_frozen")
    return np.array(
        [[_fastest(model, encoded, one) for one in scenarios] for _ in range(REPEATS)]
    )


def faster(seconds: Floats, corpus: str) -> Decision:
    """Whether a step is faster, by the logarithm of frozen seconds over free ones."""
    free, frozen = seconds.sum(-1).T  # (REPEATS,) each
    ratio = t_interval(np.log(frozen / free))
    outcome = verdict(ratio, MARGINS["seconds"], "lower")
    free, frozen = 1000 * np.median(seconds, axis=0)
    parts = ", ".join(
        f"{part} {one:.0f} and {other:.0f}"
        for part, one, other in zip(STEP_PARTS, free, frozen)
    )
    words = f"ms of a step of {STEP_SENTENCES} sentences, free and frozen: {parts}"
    return _timed(corpus, "time", outcome, words, ratio)


def for_the_reason(seconds: Floats, corpus: str) -> Decision:
    """Whether the update is the greater part of what is saved."""
    saved = seconds[:, 0] - seconds[:, 1]  # (REPEATS, 3)
    if not (saved.sum(-1) > 0).all():
        words = "freezing saves no seconds here, so there is nothing to explain"
        return Decision(corpus, "reason", None, Verdict.UNDECIDED, words)
    above_half = t_interval(saved[:, -1] / saved.sum(-1) - 0.5)
    outcome = Verdict.UNDECIDED
    if above_half.low > 0:
        outcome = Verdict.SUPPORTED
    elif above_half.high < 0:
        outcome = Verdict.CONTRADICTED
    share = 100 * (above_half.difference + 0.5)
    words = f"of the seconds that freezing saves in a step, updates are {share:.0f} %"
    return _timed(corpus, "reason", outcome, words, above_half)


def _timed(
    corpus: str, task: str, outcome: Verdict, words: str, one: Difference
) -> Decision:
    ends = one.low, one.high
    return Decision(corpus, task, None, outcome, words, one.difference, ends, REPEATS)


def _fastest(model: SharedModel, encoded: Encoded, scenario: str) -> Floats:
    """(3,): seconds of each part, the fastest of some steps; other work only slows."""
    apply_scenario(model, scenario)
    model.train()
    plan = Plan(scenario, backbone_lr=0.0, head_lr=0.0).resolve(len(encoded))
    optimizer = build_optimizer(model, plan)
    steps = [_step(model, encoded, optimizer) for _ in range(STEPS)]
    return cast(Floats, np.min(steps, axis=0))


def _step(
    model: SharedModel, encoded: Encoded, optimizer: torch.optim.Optimizer
) -> Floats:
    optimizer.zero_grad(set_to_none=True)
    marks = [time.perf_counter()]
    losses = live_losses(model, encoded, list(range(STEP_SENTENCES))).losses
    loss: Tensor = torch.stack(list(losses.values())).sum()
    marks.append(time.perf_counter())
    torch.autograd.backward(loss)
    marks.append(time.perf_counter())
    optimizer.step()
    return np.diff([*marks, time.perf_counter()])
