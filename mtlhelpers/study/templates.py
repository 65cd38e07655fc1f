"""A study's grid from a template, with the settings that tuning chose for an arm.

Lesson: 08_what_should_i_freeze. `template.toml` looks like a grid, but for two things.
A plan, or a stage of it, may say `like = ["STUDY", "ARM"]`: it takes the settings that
the tuning study of that name chose for that arm, on each corpus and at each size of the
block; what a plan says itself stands. And `skip = "train_size"` skips as many sentences
as are trained on, so that a stage shares none with the one before. An arm whose tuning
is not recorded yet on a corpus is left out there, and the grid says so.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.grid import GridError, read_grid
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
    header = HEADER.format(threads=threads, left_out=said)
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
