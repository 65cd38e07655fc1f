"""How hard newsdesk has to be, neither solved nor hopeless: bars for the records."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

from mtlhelpers.data.newsdesk.checks import Finding

Key = tuple[str, int | None, str]  # method, size (None: all of train), score


def judge(records: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield a finding for each bar of which all measurements are recorded.

    Figures are means over seeds, in per cent.
    """
    scores = _means(records)
    yield from _within(scores, ("majority", None, "accuracy"), 0, 16)
    yield from _within(scores, ("bag of words", None, "accuracy"), 0, 92)
    yield from _within(scores, ("lookup", None, "ner_f1"), 0, 45)
    yield from _within(scores, ("minilm", None, "accuracy"), 90, 98.5)
    yield from _within(scores, ("minilm", None, "ner_f1"), 85, 97)
    yield from _above(scores, "minilm", "bag of words", "accuracy", 8)
    yield from _above(scores, "minilm", "random:minilm", "accuracy", 15)
    yield from _above(scores, "minilm", "random:minilm", "ner_f1", 15)
    yield from _rising(scores, "minilm", "ner_f1")


def _means(records: Sequence[Mapping[str, Any]]) -> dict[Key, float]:
    values: dict[Key, list[float]] = {}
    for one in records:
        for score in ("accuracy", "ner_f1"):
            if one[score] is not None:
                key = (one["method"], one["size"], score)
                values.setdefault(key, []).append(100 * one[score])
    return {key: mean(own) for key, own in values.items()}


def _within(
    scores: Mapping[Key, float], key: Key, low: float, high: float
) -> Iterator[Finding]:
    if key in scores:
        asked = f"{low:g} to {high:g}" if low else f"at most {high:g}"
        ok = low <= scores[key] <= high
        yield Finding(f"{key[0]}, {key[2]}", f"{scores[key]:.1f}", asked, ok)


def _above(
    scores: Mapping[Key, float], better: str, worse: str, score: str, points: float
) -> Iterator[Finding]:
    pair = [(method, 300, score) for method in (better, worse)]
    if all(key in scores for key in pair):
        gap = scores[pair[0]] - scores[pair[1]]
        name = f"{better} above {worse} at 300 rows, {score}"
        yield Finding(name, f"{gap:.1f} points", f"at least {points:g}", gap >= points)


def _rising(scores: Mapping[Key, float], method: str, score: str) -> Iterator[Finding]:
    kinds = [size for found, size, kind in scores if (found, kind) == (method, score)]
    sizes = sorted(size for size in kinds if size)
    curve = [scores[method, size, score] for size in sizes]
    if len(curve) > 1:
        ok = all(low < high for low, high in zip(curve, curve[1:]))
        found = ", ".join(f"{size:,}: {one:.1f}" for size, one in zip(sizes, curve))
        yield Finding(f"{method}, {score} by rows", found, "rises at every step", ok)
