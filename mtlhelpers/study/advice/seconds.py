"""How long a training would take here, estimated from the seconds of recorded runs.

Lesson: 09_what_should_i_freeze. Nothing is trained for it: a small piece of work, timed
here, says how fast this machine is beside the one that made the records.
"""

import time
from functools import cache
from math import ceil
from statistics import mean
from typing import TYPE_CHECKING

import torch
from torch import nn

from mtlhelpers.model.device import choose_device, fast_products
from mtlhelpers.study.advice.summary import Cell
from mtlhelpers.training.plan import Plan

if TYPE_CHECKING:
    from mtlhelpers.data.corpus import Corpus

# Seconds of `_seconds_of_work` on one thread of the machine that the records come from,
# an AMD EPYC of 2.6 GHz: steps of training there take what the records say, give or
# take a quarter.
REFERENCE = 0.065
TIMED_STEPS = 4  # of which the fastest counts: the first loads libraries
LOOKED_AT = 1_000  # sentences of a corpus, for their mean length


def expected_seconds(
    cell: Cell, plan: Plan, size: int, corpus: "Corpus | None", device: str = "auto"
) -> float:
    """Estimate the seconds that a plan takes, from those of recorded runs like it.

    A step takes what it took there, more or less as sentences are longer, where there
    is a corpus. What comes before the first step (above all the features of a frozen
    backbone) grows with the sentences. An earlier stage and scoring are not in it.
    """
    filled = plan.resolve(size)
    here = cell.step * filled.epochs * ceil(size / filled.batch_size)
    here += cell.setup * size / cell.size
    return here * _longer(corpus, cell) * machine_ratio(device)


def _longer(corpus: "Corpus | None", cell: Cell) -> float:
    """How many times the words per sentence of a recorded corpus a corpus has."""
    if corpus is None or not cell.words:
        return 1.0
    tokens = corpus.splits["train"][:LOOKED_AT]["tokens"]
    return mean(map(len, tokens)) / cell.words


@cache
def machine_ratio(device: str = "auto") -> float:
    """How many times the seconds of the records' machine this one takes, measured once.

    Raises `ValueError` for a device that is not there.
    """
    return min(_seconds_of_work(choose_device(device))) / REFERENCE


def _seconds_of_work(device: torch.device) -> list[float]:
    """A few steps through two layers like minilm's, on 16 sentences of 16 pieces."""
    with torch.random.fork_rng(devices=[]):  # the layers draw their weights
        layers = [
            nn.TransformerEncoderLayer(384, 12, 1_536, dropout=0.0, batch_first=True)
            for _ in range(2)
        ]
    model = nn.Sequential(*layers).to(device)
    states = torch.ones(16, 16, 384, device=device, requires_grad=True)
    seconds = []
    for _ in range(TIMED_STEPS):
        start = time.perf_counter()
        with fast_products(device):
            summed = model(states).sum()
        gradients = torch.autograd.grad(summed, [states, *model.parameters()])
        float(gradients[0].sum())  # waits for a device that works on its own
        seconds.append(time.perf_counter() - start)
    return seconds
