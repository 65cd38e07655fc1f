"""Sentences of a corpus as a reader sees them, with their entities marked."""

from collections.abc import Sequence

from datasets import Dataset

from mtlhelpers.data.spans import spans_of
from mtlhelpers.data.streams import stream


def sample_sentences(rows: Dataset, count: int, seed: int = 0) -> list[str]:
    """Return sentences of a split, drawn evenly over its labels, each with its label.

    `count` of each label, or as many as there are; entities stand in marks, as in the
    sentence files: "politics: [Ada Park|person] opened the hearing ."
    """
    drawn = rows.select(stream(seed, "samples").permutation(len(rows)))
    cells = zip(drawn["label"], drawn["tokens"], drawn["tags"], strict=True)
    found: dict[str, list[str]] = {}
    for label, words, tags in cells:
        own = found.setdefault(label or "no label", [])
        if len(own) < count:
            own.append(f"{label or 'no label'}: {mark(words, tags or [])}")
    return [line for label in sorted(found) for line in found[label]]


def mark(words: Sequence[str], tags: Sequence[str]) -> str:
    """Return the words in one line, spans as `[surface|type]`."""
    pieces: list[str] = []
    at = 0
    for start, end, type_ in spans_of(tags):
        pieces += words[at:start]
        pieces.append(f"[{' '.join(words[start:end])}|{type_}]")
        at = end
    return " ".join([*pieces, *words[at:]])
