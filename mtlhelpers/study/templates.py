"""A study's grid from a template, with the settings that tuning chose for an arm.

Lesson: 08_what_should_i_freeze. `template.toml` looks like a grid, but for two things.
A plan, or a stage of it, may say `like = ["STUDY", "ARM"]`: it takes the settings that
the tuning study of that name chose for that arm, on each corpus and at each size of the
block; what a plan says itself stands. And `skip = "train_size"` skips as many sentences
as are trained on, so that a stage shares none with the one before.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.grid import GridError
from mtlhelpers.study.tuning import (
    Choice,
    block_text,
    choose,
    nearest_choice,
    settings_of,
)
from mtlhelpers.study.worker import StudyError

HEADER = """\
# Written by `python -m mtlhelpers study choose` from template.toml and the records of
# the tuning studies that it names: change the template, never this one.

threads = {threads}
"""


def template_of(folder: Path) -> Path | None:
    """The template of a study, if it has one."""
    path = folder / "template.toml"
    return path if path.is_file() else None


def fill_template(template: Path) -> Path:
    """Write the grid beside a template; return its path. Raises as `filled` does."""
    path = template.with_name("grid.toml")
    write_atomically(path, filled(template).encode("utf-8"))
    return path


def filled(template: Path) -> str:
    """The grid that a template makes of what is tuned.

    Raises `GridError` for a template that cannot be read, `StudyError` where an arm is
    not tuned on a corpus.
    """
    tuned = Tuned(template.resolve().parents[1])
    try:
        data = tomllib.loads(template.read_text(encoding="utf-8"))
        blocks = [HEADER.format(threads=data["threads"]), *_blocks(data, tuned)]
    except tomllib.TOMLDecodeError as error:
        raise GridError(f"{template}: {error}") from error
    except KeyError as error:
        raise GridError(f"{template} has a table without {error}") from error
    return "\n".join(blocks)


class Tuned:
    """What the tuning studies in a folder chose, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._choices: dict[str, list[Choice]] = {}

    def settings(self, study: str, arm: str, corpus: str, size: int) -> dict[str, Any]:
        """The settings of an arm for a corpus and size, as a grid has them."""
        if study not in self._choices:
            self._choices[study] = choose(self._folder / study)
        found = [
            choice
            for choice in self._choices[study]
            if (choice.arm, choice.corpus) == (arm, corpus)
        ]
        if not found:
            raise StudyError(f"{study} has not tuned {arm} on {corpus}: run it first")
        return settings_of(nearest_choice(found, size).at(size))


def _blocks(data: dict[str, Any], tuned: Tuned) -> Iterator[str]:
    """A block for each corpus and size of each block of the template."""
    for block in data["block"]:
        for corpus in block["corpus"]:
            for size in block["plan"]["train_size"]:
                plan = _filled(block["plan"], corpus, size, tuned)
                plan["train_size"] = size
                yield block_text(block | {"corpus": corpus, "plan": plan})


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
