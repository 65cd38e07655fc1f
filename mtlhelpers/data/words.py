"""Words and spans: raw text to words, marked text to tags, tags to spans."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise


def split_words(text: str) -> list[str]:
    """Split text on white space, each punctuation mark or symbol a word of its own.

    `"don't, at 6:30"` gives `don ' t , at 6 : 30`. The text is put in NFC first; case
    is kept. BERT's basic tokeniser does the same (Devlin et al. 2019), but leaves
    symbols outside ASCII, such as a euro sign, joined to what stands beside them.
    """
    return [word for word, _ in locate_words(text)]


def locate_words(text: str) -> list[tuple[str, tuple[int, int]]]:
    """As `split_words`, each word with its place in the text as it was given.

    A place is (start, end) in characters, `end` exclusive.
    """
    found: list[tuple[str, tuple[int, int]]] = []
    for match in re.finditer(r"\S+", text):
        piece, places = _composed(match[0], match.start())
        marks = [at for at, character in enumerate(piece) if is_mark(character)]
        start = 0
        for at in [*marks, len(piece)]:
            for first, last in ((start, at), (at, min(at + 1, len(piece)))):
                if last > first:
                    place = places[first][0], places[last - 1][1]
                    found.append((piece[first:last], place))
            start = at + 1
    return found


def _composed(piece: str, at: int) -> tuple[str, list[tuple[int, int]]]:
    """The piece in NFC, and the place of each of its characters, counted from `at`."""
    if unicodedata.is_normalized("NFC", piece):
        return piece, [(at + i, at + i + 1) for i in range(len(piece))]
    starts = [0]  # of what composes: a letter and its accents, the parts of a syllable
    for i in range(1, len(piece)):
        before = piece[starts[-1] : i]
        apart = _nfc(before) + _nfc(piece[i])
        if not unicodedata.combining(piece[i]) and apart == _nfc(before + piece[i]):
            starts.append(i)
    whole, places = "", []
    for start, end in pairwise([*starts, len(piece)]):
        composed = _nfc(piece[start:end])
        whole += composed
        spare = (end - start) - len(composed)  # characters that the first one took in
        if spare < 0:  # it came apart
            places += [(at + start, at + end)] * len(composed)
            continue
        places.append((at + start, at + start + spare + 1))
        places += [(at + i, at + i + 1) for i in range(start + spare + 1, end)]
    return whole, places


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


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
