"""How long a plan would take on this machine, from a small part of it.

Lesson: 08_what_should_i_freeze.
"""

from dataclasses import replace

from datasets import DatasetDict

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.loop import train
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run

SENTENCES = 128  # of which the part consists, at most
TIMES = 2  # the faster counts: the first one loads libraries, too
SCORED = 8  # sentences: scores are taken, and not timed; as many for an earlier stage


def expected_seconds(plan: Plan, corpus: Corpus, backbone: str) -> float:
    """The seconds of a plan's last stage on sentences such as those of `corpus`.

    One epoch of some sentences is trained. What comes before the first step (above all
    the features of a frozen backbone) and the epoch then count as often as the plan
    has such parts. Scoring is not in it.
    """
    some = min(plan.train_size, SENTENCES)
    part = replace(plan, train_size=some, epochs=1, select=None, track=False)
    if part.first:
        few = replace(part.first, train_size=min(some, SCORED), skip=0, epochs=1)
        part = replace(part, first=few)
    small = _with_few_scored(corpus)
    runs = [_run(part, small, backbone) for _ in range(TIMES)]
    setup, epoch = (
        min(run.seconds[name] for run in runs) for name in ("setup", "steps")
    )
    return (setup + epoch * plan.epochs) * plan.train_size / some


def _run(part: Plan, corpus: Corpus, backbone: str) -> Run:
    model = SharedModel.from_backbone(backbone, corpus.labels, corpus.tags, seed=0)
    return train(model, corpus, part, progress=False)


def _with_few_scored(corpus: Corpus) -> Corpus:
    few = {
        split: corpus.splits[split].select(
            range(min(SCORED, len(corpus.splits[split])))
        )
        for split in ("validation", "test")
    }
    splits = DatasetDict(train=corpus.splits["train"], **few)
    return replace(corpus, splits=splits)
