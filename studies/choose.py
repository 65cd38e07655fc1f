"""From the records of a tuning study to the grid of the study that it is for.

    python -m studies.choose FOLDER

Lesson: 07_limited_vs_sufficient_data. Arms can be compared only if each is trained as
suits it. The tuning study tries as many configurations for each arm, on seeds of its
own, and validation chooses; what it chose is written into the other grid, never typed.
A grid is written whole, or from a template beside it that says what the arms are.
"""

import json
import math
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.errors import GridError, StudyError
from mtlhelpers.model.heads.specs import HeadSpec
from mtlhelpers.study.protocol import seeds_at, sizes_of
from mtlhelpers.study.records.record import Job, Record
from mtlhelpers.study.records.store import read_records
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.training.plan import Plan

Table = dict[str, Any]  # as TOML has it

# What a choice hands on, where it is not as in a plan that says nothing of it.
FIELDS = ("backbone_lr", "head_lr", "batch_size", "layers", "loss_weights", "heads")
FIELDS += ("retention", "retention_strength")
HEADER = """\
# Written by `python -m studies.choose` from the records of the tuning study:
# change its grid, never this one. A size takes what was chosen at the nearest size that
# was tuned (as ratios go): as many steps if it is smaller, as many epochs if larger.

threads = {threads}
"""
TEMPLATE_HEADER = """\
# Written by `python -m studies.choose` from template.toml and the records of
# the tuning studies that it names: change the template, never this one.
{left_out}
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
        """Return the plan for another size: the same steps below, epochs above."""
        return self.plan.scaled_to(size, self.steps)


def choose(*tunings: Path) -> list[Choice]:
    """Return the best configuration of each arm, corpus and size of tuning studies.

    Several are one grid, which grew where the best lay at an edge. The best has the
    highest mean of validation accuracy and NER F1, over its seeds. Of two that are
    equal the first in the grid wins. An arm is left out on a corpus where a run of it
    is not recorded yet.
    """
    everything = [record for tuning in tunings for record in read_records(tuning)]
    records = {_key(Job.of(record)): record for record in everything}
    # By corpus, backbone, arm and size; then by configuration: a record per seed.
    tried: dict[tuple[str, str, str, int | None], dict[str, list[Record]]]
    tried = defaultdict(lambda: defaultdict(list))
    waiting = set()
    for job in [job for one in tunings for job in read_grid(one / "grid.toml")]:
        if record := records.get(_key(job)):
            configuration = _key(replace(job, plan=_with_seed(job.plan, 0)))
            where = job.corpus, job.backbone, job.arm, job.plan.train_size
            tried[where][configuration].append(record)
        else:
            waiting.add((job.corpus, job.arm))
    return [
        _choice(arm, max(configurations.values(), key=_validation))
        for (corpus, _, arm, _), configurations in tried.items()
        if (corpus, arm) not in waiting
    ]


def choose_together(tuning: Path) -> list[Choice]:
    """Do the same for corpora on which every arm is tuned: arms that are compared."""
    choices = choose(tuning)
    tuned = {(choice.corpus, choice.arm) for choice in choices}
    jobs = read_grid(tuning / "grid.toml")
    waiting = {job.corpus for job in jobs if (job.corpus, job.arm) not in tuned}
    return [choice for choice in choices if choice.corpus not in waiting]


def nearest_choice(choices: Iterable[Choice], size: int) -> Choice:
    """Return what was chosen at the tuned size that is nearest, as ratios go."""

    def distance(choice: Choice) -> float:
        tuned = choice.plan.train_size
        return math.inf if tuned is None else abs(math.log(size / tuned))

    return min(choices, key=distance)


def _choice(arm: str, records: Sequence[Record]) -> Choice:
    job = Job.of(records[0])
    return Choice(arm, job.corpus, job.backbone, job.plan, records[0]["steps"])


def _validation(records: Sequence[Record]) -> float:
    """The mean over seeds and tasks; a task that a corpus lacks does not count."""
    scores = [
        record["validation"][score]
        for record in records
        for score in ("accuracy", "ner_f1")
        if record["validation"][score] is not None
    ]
    return math.fsum(scores) / len(scores)


def _with_seed(plan: Plan, seed: int) -> Plan:
    """The plan with this seed in every stage, so that runs of one plan are alike."""
    first = None if plan.first is None else _with_seed(plan.first, seed)
    return replace(plan, seed=seed, first=first)


def _key(job: Job) -> str:
    """What tells a run of the tuning study from the others; arms may share one."""
    if job.plan.train_size is None:
        raise GridError(f"{job} is tuned at no size: give it a train_size")
    plan = job.plan.resolve(job.plan.train_size).to_dict() | {"tasks": None}
    return json.dumps([job.corpus, job.backbone, plan], sort_keys=True)


def grid_text(choices: Sequence[Choice], threads: int) -> str:
    """Return the grid of the study: every size and arm of each corpus, as chosen."""
    blocks = [HEADER.format(threads=threads)]
    for corpus in dict.fromkeys(choice.corpus for choice in choices):
        own = [choice for choice in choices if choice.corpus == corpus]
        for arm in sorted({choice.arm for choice in own}):
            of_arm = [choice for choice in own if choice.arm == arm]
            for size in sizes_of(corpus):
                blocks.append(_chosen_block(nearest_choice(of_arm, size), size))
    return "\n".join(blocks)


def _chosen_block(choice: Choice, size: int) -> str:
    plan = choice.at(size)
    block: Table = {key: getattr(choice, key) for key in ("arm", "corpus", "backbone")}
    if size == choice.plan.train_size and (measures := _measures(choice)):
        block["measure"] = [measures]  # a list of lists: a plain one would be crossed
    seeds = list(range(seeds_at(size)))
    own = {"scenario": plan.scenario, "train_size": size, "seed": seeds}
    return _block_text(block | {"plan": own | _settings(plan)})


def _measures(choice: Choice) -> list[str]:
    """What is measured where claims are decided, of a run of this arm.

    The probe asks another corpus, which newsdesk's runs must not need: they have none.
    """
    probe = [] if choice.corpus == "newsdesk" else ["probe"]
    return probe + (["gradient_cosines"] if choice.plan.backbone_lr else [])


def _settings(plan: Plan) -> Table:
    """What a chosen plan hands on, as a grid has it."""
    settings: Table = {"epochs": plan.epochs}
    for key in FIELDS:
        value = getattr(plan, key)
        if value not in (None, 0.0, getattr(Plan(), key)):
            settings[key] = _whole(value)
    return settings


def _whole(value: Any) -> Any:
    """A value as a grid has it: a list is one of a list, or it would be crossed."""
    if isinstance(value, HeadSpec):
        value = value.to_dict()
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    return [list(value)] if isinstance(value, tuple) else value


def _block_text(block: Table) -> str:
    """A block of a grid as it stands in the file."""
    return "[[block]]\n" + "".join(f"{k} = {_inline(v)}\n" for k, v in block.items())


def _inline(value: Any) -> str:
    """A value as TOML has it on one line: JSON, but for tables."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{k} = {_inline(v)}' for k, v in value.items())} }}"
    return json.dumps(value, allow_nan=False)


