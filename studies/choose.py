"""From the records of a tuning study to the grid of the study that it is for.

Lesson: 07_limited_vs_sufficient_data. Arms can be compared only if each is trained as
suits it. The tuning study tries as many configurations for each arm, on seeds of its
own, and validation chooses; what it chose is written into the other grid, never typed.
"""

import json
import math
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.errors import GridError, StudyError
from mtlhelpers.study.protocol import (
    seeds_at,
    sizes_of,
)
from mtlhelpers.study.records.record import Choice, Job
from mtlhelpers.study.records.store import read_records
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.training.plan import Plan

# What a choice hands on, where it is not as in a plan that says nothing of it.
FIELDS = ("backbone_lr", "head_lr", "batch_size", "layers", "loss_weights")
HEADER = """\
# Written by `python -m studies.choose` from the records of the tuning study:
# change its grid, never this one. A size takes what was chosen at the nearest size that
# was tuned (as ratios go): as many steps if it is smaller, as many epochs if larger.

threads = {threads}
"""


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
    found = {_key(Job.of(record)): record for record in read_records(tuning)}
    tried: dict[tuple, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    waiting = set()
    for job in read_grid(tuning / "grid.toml"):
        record = found.get(_key(job))
        if record is None:
            waiting.add((job.corpus, job.arm))
            continue
        where = job.corpus, job.backbone, job.arm, job.plan.train_size
        tried[where][_key(replace(job, plan=_seeded(job.plan, 0)))].append(record)
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


def _seeded(plan: Plan, seed: int) -> Plan:
    """The plan with this seed in every stage, so that runs of one plan are alike."""
    first = None if plan.first is None else _seeded(plan.first, seed)
    return replace(plan, seed=seed, first=first)


def _key(job: Job) -> str:
    """What tells a run of the tuning study from the others; arms may share one."""
    plan = replace(job.plan.resolve(job.plan.train_size), tasks=None)
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


TEMPLATE_HEADER = """\
# Written by `python -m studies.choose` from template.toml and the records of
# the tuning studies that it names: change the template, never this one.
{left_out}
threads = {threads}
"""


class NotTunedYet(Exception):
    """Not every run that tunes an arm on a corpus is recorded."""


class Filled(NamedTuple):
    """A grid, and the arms that wait for their tuning, as "ARM on CORPUS"."""

    text: str
    left_out: list[str]


def template_of(folder: Path) -> Path | None:
    """The template of a study, if it has one."""
    path = folder / "template.toml"
    return path if path.is_file() else None


def fill_template(template: Path) -> tuple[Path, list[str]]:
    """Write the grid beside a template; return its path, and the arms left out.

    Raises as `filled` does.
    """
    path = template.with_name("grid.toml")
    text, left_out = filled(template)
    write_atomically(path, text.encode("utf-8"))
    return path, left_out


def filled(template: Path) -> Filled:
    """The grid that a template makes of what is tuned.

    Raises `GridError` for a template that cannot be read, `StudyError` where it takes
    the settings of an arm that no tuning study has, and where no arm is tuned yet.
    """
    tuned = Tuned(template.resolve().parents[1])
    try:
        data = tomllib.loads(template.read_text(encoding="utf-8"))
        threads, blocks = data["threads"], list(_blocks(data, tuned))
    except tomllib.TOMLDecodeError as error:
        raise GridError(f"{template}: {error}") from error
    except KeyError as error:
        raise GridError(f"{template} has a table without {error}") from error
    left_out = list(dict.fromkeys(told for told, text in blocks if text is None))
    texts = [text for _, text in blocks if text is not None]
    if not texts:
        raise StudyError(f"no arm of {template} is tuned yet: run its tuning first")
    said = "".join(f"# Not tuned yet, so left out: {told}.\n" for told in left_out)
    header = TEMPLATE_HEADER.format(threads=threads, left_out=said)
    return Filled("\n".join([header, *texts]), left_out)


class Tuned:
    """What the tuning studies in a folder chose, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._choices: dict[str, list[Choice]] = {}

    def settings(self, study: str, arm: str, corpus: str, size: int) -> dict[str, Any]:
        """The settings of an arm for a corpus and size, as a grid has them.

        Raises `NotTunedYet` where runs are to come, `StudyError` where none are.
        """
        if study not in self._choices:
            self._choices[study] = choose(self._folder / study)
        found = [
            choice
            for choice in self._choices[study]
            if (choice.arm, choice.corpus) == (arm, corpus)
        ]
        if not found:
            jobs = read_grid(self._folder / study / "grid.toml")
            if any((job.arm, job.corpus) == (arm, corpus) for job in jobs):
                raise NotTunedYet
            raise StudyError(
                f"{study} does not tune {arm} on {corpus}: name one it does"
            )
        return settings_of(nearest_choice(found, size).at(size))


def _blocks(data: dict[str, Any], tuned: Tuned) -> Iterator[tuple[str, str | None]]:
    """For each corpus and size of each block its arm and corpus, and the block there;
    None where it is not tuned yet."""
    for block in data["block"]:
        for corpus in block["corpus"]:
            for size in block["plan"]["train_size"]:
                told = f"{block['arm']} on {corpus}"
                try:
                    plan = _filled(block["plan"], corpus, size, tuned)
                except NotTunedYet:
                    yield told, None
                    continue
                plan["train_size"] = size
                yield told, block_text(block | {"corpus": corpus, "plan": plan})


def _filled(
    plan: dict[str, Any], corpus: str, size: int, tuned: Tuned
) -> dict[str, Any]:
    """A plan and the stages before it, with what tuning chose for them."""
    found = {key: value for key, value in plan.items() if key != "like"}
    if "like" in plan:
        found = tuned.settings(*plan["like"], corpus, size) | found
    if "first" in plan:
        found["first"] = _filled(plan["first"], corpus, size, tuned)
    if plan.get("skip") == "train_size":
        found["skip"] = size
    return found


def write_study(folder: Path) -> Iterator[str]:
    """Write the grid of the study in a folder, from its template if it has one."""
    if (template := template_of(folder)) is None:
        yield f"wrote {write_grid(folder)}"
        return
    path, left_out = fill_template(template)
    yield f"wrote {path}"
    if left_out:
        yield f"left out, not tuned yet: {', '.join(left_out)}"


def main(folder: str) -> int:
    """Do it from the command line; the status to exit with."""
    try:
        for line in write_study(Path(folder)):
            print(line)
    except (StudyError, GridError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m studies.choose FOLDER")
    sys.exit(main(sys.argv[1]))
