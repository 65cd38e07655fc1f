"""A study's grid: which plans, on which corpora and backbones, from one small file.

`grid.toml` holds blocks. A block names an `arm`, and gives `corpus`, `backbone` and the
fields of a plan; wherever a list stands, every entry is taken, and lists are crossed:

    threads = 2

    [[block]]
    arm = "backbone_frozen"
    corpus = ["newsdesk", "snips"]
    backbone = "minilm"
    plan = { scenario = "backbone_frozen", train_size = [100, 300], seed = [0, 1, 2] }

A value that is itself a list (`tasks`) is written as a list of lists. `first` is a
plan too, and takes the seed and size of the plan around it unless it names its own.
A block may have `measure`, a list of lists too: see probes.py.
`threads` are torch's in every run, 2 unless the file says so: they decide last digits,
so a study has its own number, whatever the machine has.

Reading a grid loads nothing else: neither corpora nor backbones.
"""

import itertools
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import fields
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any

from mtlhelpers.data.regular import MOST_SETTINGS, read_regular
from mtlhelpers.errors import GridError
from mtlhelpers.study.protocol import MEASURES
from mtlhelpers.study.records.record import THREADS, Job
from mtlhelpers.training.plan import Plan

_NAMES = ("arm", "corpus", "backbone")
REQUIRED = (*_NAMES, "plan")  # of a block
PLAN_KEYS = tuple(field.name for field in fields(Plan))

MOST_RUNS = 10_000  # of a block: lists that are crossed grow fast

Table = dict[str, Any]


def read_grid(path: Path) -> list[Job]:
    """Return every job that the file declares, each once, in its order.

    Raises `GridError` where the file is no grid; the message names file, block and key.
    """
    data = _parsed(path)
    try:
        _check_keys(data, ("threads", "block"))
        threads, blocks = data.get("threads", THREADS), data.get("block", [])
        if type(threads) is not int or threads < 1:
            raise GridError(f"threads = {threads!r}: write a whole number from 1 up")
        if not isinstance(blocks, list) or not all(isinstance(b, dict) for b in blocks):
            raise GridError("block is no list of tables: begin each with [[block]]")
        if not blocks:
            raise GridError("no [[block]]: declare a run, as studies/short does")
    except GridError as error:
        raise GridError(f"{path}: {error}") from error
    jobs: list[Job] = []
    for number, block in enumerate(blocks, start=1):
        try:
            jobs += [job for job in _jobs_of(block, threads) if job not in jobs]
        except (ValueError, TypeError) as error:
            raise GridError(f"{path}, block {number}: {error}") from error
    return jobs


def _parsed(path: Path) -> Table:
    try:
        return tomllib.loads(read_regular(path, MOST_SETTINGS).decode("utf-8"))
    except FileNotFoundError as error:
        raise GridError(f"{path} is missing: a study is a folder with one") from error
    except OSError as error:
        raise GridError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise GridError(f"{path}, line {line}: not UTF-8; save it as UTF-8") from error
    except RecursionError as error:
        raise GridError(f"{path}: nested too deeply for a grid") from error
    except ValueError as error:  # no TOML, or a number of thousands of digits
        raise GridError(f"{path}: {error}") from error


def _jobs_of(block: Table, threads: int) -> Iterator[Job]:
    _check_keys(block, (*REQUIRED, "measure"))
    if missing := [key for key in REQUIRED if key not in block]:
        raise GridError(f"no {' and no '.join(missing)}: every block needs its own")
    _check_plan("plan", block["plan"])
    for chosen in _crossed(block):
        arm, corpus, backbone = (_text(key, chosen[key]) for key in _NAMES)
        measured = _measured(chosen.get("measure", []))
        plan = Plan.from_dict(_passed_on(chosen["plan"]))
        yield Job(arm, corpus, backbone, plan, threads, measured)


def _check_keys(table: Table, known: Collection[str], where: str = "") -> None:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, 1)
            advice = f"did you mean {near[0]}?" if near else f"it is {', '.join(known)}"
            raise GridError(f"{where}no key {key!r} is known here; {advice}")


def _check_plan(name: str, plan: Any) -> None:
    """Refuse what no plan may have, in its earlier stages too."""
    if not isinstance(plan, dict):
        raise GridError(
            f"{name} = {plan!r}: write a table, such as {{ seed = [0, 1] }}"
        )
    _check_keys(plan, PLAN_KEYS, f"{name}: ")
    if "first" in plan:
        _check_plan(f"{name}.first", plan["first"])


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise GridError(f'{key} = {value!r}: write a name, such as {key} = "one"')
    return value


def _measured(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list):
        raise GridError(f'measure = {names!r}: write a list of lists, [["probe"]]')
    for name in names:
        if _text("measure", name) not in MEASURES:
            raise GridError(f"no measure {name!r}: there are {', '.join(MEASURES)}")
    return tuple(names)


def _crossed(table: Table) -> Iterator[Table]:
    """Each choice of one entry from every list in a table and the tables within."""
    choices = []
    for key, value in table.items():
        if value == []:
            raise GridError(f"{key} = []: no runs come of an empty list; leave it out")
        if isinstance(value, dict):
            value = list(_crossed(value))
        choices.append(value if isinstance(value, list) else [value])
    if (runs := prod(map(len, choices))) > MOST_RUNS:
        raise GridError(f"{runs:,} runs, and {MOST_RUNS:,} are the limit of a block")
    for values in itertools.product(*choices):
        yield dict(zip(table, values))


def _passed_on(plan: Table) -> Table:
    """The plan with its seed and size handed to the stages before it."""
    if "first" not in plan:
        return plan
    shared = {key: plan[key] for key in ("seed", "train_size") if key in plan}
    return plan | {"first": _passed_on(shared | plan["first"])}
