"""From the records of a tuning study to the grid of the study that it is for.

Lesson: 07_limited_vs_sufficient_data. Arms can be compared only if each is trained as
suits it. The tuning study tries as many configurations for each arm, on seeds of its
own, and validation chooses; what it chose is written into the other grid, never typed.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.corpora import IN_DOMAIN
from mtlhelpers.study.grid import Job, read_grid
from mtlhelpers.study.records import read_records
from mtlhelpers.study.worker import StudyError
from mtlhelpers.training.plan import Plan

SIZES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
# Where a corpus ends, in sentences (of each task, in the disjoint pair). Beyond 3,000,
# newsdesk would add hours and little else: its sentences are variants of few.
ENDS = {"snips+2000": 10_990, "hwu64": 9_260, IN_DOMAIN: 3_000, "newsdesk": 3_000}
MANY_SEEDS, FEW_SEEDS = 10, 5  # up to 1,000 sentences, and above
# What a choice hands on, where it is not as in a plan that says nothing of it.
FIELDS = ("backbone_lr", "head_lr", "batch_size", "layers", "loss_weights")
HEADER = """\
# Written by `python -m mtlhelpers study choose` from the records of the tuning study:
# change its grid, never this one. A size takes what was chosen at the nearest size that
# was tuned (as ratios go): as many steps if it is smaller, as many epochs if larger.

