"""Spans of characters in a text, as tags of its words."""

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from mtlhelpers.data.words import is_mark, split_words, tag_segments
from mtlhelpers.errors import CorpusError

BREAKS = "breaks a word of"


class Span(NamedTuple):
    """Characters of a text, `end` exclusive, and their type."""

    start: int
    end: int
    type: str


def read_span(span: object) -> Span:
    """Read a span as exports write it; `CorpusError` for what is none.

    `[start, end, type]`, or an object with `start`, `end` and `label`, or with
    `start_offset`, `end_offset` and `label` (or `type`, or `labels` with one name).
    """
    cells: tuple[Any, ...] = ()
    if isinstance(span, list | tuple) and len(span) == 3:
        cells = tuple(span)
    elif isinstance(span, dict):
        label, several = span.get("label", span.get("type")), span.get("labels")
        if label is None and isinstance(several, list) and len(several) == 1:
            label = several[0]
        start = span.get("start", span.get("start_offset"))
        cells = (start, span.get("end", span.get("end_offset")), label)
    if [type(cell) for cell in cells] != [int, int, str] or not cells[2].strip():
        raise CorpusError(
            f"a span is {_short(span)}. Write [start, end, type], or "
            '{"start": ..., "end": ..., "label": ...}, positions as numbers of '
            "characters"
        )
    return Span(*cells)


def tag_text(
    text: str, spans: Sequence[Span], repair: bool = False
) -> tuple[list[str], list[str], int]:
    """Return words and tags of a text, and how many spans were widened to whole words.

    Words are those of `split_words`. White space at the edges of a span does not count.
    A span that begins or ends inside a word is widened if `repair` says so.

    Raises:
        CorpusError: for a span outside the text, without a word, across another, or
            inside a word; the message names no place.
    """
    widened = 0
    segments: list[tuple[str, str | None]] = []
    at, last = 0, None
    for span in sorted(set(spans)):
        start, end = _checked(text, span)
        whole = _whole(text, start, end)
        if whole != (start, end):
            if not repair:
                raise CorpusError(
                    f"span {_shown(text, span)} {BREAKS} "
                    f"{text[slice(*whole)]!r}. Let it begin and end where words do"
                )
            widened += 1
            start, end = whole
        if last and start < at:
            raise CorpusError(
                f"spans {_shown(text, last)} and {_shown(text, span)} overlap. Keep "
                "one type per word"
            )
        segments += [(text[at:start], None), (text[start:end], span.type)]
        at, last = end, span
    words, tags = tag_segments([*segments, (text[at:], None)])
    return words, tags, widened


def _checked(text: str, span: Span) -> tuple[int, int]:
    """The edges of a span without white space; they must hold a word of the text."""
    if not 0 <= span.start < span.end <= len(text):
        raise CorpusError(
            f"span {list(span)} is not inside the text, which has {len(text)} "
            "characters. Count from 0; the end is the first character after the span"
        )
    inner = text[span.start : span.end]
    if not split_words(inner):
        raise CorpusError(f"span {_shown(text, span)} holds no word. Remove it")
    start = span.start + len(inner) - len(inner.lstrip())
    return start, span.end - (len(inner) - len(inner.rstrip()))


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    while _inside_word(text, start):
        start -= 1
    while _inside_word(text, end):
        end += 1
    return start, end


def _inside_word(text: str, at: int) -> bool:
    """Whether no word ends before this character."""
    if not 0 < at < len(text):
        return False
    if unicodedata.combining(text[at]):
        return True
    around = text[at - 1] + text[at]
    return not any(one.isspace() or is_mark(one) for one in around)


def _shown(text: str, span: Span) -> str:
    return f"{span.start}-{span.end} ({_short(text[span.start : span.end])})"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
