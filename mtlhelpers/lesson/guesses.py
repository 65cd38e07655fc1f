"""Predict, then run: a guess that the reader commits, shown beside the answer later.

Lesson: 00_start_here. The guess is an argument that the reader edits, never something
typed while a cell waits, so a notebook runs through unattended with the guess it holds.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.errors import InputError

GUESSES = Path("guesses.json")  # beside the notebook, on this machine alone
UNATTENDED = "MTLHELPERS_UNATTENDED"  # set where nobody guesses: nothing is stored
CLOSE = 0.1  # relative

Value = float | int | str | bool


@dataclass(frozen=True)
class Revealed:
    """A guess and its answer, side by side."""

    question: str
    guess: Value
    answer: Value

    @property
    def verdict(self) -> str:
        """How near the guess came, in words."""
        if self.guess == self.answer:
            return "exactly right"
        if isinstance(self.answer, str | bool) or isinstance(self.guess, str | bool):
            return "something else happened"
        if self.guess <= 0 or self.answer <= 0:
            return f"off by {shown(abs(self.guess - self.answer))}"
        ratio = self.guess / self.answer
        if abs(ratio - 1) <= CLOSE:
            return f"close: within {CLOSE:.0%}"
        side = "high" if ratio > 1 else "low"
        return f"{shown(round(max(ratio, 1 / ratio), 1))} times too {side}"

    def __repr__(self) -> str:
        guess, answer = shown(self.guess), shown(self.answer)
        return f"{self.question}\n  guess {guess} | answer {answer} | {self.verdict}"

    def _repr_html_(self) -> str:
        cells = {
            "your guess": shown(self.guess),
            "the answer": shown(self.answer),
            "": self.verdict,
        }
        return _box(self.question, cells)


@dataclass(frozen=True)
class Guess:
    """What the reader expects, before the cell that shows it."""

    key: str
    question: str
    guess: Value

    def reveal(self, answer: Value) -> Revealed:
        """Show the guess beside the answer, and keep both on this machine."""
        answer = answer.item() if hasattr(answer, "item") else answer
        _store(
            self.key, {"question": self.question, "guess": self.guess, "answer": answer}
        )
        return Revealed(self.question, self.guess, answer)

    def __repr__(self) -> str:
        return f"{self.question}\n  guess {shown(self.guess)}"

    def _repr_html_(self) -> str:
        return _box(self.question, {"your guess": shown(self.guess)})


def guess(
    key: str, question: str, guess: Value, *, choices: Sequence[str] = ()
) -> Guess:
    """Commit a guess: a number, or one of `choices`. Edit `guess=` and run the cell.

    Args:
        key: names the guess in `guesses.json`, as "02-share".
        question: what is asked, with the unit.
        guess: what the reader expects.
        choices: the answers there are, where it is no number.

    Raises:
        ValueError: if `guess` is none of `choices`.
    """
    if choices and guess not in choices:
        raise InputError(f"guess={guess!r} is not one of {', '.join(choices)}")
    if choices:
        question = f"{question} ({' / '.join(choices)})"
    committed = Guess(key, question, guess)
    _store(key, {"question": question, "guess": guess})
    return committed


def past_guesses() -> pd.DataFrame:
    """The guesses that this machine keeps: question, guess and answer, by key."""
    found = pd.DataFrame.from_dict(_read(), orient="index")
    return found.reindex(columns=["question", "guess", "answer"]).rename_axis("key")


def shown(value: Value) -> str:
    """A value as a reader wants it: 22,565,376 or 0.000341 or `mean`."""
    if isinstance(value, str | bool):
        return str(value)
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _box(question: str, cells: dict[str, str]) -> str:
    """The question over a row of small cells; colours are those of the page."""
    row = "".join(
        f"<span style='display:inline-block;min-width:9em;margin-right:1.5em'>"
        f"{f'<small>{escape(name)}</small><br>' if name else ''}"
        f"<b>{escape(text)}</b></span>"
        for name, text in cells.items()
    )
    return (
        f"<div style='border-left:4px solid #0072B2;padding:.3em 1em'>"
        f"{escape(question)}<br>{row}</div>"
    )


def _read() -> dict[str, dict[str, Any]]:
    with suppress(OSError, ValueError):
        found = json.loads(GUESSES.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _store(key: str, entry: dict[str, Any]) -> None:
    """Keep an entry; where the folder cannot be written, the lesson goes on without."""
    if os.environ.get(UNATTENDED):
        return
    text = json.dumps({**_read(), key: entry}, indent=1, ensure_ascii=False)
    with suppress(OSError):
        write_atomically(GUESSES, text.encode("utf-8"))