threads = {threads}
"""


@dataclass(frozen=True)
class Choice:
    """The configuration that validation chose for one arm, corpus and size."""

    arm: str
    corpus: str
    backbone: str
    plan: Plan  # as tuned, of one of the tuning seeds
    steps: int  # that it took

    def at(self, size: int) -> Plan:
        """The plan for another size: as many steps below, as many epochs above."""
        batches = self.steps / self.plan.epochs  # an epoch, at the size that was tuned
        epochs = self.plan.epochs
        if size < self.plan.train_size:
            a_smaller_epoch = max(1, math.ceil(batches * size / self.plan.train_size))
            epochs = math.ceil(self.steps / a_smaller_epoch)
        return replace(self.plan, train_size=size, epochs=epochs)


def write_grid(folder: Path) -> Path:
    """Write the grid of `folder` from the study beside it whose name ends in `_tuning`.

    Corpora whose tuning is not complete are left out. Raises `StudyError` where that
    leaves none.
    """
    tuning = folder.resolve().with_name(f"{folder.resolve().name}_tuning")
    choices = choose_together(tuning)
    if not choices:
        raise StudyError(
            f"{tuning} has no corpus with all of its runs recorded: run it first"
        )
    threads = read_grid(tuning / "grid.toml")[0].threads
    path = folder / "grid.toml"
    write_atomically(path, grid_text(choices, threads).encode("utf-8"))
    return path


def choose(tuning: Path) -> list[Choice]:
    """The best configuration of each arm, corpus and size.

    It has the highest mean of validation accuracy and NER F1, over its seeds. Of two
    that are equal the first in the grid wins. An arm is left out on a corpus where a
    run of it is not recorded yet.
    """
    found = {_key(Job.of(record)): record for record in read_records(tuning)[0]}
    tried: dict[tuple, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    waiting = set()
    for job in read_grid(tuning / "grid.toml"):
        record = found.get(_key(job))
        if record is None:
            waiting.add((job.corpus, job.arm))
            continue
        where = job.corpus, job.backbone, job.arm, job.plan.train_size
        tried[where][_key(job, seed=0)].append(record)
    return [
        _best(arm, list(configurations.values()))
        for (corpus, _, arm, _), configurations in tried.items()
        if (corpus, arm) not in waiting
    ]


def choose_together(tuning: Path) -> list[Choice]:
    """The same, of corpora on which every arm is tuned: arms that are compared."""
    choices = choose(tuning)
    tuned = {(choice.corpus, choice.arm) for choice in choices}
    waiting = {
        job.corpus
        for job in read_grid(tuning / "grid.toml")
        if (job.corpus, job.arm) not in tuned
    }
    return [choice for choice in choices if choice.corpus not in waiting]


def grid_text(choices: Sequence[Choice], threads: int) -> str:
    """The grid of the study: every size and arm of each corpus, by what was chosen."""
    blocks = [HEADER.format(threads=threads)]
    for corpus in dict.fromkeys(choice.corpus for choice in choices):
        own = [choice for choice in choices if choice.corpus == corpus]
        for arm in sorted({choice.arm for choice in own}):
            arms = [choice for choice in own if choice.arm == arm]
            for size in sizes_of(corpus):
                blocks.append(_block(nearest_choice(arms, size), size))
    return "\n".join(blocks)


def sizes_of(corpus: str) -> list[int]:
    """The training sizes at which a corpus is studied; the last is where it ends."""
    end = ENDS[corpus]
    return [size for size in SIZES if size < end] + [end]


def seeds_at(size: int) -> int:
    """How many seeds a training size is run with."""
    return MANY_SEEDS if size <= 1_000 else FEW_SEEDS


def nearest_choice(choices: Sequence[Choice], size: int) -> Choice:
    """What was chosen at the tuned size that is nearest, as ratios go."""
    return min(choices, key=lambda one: abs(math.log(size / one.plan.train_size)))


def _best(arm: str, configurations: Sequence[Sequence[dict[str, Any]]]) -> Choice:
    def score(records: Sequence[dict[str, Any]]) -> float:
        values = [
            value
            for record in records
            for value in (record["validation"][key] for key in ("accuracy", "ner_f1"))
            if value is not None
        ]
        return math.fsum(values) / len(values)

    best = max(configurations, key=score)[0]
    job = Job.of(best)
    return Choice(arm, job.corpus, job.backbone, job.plan, best["steps"])


def _key(job: Job, **changes: Any) -> str:
    """What tells a run of the tuning study from the others; arms may share one."""
    plan = replace(job.plan.resolve(job.plan.train_size), tasks=None, **changes)
    told = [job.corpus, job.backbone, plan.to_dict()]
    return json.dumps(told, sort_keys=True)


def _block(choice: Choice, size: int) -> str:
    plan = choice.at(size)
    seeds = list(range(seeds_at(size)))
    told = {"scenario": plan.scenario, "train_size": size, "seed": seeds}
    where = {"arm": choice.arm, "corpus": choice.corpus, "backbone": choice.backbone}
    if size == choice.plan.train_size and (asked := _measures(choice)):
        where["measure"] = [asked]  # a list of lists: a plain one would be crossed
    return block_text(where | {"plan": told | settings_of(plan)})


def _measures(choice: Choice) -> list[str]:
    """What is measured where claims are decided, of a run of this arm.

    The probe asks another corpus, which newsdesk's runs must not need: they have none.
    """
    probe = [] if choice.corpus == "newsdesk" else ["probe"]
    return probe + (["gradient_cosines"] if choice.plan.backbone_lr else [])


def block_text(block: dict[str, Any]) -> str:
    """A block of a grid as it stands in the file."""
    return "[[block]]\n" + "".join(f"{k} = {_inline(v)}\n" for k, v in block.items())


def _inline(value: Any) -> str:
    """A value as TOML has it on one line: JSON, but for tables."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{k} = {_inline(v)}' for k, v in value.items())} }}"
    return json.dumps(value)


def settings_of(plan: Plan) -> dict[str, Any]:
    """What a chosen plan hands on, as a grid has it."""
    return {"epochs": plan.epochs, **dict(_handed_on(plan))}


def _handed_on(plan: Plan) -> Iterator[tuple[str, Any]]:
    for key in FIELDS:
        value = getattr(plan, key)
        if key == "layers" and value is not None:
            value = [list(value)]  # a list of lists: a plain one would be crossed
        if value not in (None, 0.0, Plan().loss_weights):
            yield key, value
