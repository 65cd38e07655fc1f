"""Predict, then run: the reader commits a guess, and sees it beside the answer.

Lesson: 00_start_here. A guess is an argument that the reader writes in place of `...`,
never something typed while a cell waits: it works wherever a cell can be edited, and a
notebook runs through without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import pandas as pd

from mtlhelpers.errors import InputError
from mtlhelpers.lesson.memory import remember, remembered
from mtlhelpers.lesson.notice import BLUE, GREEN, ORANGE, Notice

CLOSE = 0.1  # relative
LETTERED = "abcdefgh"

Value = float | int | str


@dataclass(frozen=True)
class _Asked:
    question: str
    choices: tuple[str, ...]
    unit: str
    guess: Value | None  # None: the reader has not guessed


_asked: dict[str, _Asked] = {}  # in this notebook, by key


def guess(
    key: str,
    question: str,
    *,
    choices: Sequence[str] = (),
    unit: str = "",
    yours: Value | EllipsisType = ...,
) -> Notice:
    """Ask for a guess: a number, or a letter where there are choices.

    Args:
        key: names it, the lesson first, as "02-share". `reveal` takes the same.
        question: what is asked.
        choices: the answers there are, where it is no number.
        unit: what is counted, as "word pieces".
        yours: what the reader expects; `...` is none yet.

    Raises:
        ValueError: if `yours` is no number, or none of the choices.
    """
    own = None if isinstance(yours, EllipsisType) else _read(yours, choices)
    _asked[key] = _Asked(question, tuple(choices), unit, own)
    lines = [f"{letter}) {text}" for letter, text in zip(LETTERED, choices)]
    if own is None:
        number = f"a number ({unit})" if unit else "a number"
        form = 'a letter, as in `yours="b"`,' if choices else number
        lines.append(
            f"Write {form} in place of the three dots, and run the cell again. "
            "Or read on without a guess."
        )
    else:
        remember("guesses", key, {"question": question, "guess": own})
        lines.append(f"Your guess: {shown(own, unit)}")
    return Notice(f"Your prediction: {question}", tuple(lines))


def reveal(
    key: str, answer: object, *, because: Mapping[str, str] | None = None
) -> Notice:
    """Show the answer beside the guess, with the reason where there were choices.

    Args:
        key: that of the guess.
        answer: a number (also of torch or numpy), or one of the choices.
        because: why each wrong choice is wrong, and if you like why one is right.

    Raises:
        ValueError: if the answer is none of the choices, or a reason is missing.
    """
    right = _plain(answer)
    asked = _asked.get(key, _Asked("", (), "", None))
    reasons = dict(because or {})
    if asked.choices:
        _check_reasons(key, asked.choices, right, reasons)
    if asked.guess is not None:
        entry = {"question": asked.question, "guess": asked.guess, "answer": right}
        remember("guesses", key, entry)
    lines = [f"The answer: {shown(right, asked.unit)}"]
    if asked.guess is None:
        lines += [f"{text}: {reason}" for text, reason in reasons.items()]
        return Notice(asked.question or "The answer", tuple(lines), BLUE)
    said = f"Your guess: {shown(asked.guess, asked.unit)}"
    said += f". {_verdict(asked.guess, right, reasons)}"
    colour = GREEN if asked.guess == right else ORANGE
    return Notice(asked.question, (lines[0], said), colour)


def past_guesses() -> pd.DataFrame:
    """The guesses that this machine keeps: question, guess and answer, by key."""
    found = pd.DataFrame.from_dict(dict(sorted(remembered("guesses").items())), "index")
    return found.reindex(columns=["question", "guess", "answer"]).rename_axis("key")


def shown(value: Value, unit: str = "") -> str:
    """A value as a reader wants it: 22,565,376 or 0.000341 or `mean`, with its unit."""
    if isinstance(value, str):
        return value
    whole = float(value).is_integer() or abs(value) >= 1000
    text = f"{value:,.0f}" if whole else f"{value:.3g}"
    return f"{text} {unit}".strip()


def _read(yours: Value, choices: Sequence[str]) -> Value:
    """What the reader wrote, as a number or as the text of a choice."""
    if not choices:
        if isinstance(yours, str | bool):
            raise InputError(f"yours={yours!r}: write a number, as yours=12")
        return yours
    lettered = dict(zip(LETTERED, choices))
    said = str(yours).strip()
    if said in choices:
        return said
    if said.lower() not in lettered:
        raise InputError(f"yours={yours!r}: write a letter, {', '.join(lettered)}")
    return lettered[said.lower()]


def _plain(answer: Any) -> Value:
    value = answer.item() if hasattr(answer, "item") else answer
    if not isinstance(value, float | int | str):
        raise InputError(f"the answer {value!r} is neither a number nor a choice")
    return value


def _check_reasons(
    key: str, choices: Sequence[str], right: Value, reasons: Mapping[str, str]
) -> None:
    if right not in choices:
        raise InputError(f"{key}: the answer {right!r} is none of the choices")
    bare = [text for text in choices if text != right and text not in reasons]
    unknown = [text for text in reasons if text not in choices]
    if bare or unknown:
        raise InputError(f"{key}: no reason for {bare}, or for no choice: {unknown}")


def _verdict(own: Value, right: Value, reasons: Mapping[str, str]) -> str:
    """How near a number came; of a choice, the reason, and that of the right one."""
    if isinstance(own, str) or isinstance(right, str):
        said, why = reasons.get(str(own), ""), reasons.get(str(right), "")
        if own == right:
            return f"Right. {said}".strip()
        return f"Not so: {said}" + (f" Why it is {right}: {why}" if why else "")
    if own == right:
        return "Exactly right."
    if own <= 0 or right <= 0:
        return f"Off by {shown(abs(own - right))}."
    ratio = own / right
    if abs(ratio - 1) <= CLOSE:
        return f"Close: within {CLOSE:.0%}."
    side = "high" if ratio > 1 else "low"
    return f"{shown(round(max(ratio, 1 / ratio), 1))} times too {side}."
