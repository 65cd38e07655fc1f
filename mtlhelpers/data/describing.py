"""A corpus in a short table."""

from textwrap import fill
from typing import TYPE_CHECKING

from datasets import Dataset

if TYPE_CHECKING:
    from mtlhelpers.data.corpus import Corpus

WIDTH = 88


def describe_corpus(corpus: "Corpus") -> str:
    """Return counts per split, names of labels and types, and where it is from.

    A count of spans or labels tells how many there are in the split, over all its
    sentences. No line is wider than 88 characters.
    """
    header = f"{'':<12}{'sentences':>11}{'tokens':>11}{'labels':>11}{'spans':>11}"
    counts = [
        f"{split:<12}" + "".join(f"{count:>11,}" for count in _count(rows))
        for split, rows in corpus.splits.items()
    ]
    types = sorted({tag[2:] for tag in corpus.tags if tag != "O"})
    facts = [
        (f"{len(corpus.labels)} labels", ", ".join(corpus.labels)),
        (f"{len(types)} types", ", ".join(types)),
        ("licence", corpus.licence),
        ("citation", corpus.citation),
        ("source", corpus.source),
        *(("note", note) for note in corpus.notes),
    ]
    lines = [_fact(name, text) for name, text in facts if text]
    return "\n".join([f"corpus {corpus.name}", header, *counts, *lines])


def _count(rows: Dataset) -> tuple[int, int, int, int]:
    """Count sentences, tokens, sentences with a label, and spans."""
    tags = [tag for sentence in rows["tags"] for tag in sentence or ()]
    return (
        len(rows),
        sum(map(len, rows["tokens"])),
        sum(label is not None for label in rows["label"]),
        sum(tag.startswith("B-") for tag in tags),
    )


def _fact(name: str, text: str) -> str:
    indent = " " * 12
    return fill(
        f"{name:<12}{text}", WIDTH, subsequent_indent=indent, break_on_hyphens=False
    )