class NotTunedYet(Exception):
    """Not every run that tunes an arm on a corpus is recorded."""


class Filled(NamedTuple):
    """The text of a grid, and the arms that are not tuned yet, as "ARM on CORPUS"."""

    text: str
    left_out: list[str]


def filled(template: Path) -> Filled:
    """Return the grid that a template makes of what is tuned.

    Raises `GridError` for a template that cannot be read, `StudyError` where it takes
    the settings of an arm that no tuning study has, and where no arm is tuned yet.
    """
    tuned = Tuned(template.resolve().parents[1])
    try:
        data = tomllib.loads(template.read_text(encoding="utf-8"))
        threads, blocks = data["threads"], list(_template_blocks(data, tuned))
    except tomllib.TOMLDecodeError as error:
        raise GridError(f"{template}: {error}") from error
    except KeyError as error:
        raise GridError(f"{template} has a table without {error}") from error
    texts = [text for _, text in blocks if text is not None]
    if not texts:
        raise StudyError(f"no arm of {template} is tuned yet: run its tuning first")
    left_out = list(dict.fromkeys(where for where, text in blocks if text is None))
    lines = "".join(f"# Not tuned yet, so left out: {where}.\n" for where in left_out)
    header = TEMPLATE_HEADER.format(threads=threads, left_out=lines)
    return Filled("\n".join([header, *texts]), left_out)


