"""How long a training would take here, estimated from the seconds of recorded runs.

Lesson: 08_what_should_i_freeze. Nothing is trained for it: a small piece of work, timed
here, says how fast this machine is beside the one that made the records.
"""

import time
from collections.abc import Sequence
from functools import cache
from statistics import mean, median
from typing import TYPE_CHECKING

import torch
from torch import nn

from mtlhelpers.model.device import choose_device, fast_products
from mtlhelpers.study.records.record import Record

if TYPE_CHECKING:
    from mtlhelpers.data.corpus import Corpus

# Seconds of `_seconds_of_work` on one thread of the machine that the records come from,
# an AMD EPYC of 2.6 GHz: steps of training there take what the records say, give or
# take a quarter.
REFERENCE = 0.065
TIMED_STEPS = 4  # of which the fastest counts: the first loads libraries
LOOKED_AT = 1_000  # sentences of a corpus, for their mean length


def expected_seconds(
    runs: Sequence[Record], size: int, corpus: "Corpus | None", device: str = "auto"
) -> float:
    """Estimate the seconds of training as `runs` did, on `size` sentences.

    With fewer sentences than the runs had it takes as many steps, with more as many
    epochs. What comes before the first step (above all the features of a frozen
    backbone) grows with the sentences. Both grow with the words per sentence, where
    there is a corpus. An earlier stage and scoring are not in it.
    """
    grown = size / runs[0]["plan"]["train_size"]
    # Runs of one process share features: the dearest had to make its own.
    setup = max(run["seconds"].get("setup", 0.0) for run in runs)
    steps = median(run["seconds"].get("steps", 0.0) for run in runs)
    here = setup * grown + steps * max(1.0, grown)
    return float(here) * _longer(corpus, runs[0]) * machine_ratio(device)


def _longer(corpus: "Corpus | None", run: Record) -> float:
    """How many times the words per sentence of a recorded corpus a corpus has."""
    words, sentences = run["scores"].get("words"), run["scores"].get("tagged_sentences")
    if corpus is None or not words or not sentences:
        return 1.0
    tokens = corpus.splits["train"][:LOOKED_AT]["tokens"]
    return mean(map(len, tokens)) * float(sentences) / float(words)


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
