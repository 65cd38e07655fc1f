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
A block may have `measure`, a list of lists too: see measures.py.
`threads` are torch's in every run, 2 unless the file says so: they decide last digits,
so a study has its own number, whatever the machine has.
"""

import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtlhelpers.study.errors import GridError
from mtlhelpers.study.records.record import THREADS, Job
from mtlhelpers.study.running.probes import check_names
from mtlhelpers.training.plan import Plan

KEYS = {"threads", "block"}
BLOCK_KEYS = {"arm", "corpus", "backbone", "plan"}
MEASURE = "measure"  # may stand in a block, too


def read_grid(path: Path) -> list[Job]:
    """Every job that the file declares, each once, in its order."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise GridError(f"{path} is missing: a study is a folder with one") from error
    except tomllib.TOMLDecodeError as error:
        raise GridError(f"{path}: {error}") from error
    if unknown := sorted(set(data) - KEYS):
        raise GridError(f"{path}: no {', '.join(unknown)} may stand before the blocks")
    threads = data.get("threads", THREADS)
    if type(threads) is not int or threads < 1:
        raise GridError(f"{path}: threads must be a number from 1 up, not {threads!r}")
    jobs: list[Job] = []
    for number, block in enumerate(data.get("block", []), start=1):
        try:
            jobs += [job for job in _jobs_of(block, threads) if job not in jobs]
        except (ValueError, TypeError) as error:
            raise GridError(f"{path}, block {number}: {error}") from error
    if not jobs:
        raise GridError(f"{path} declares no [[block]]")
    return jobs


def _jobs_of(block: dict[str, Any], threads: int) -> Iterator[Job]:
    wrong = (set(block) - {MEASURE}) ^ BLOCK_KEYS
    if wrong:
        raise GridError(
            f"needs {', '.join(sorted(BLOCK_KEYS))} and nothing else; "
            f"missing or unknown: {', '.join(sorted(wrong))}"
        )
    for chosen in _crossed(block):
        plan = Plan.from_dict(_passed_on(chosen["plan"]))
        where = chosen["corpus"], chosen["backbone"]
        measured = check_names(chosen.get(MEASURE, ()))
        yield Job(chosen["arm"], *where, plan, threads, measured)


def _crossed(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each choice of one entry from every list in a table and the tables within."""
    choices = [
        list(_crossed(value))
        if isinstance(value, dict)
        else value
        if isinstance(value, list)
        else [value]
        for value in table.values()
    ]
    for values in itertools.product(*choices):
        yield dict(zip(table, values))


def _passed_on(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with its seed and size handed to the stages before it."""
    if "first" not in plan:
        return plan
    shared = {key: plan[key] for key in ("seed", "train_size") if key in plan}
    return plan | {"first": _passed_on(shared | plan["first"])}
