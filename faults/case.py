"""What a case is, and how what came of it is judged."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from mtlhelpers.escapes import UNSEEN as UNSEEN_MARKS

RIGHT, REFUSED, UNSEEN, LOST = "right", "refused", "unseen", "lost"


class Case(NamedTuple):
    """Something done to the package that it must survive.

    act: does it, and returns RIGHT where what came of it is right; UNSEEN where it is
    not, and nothing could tell; or in words what is wrong.
    place: what the message of a refusal must name: a file, or its folder.
    """

    what: str
    act: Callable[[], str]
    place: str = ""


class Attack(NamedTuple):
    """A kind of cases: how one is drawn, how many there are, how long one may take."""

    draw: Callable[[Random, Path, int], Case]
    cases: int
    short: int
    seconds: float = 20.0
    of: str = "cases"  # what is counted: fuzzed inputs, kills, …
    each: int = 1  # of them per case
    alone: bool = False  # it takes all cores by itself


class Result(NamedTuple):
    """What came of a case."""

    number: int
    what: str
    outcome: str
    message: str = ""


def judged(number: int, case: Case) -> Result:
    """Carry a case out, and judge it.

    Survived is what is right, and what is refused with an error of the package's own
    kind that names the place and says what to do; anything else is lost.
    """
    import mtlhelpers as mtl

    try:
        said = case.act()
    except mtl.MTLError as error:
        return Result(number, case.what, *_of_refusal(str(error), case.place))
    except Exception as error:
        text = str(error).splitlines() or [""]
        return Result(number, case.what, LOST, f"{type(error).__name__}: {text[0]}")
    if said in (RIGHT, UNSEEN):
        return Result(number, case.what, said)
    return Result(number, case.what, LOST, said)


def _of_refusal(message: str, place: str) -> tuple[str, str]:
    wrong = judged_text(message, place)
    return (LOST, wrong) if wrong else (REFUSED, message)


def judged_text(message: str, place: str = "") -> str:
    """In words what is wrong with the text of a refusal, if anything is."""
    if place and place not in message:
        return f"no place is named: {message}"
    if UNSEEN_MARKS.search(message):  # tab and newline may stay
        return f"control characters in the message: {message!r}"
    return ""