class Tuned:
    """What the tuning studies in a folder chose, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._choices = cache(choose)
        self._grid = cache(read_grid)

    def settings(self, study: str, arm: str, corpus: str, size: int) -> Table:
        """Return the settings of an arm for a corpus and size, as a grid has them.

        study: its name, or several with " + " between them, which are one grid.
        Raises `NotTunedYet` where runs are to come, `StudyError` where none are.
        """
        tunings = [self._folder / name for name in study.split(" + ")]
        own = [c for c in self._choices(*tunings) if (c.arm, c.corpus) == (arm, corpus)]
        if own:
            return _settings(nearest_choice(own, size).at(size))
        jobs = [job for one in tunings for job in self._grid(one / "grid.toml")]
        if any((job.arm, job.corpus) == (arm, corpus) for job in jobs):
            raise NotTunedYet
        raise StudyError(f"{study} does not tune {arm} on {corpus}: name one it does")


def _template_blocks(data: Table, tuned: Tuned) -> Iterator[tuple[str, str | None]]:
    """For each corpus and size of each block its arm and corpus, and the block there;
    None where it is not tuned yet."""
    for block in data["block"]:
        for corpus in block["corpus"]:
            for size in block["plan"]["train_size"]:
                where = f"{block['arm']} on {corpus}"
                try:
                    plan = _filled_plan(block["plan"], corpus, size, tuned)
                except NotTunedYet:
                    yield where, None
                    continue
                plan["train_size"] = size
                yield where, _block_text(block | {"corpus": corpus, "plan": plan})


def _filled_plan(template: Table, corpus: str, size: int, tuned: Tuned) -> Table:
    """A plan and the stages before it, with what tuning chose for them."""
    plan = {key: value for key, value in template.items() if key != "like"}
    if "like" in template:
        study, arm = template["like"]
        plan = tuned.settings(study, arm, corpus, size) | plan
    if "first" in plan:
        plan["first"] = _filled_plan(plan["first"], corpus, size, tuned)
    if plan.get("skip") == "train_size":
        plan["skip"] = size
    return plan


def write_grid(folder: Path) -> Filled:
    """Write the grid of a study, from its template or, without one, from its tuning.

    The tuning is the study beside it whose name ends in `_tuning`. Corpora on which an
    arm is not tuned yet are left out. Raises `StudyError` where that leaves none.
    """
    folder = folder.resolve()
    template = folder / "template.toml"
    if template.is_file():
        grid = filled(template)
    else:
        tuning = folder.with_name(f"{folder.name}_tuning")
        choices = choose_together(tuning)
        if not choices:
            raise StudyError(f"{tuning} has no corpus with all runs recorded: run it")
        threads = read_grid(tuning / "grid.toml")[0].threads
        grid = Filled(grid_text(choices, threads), [])
    write_atomically(folder / "grid.toml", grid.text.encode("utf-8"))
    return grid


def main(folder: Path) -> int:
    """Do it from the command line; return the status to exit with."""
    try:
        left_out = write_grid(folder).left_out
    except (StudyError, GridError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(f"wrote {folder / 'grid.toml'}")
    if left_out:
        print(f"left out, not tuned yet: {', '.join(left_out)}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m studies.choose FOLDER")
    sys.exit(main(Path(sys.argv[1])))
