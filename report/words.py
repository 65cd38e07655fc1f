"""How the report says things: names in ordinary words, and numbers with their signs."""

from collections.abc import Callable, Iterable

from mtlhelpers.lesson.recorded import listed
from mtlhelpers.study.protocol import (
    CORPUS_NAMES,
    DISJOINT_PAIR,
    TASKS,
    TEST_SET_NAMES,
    Task,
    Verdict,
)

# The disjoint pair has one corpus per task: a task by itself takes that one's name.
OF_PAIR = dict(zip(TASKS, CORPUS_NAMES[DISJOINT_PAIR].split(", "), strict=True))
TASK_WORDS: dict[str, str] = {
    "sentence": "labels",
    "ner": "names",
    "both": "both",
    "time": "time per step",
    "reason": "its reason",
}
SCORES: dict[Task, str] = {"sentence": "accuracy", "ner": "F1"}
# A sign beside each verdict, so that colour is not needed to tell them apart.
SIGNS = {
    Verdict.SUPPORTED: "✓",
    Verdict.CONTRADICTED: "✗",
    Verdict.NO_DIFFERENCE: "≈",
    Verdict.UNDECIDED: "?",
    Verdict.NOT_TESTED: "–",
}
MINUS, WORDS = "\N{MINUS SIGN}", "no one two three four five six seven eight nine ten"


class ReportError(ValueError):
    """A sentence of a template that the records do not bear out any more."""


def corpus_name(corpus: str, task: str = "both") -> str:
    """Return a corpus in words; of the pair, the one that has the task."""
    if corpus == DISJOINT_PAIR and task in TASKS:
        return OF_PAIR[task]
    return TEST_SET_NAMES.get(corpus, corpus)


def task_title(task: Task) -> str:
    """Return the heading of a drawing: Labels (accuracy)."""
    return f"{TASK_WORDS[task].capitalize()} ({SCORES[task]})"


def signed(value: float, digits: int = 1) -> str:
    """Return a difference with its sign: +2.3, −18.5; 0.0 has none."""
    if not round(value, digits):
        return f"{0:.{digits}f}"
    return f"{value:+,.{digits}f}".replace("-", MINUS)


def plain(value: float, digits: int = 1) -> str:
    """Return a number without a plus: 2.3, −18.5, 10,990 with no digits."""
    return f"{value:,.{digits}f}".replace("-", MINUS)


def interval(low: float, high: float) -> str:
    """Return both ends of an interval: −19.7 to −17.3."""
    return f"{signed(low)} to {signed(high)}"


def span(values: Iterable[float], digits: int = 1) -> str:
    """Return the least and the largest of some numbers: 2.3 to 2.8, or 2.3 alone."""
    ends = sorted({plain(value, digits): value for value in values}.items(), key=_last)
    return ends[0][0] if len(ends) == 1 else f"{ends[0][0]} to {ends[-1][0]}"


def _last(pair: tuple[str, float]) -> float:
    return pair[1]


def word(number: int) -> str:
    """Return a number up to ten in words, a larger one in digits."""
    words = WORDS.split()
    return words[number] if number < len(words) else f"{number:,}"


def holds(condition: bool, sentence: str) -> str:
    """Return nothing where a sentence is still true.

    Templates say beside a sentence what must hold for its words; numbers come from the
    records by themselves. Raises `ReportError` with the sentence that is not true.
    """
    if not condition:
        raise ReportError(f"the records do not say this any more: {sentence}")
    return ""


FILTERS: dict[str, Callable[..., str | float]] = {
    "signed": signed,
    "plain": plain,
    "span": span,
    "listed": listed,
    "word": word,
    "negative": float.__neg__,
}
