"""Exercises that check themselves: a hint where an answer is wrong, and a record of it.

Lesson: 00_start_here. The exercises of a lesson stand in `exercises/lessonNN.py`. An
answer is a plain value, a tensor, a set or a function that the reader wrote.
"""

import dis
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pandas as pd

from mtlhelpers.errors import InputError
from mtlhelpers.lesson.memory import attended, remember, remembered
from mtlhelpers.lesson.notice import GREEN, ORANGE, Notice

_Check = Callable[[object], None]
BLANK = "The three dots are still there. Write in their place, and run both cells."


class Hint(ValueError):
    """Why an answer is wrong, in words that lead to the right one."""


@dataclass(frozen=True)
class Exercise:
    """A task with its check, and wrong answers that the check must tell apart.

    `wrong` pairs an answer with words that its hint contains.
    """

    key: str
    task: str
    check: _Check
    wrong: tuple[tuple[object, str], ...]


_exercises: dict[str, Exercise] = {}  # those whose lesson was asked for


def exercise(
    key: str, wrong: Sequence[tuple[object, str]]
) -> Callable[[_Check], _Check]:
    """Register a check as that of exercise `key`; its docstring names the task."""

    def register(check: _Check) -> _Check:
        task = (check.__doc__ or "").strip().splitlines()[0]
        _exercises[key] = Exercise(key, task, check, tuple(wrong))
        return check

    return register


def exercises_of(lesson: str) -> list[Exercise]:
    """The exercises of a lesson, by its number in two digits; none if it has none."""
    name = f"lesson{lesson}"
    if not (Path(__file__).parent / "exercises" / f"{name}.py").is_file():
        return []
    import_module(f"mtlhelpers.lesson.exercises.{name}")
    own = [one for one in _exercises.values() if one.key.startswith(f"{lesson}.")]
    return sorted(own, key=lambda one: one.key)


def check(key: str, answer: object) -> Notice:
    """Say whether an answer solves exercise `key`, and if not, give a hint.

    Where nobody reads (a build, a test) a wrong answer raises `Hint`.

    Raises:
        ValueError: if there is no such exercise.
    """
    known = {one.key: one for one in exercises_of(key.partition(".")[0])}
    if key not in known:
        raise InputError(f"there is no exercise {key}: {', '.join(known) or 'none'}")
    try:
        judge(known[key], answer)
    except Hint as hint:
        if not attended():
            raise
        return Notice(f"Exercise {key}: not yet", (str(hint),), ORANGE)
    remember("solved", key, True)
    return Notice(f"Exercise {key}: solved", (), GREEN)


def judge(one: Exercise, answer: object) -> None:
    """Raise `Hint` where an answer is blank or wrong, or stops with an error."""
    if is_blank(answer):
        raise Hint(BLANK)
    try:
        one.check(answer)
    except Hint:
        raise
    except Exception as error:  # of the reader's function, or of an answer of no use
        kind = type(error).__name__
        raise Hint(f"Your answer cannot be used: {kind}: {error}") from error


def is_blank(answer: object) -> bool:
    """Whether the reader has left the three dots, in a function or among values too."""
    if isinstance(answer, dict):
        return any(map(is_blank, answer.values()))
    if isinstance(answer, list | tuple | set | frozenset):
        return any(map(is_blank, answer))
    return answer is ... or (isinstance(answer, FunctionType) and _does_nothing(answer))


def _does_nothing(function: FunctionType) -> bool:
    steps = [s for s in dis.get_instructions(function) if s.opname != "RESUME"]
    return len(steps) <= 2 and steps[0].argval is None  # it returns None, and no more


def progress() -> pd.DataFrame:
    """The exercises of all lessons, one row each: task, and whether you solved it."""
    files = sorted((Path(__file__).parent / "exercises").glob("lesson[0-9][0-9].py"))
    done = remembered("solved")
    rows = [
        {"exercise": one.key, "task": one.task, "solved": one.key in done}
        for file in files
        for one in exercises_of(file.stem.removeprefix("lesson"))
    ]
    return pd.DataFrame(rows, columns=["exercise", "task", "solved"])
