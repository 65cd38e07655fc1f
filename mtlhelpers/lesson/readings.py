"""One sentence under several readings: its label, and its names in colour.

Lesson: 05_one_head_frozen. Colours are light, with dark letters; the type stands in
words beside each name, so the colour only helps.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mtlhelpers.data.words import spans_of

LabelAndTags = tuple[str, Sequence[str | None]]  # a label, and a tag per word
SHADES = ("#CFE8FF", "#FFE0B8", "#CDEFD9", "#F6D3E6", "#FFF3A8", "#E3DAF7", "#E0E0E0")
NAME = "padding:.1em .3em;border-radius:.25em;color:#222;background:"


@dataclass(frozen=True)
class Readings:
    """A sentence under several readings, ready for a notebook."""

    words: Sequence[str]
    rows: Mapping[str, LabelAndTags]

    def __repr__(self) -> str:
        return "\n".join(
            f"{name}: {label} | "
            + " ".join(f"[{text} {kind}]" if kind else text for text, kind in pieces)
            for name, (label, tags) in self.rows.items()
            for pieces in [list(_pieces(self.words, tags))]
        )

    def _repr_html_(self) -> str:
        kinds = sorted({k for _, tags in self.rows.values() for *_, k in _spans(tags)})
        shades = {kind: SHADES[at % len(SHADES)] for at, kind in enumerate(kinds)}
        return "".join(
            f"<div style='margin:.6em 0;line-height:1.7'><b>{escape(name)}</b>: label "
            f"<b>{escape(label)}</b><br>"
            + " ".join(
                f"<span style='{NAME}{shades[kind]}'>{escape(text)} "
                f"<small>{escape(kind)}</small></span>"
                if kind
                else escape(text)
                for text, kind in _pieces(self.words, tags)
            )
            + "</div>"
            for name, (label, tags) in self.rows.items()
        )


def show_sentence(words: Sequence[str], rows: Mapping[str, LabelAndTags]) -> Readings:
    """Show a sentence once per reading, such as the gold's and two models'."""
    return Readings(words, rows)


def _spans(tags: Sequence[str | None]) -> list[tuple[int, int, str]]:
    return list(spans_of([tag or "O" for tag in tags]))


def _pieces(
    words: Sequence[str], tags: Sequence[str | None]
) -> Iterator[tuple[str, str]]:
    """Yield each word outside of names, and each name whole with its type."""
    at = 0
    for first, end, kind in [*_spans(tags), (len(words), len(words), "")]:
        yield from ((word, "") for word in words[at:first])
        if kind:
            yield " ".join(words[first:end]), kind
        at = end
