"""Exercises of lesson 00: a baseline, F1, and what may train."""

from typing import Any

from mtlhelpers.lesson.checks import Hint, exercise

_LABELS = ["sport", "politics", "sport", "sport"]


@exercise(
    "00.1",
    wrong=[
        (lambda labels: 1 / len(set(labels)), "as if all labels were equally frequent"),
        (lambda labels: max(map(labels.count, labels)), "a share, from 0 to 1"),
        (lambda labels: labels.count(labels[0]) / len(labels), "the first label"),
        (lambda labels: max(labels, key=labels.count), "That is a label"),
    ],
)
def _majority(answer: Any) -> None:
    """Work out what always saying the most frequent label would score."""
    found = answer(list(_LABELS))
    if isinstance(found, str):
        raise Hint("That is a label. Return its share, such as 0.75.")
    if found == len(_LABELS) or found == 3:
        raise Hint("That is a number of sentences. A score is a share, from 0 to 1.")
    if found == 1 / len(set(_LABELS)):
        raise Hint(
            "You answer as if all labels were equally frequent. Of these four, three "
            f"are sport: {_LABELS}."
        )
    if answer(_LABELS[::-1]) != found or answer(["a", "b", "b"]) != 2 / 3:
        raise Hint(
            "It depends on the order of the labels. Look for the most frequent label, "
            "not for the first label."
        )
    if found != 0.75:
        raise Hint(f"For {_LABELS} it is 0.75. Yours gives {found}.")


_TRUE = {("Ada", "person"), ("Rome", "place"), ("Friday", "date")}
_FOUND = {("Ada", "person"), ("Rome", "person"), ("Friday", "date"), ("bank", "place")}


def _shares(true: set[Any], found: set[Any]) -> tuple[float, float]:
    hits = len(true & found)
    return hits / len(found), hits / len(true)


def _without_zero(true: set[Any], found: set[Any]) -> float:
    precision, recall = _shares(true, found)
    return 2 * precision * recall / (precision + recall)


@exercise(
    "00.2",
    wrong=[
        (_without_zero, "No name is right here"),
        (lambda true, found: _shares(true, found)[0], "That is precision"),
        (lambda true, found: _shares(true, found)[1], "That is recall"),
        (lambda true, found: sum(_shares(true, found)) / 2, "harmonic mean"),
    ],
)
def _f1_of_names(answer: Any) -> None:
    """Score found names with F1."""
    found = answer(set(_TRUE), set(_FOUND))
    precision, recall = _shares(_TRUE, _FOUND)
    if found == precision:
        raise Hint("That is precision. A model that finds one sure name would get 1.")
    if found == recall:
        raise Hint("That is recall. A model that calls everything a name would get 1.")
    if found == (precision + recall) / 2:
        raise Hint("F1 is the harmonic mean of the two: 2 · p · r / (p + r).")
    if abs(found - 4 / 7) > 1e-9:
        raise Hint(
            "Two names are right here. Rome is not: its type is wrong. Precision is "
            f"2 of 4, recall 2 of 3, F1 4/7 = 0.571. Yours gives {found}."
        )
    for other, what in (
        ({("Bonn", "place")}, "No name is right here"),
        (set(), "Nothing was found here"),
    ):
        try:
            is_zero = answer(set(_TRUE), other) == 0
        except ZeroDivisionError:
            is_zero = False
        if not is_zero:
            raise Hint(f"{what}: then F1 is 0.")


@exercise(
    "00.3",
    wrong=[
        ({"backbone", "ner_classifier"}, "other vectors"),
        ({"sentence_classifier", "ner_classifier"}, "its answers change"),
        (set(), "learns nothing"),
    ],
)
def _may_train(answer: object) -> None:
    """Add names without touching a single label."""
    parts = {answer} if isinstance(answer, str) else set(answer)  # type: ignore[call-overload]
    known = {"backbone", "sentence_classifier", "ner_classifier"}
    if parts - known:
        raise Hint(f"The parts are called {', '.join(sorted(known))}.")
    if "sentence_classifier" in parts:
        raise Hint("If the sentence head trains, its answers change.")
    if "backbone" in parts:
        raise Hint(
            "The sentence head stays as it is, but it then gets other vectors from the "
            "backbone, and so it gives other labels. Lesson 05 shows how many."
        )
    if not parts:
        raise Hint("Then no label changes, and the model learns nothing either.")
