"""Words and spans: raw text to words, marked text to tags, tags to spans."""

import unicodedata
from collections.abc import Iterable, Sequence


def split_words(text: str) -> list[str]:
    """Split text on white space, each punctuation mark or symbol a word of its own.

    `"don't, at 6:30"` gives `don ' t , at 6 : 30`. The text is put in NFC first; case
    is kept. BERT's basic tokeniser does the same (Devlin et al. 2019), but leaves
    symbols outside ASCII, such as a euro sign, joined to what stands beside them.
    """
    words: list[str] = []
    for piece in unicodedata.normalize("NFC", text).split():
        start = 0
        for at, character in enumerate(piece):
            if is_mark(character):
                words += [piece[start:at], character]
                start = at + 1
        words.append(piece[start:])
    return [word for word in words if word]


def is_mark(character: str) -> bool:
    """Whether a character is punctuation (P*) or a symbol (S*) of Unicode."""
    return unicodedata.category(character)[0] in "PS"


def letters_of(words: Iterable[str]) -> str:
    """Return what a sentence says, without case, spaces and marks."""
    return "".join(filter(str.isalnum, "".join(words).casefold()))


def spans_of(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return the spans as (start, end, type), `end` exclusive.

    Lenient, as conlleval and seqeval read tags: an `I-x` that follows neither `B-x` nor
    `I-x` starts a span of its own.
    """
    spans: list[tuple[int, int, str]] = []
    start, open_type = 0, ""  # "" while no span is open
    for at, tag in enumerate([*tags, "O"]):
        mark, type_ = tag[0], tag[2:]
        if mark == "I" and type_ == open_type:
            continue
        if open_type:
            spans.append((start, at, open_type))
        start, open_type = at, type_
    return spans


def tag_segments(
    segments: Iterable[tuple[str, str | None]],
) -> tuple[list[str], list[str]]:
    """Return tokens and BIO tags of a sentence that comes in segments.

    Args:
        segments: pieces of the text in order, each with the type of the span that it
            is, or None. A token never reaches over the edge of a segment, so that spans
            which the source sets side by side without a space stay apart.
    """
    tokens: list[str] = []
    tags: list[str] = []
    for text, span_type in segments:
        for position, word in enumerate(split_words(text)):
            tokens.append(word)
            mark = "I" if position else "B"
            tags.append(f"{mark}-{span_type}" if span_type else "O")
    return tokens, tags
