"""Jobs that share a stage, in one chain: whoever has it makes the stage once."""

import hashlib
import json
import math
from itertools import groupby
from typing import NamedTuple

from mtlhelpers.study.grid import Job


class Chain(NamedTuple):
    """Jobs by id that one process carries out, one after another.

    Their seed, corpus, backbone and first stage are the same. `name` comes of these
    alone, so it is the same for every process that works on the study.
    """

    name: str
    jobs: dict[str, Job]


def chains_of(jobs: dict[str, Job]) -> list[Chain]:
    """The jobs as chains, in the order in which they are to run."""
    groups = groupby(in_turn(jobs).items(), key=lambda item: _turn(item[1])[:5])
    return [Chain(_name(start), dict(group)) for start, group in groups]


def in_turn(jobs: dict[str, Job]) -> dict[str, Job]:
    """Size by size, so that a study that is stopped has every arm and seed of some
    sizes, which is what a verdict asks for; and along the stages, so that what runs
    share is still at hand."""
    return dict(sorted(jobs.items(), key=lambda item: _turn(item[1])))


def _turn(job: Job) -> tuple:
    plans = [job.plan]
    while plans[0].first is not None:
        plans.insert(0, plans[0].first)
    size = plans[0].train_size or math.inf  # inf: all that there are
    stages = [json.dumps(plan.to_dict(), sort_keys=True) for plan in plans]
    # The first stage stands by itself: a chain goes that far.
    return size, job.plan.seed, job.corpus, job.backbone, stages[0], stages[1:]


def _name(start: tuple) -> str:
    return hashlib.sha256(json.dumps(start).encode("utf-8")).hexdigest()[:16]
