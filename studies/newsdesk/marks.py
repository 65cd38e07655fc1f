"""A hand-written sentence with inline marks: `[Lena Ortiz|person] opened the hearing`.

A mark holds a surface (words as they stand in a list) and its entity type. What stands
outside the marks is kept as it is. Every fault is named with file, line and column.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mtlhelpers.data.words import is_mark, tag_segments
from mtlhelpers.errors import CorpusError
from studies.newsdesk.lexicon import Class, Lexicon, Line, read_lines

FEWEST_WORDS, MOST_WORDS = 6, 22


class Mention(NamedTuple):
    """What a mark holds."""

    surface: str
    kind: Class


@dataclass(frozen=True)
class Sentence:
    """A hand-written sentence.

    Attributes:
        topic: the name of its file.
        number: its place among the sentences of the file, from 1.
        pieces: text and mentions, in turn; text that is "" is left out.
        line: where it stands.
    """

    topic: str
    number: int
    pieces: tuple[str | Mention, ...]
    line: Line

    @property
    def group(self) -> str:
        """The name that all variants of the sentence share: "politics-017"."""
        return f"{self.topic}-{self.number:03}"

    @property
    def mentions(self) -> list[Mention]:
        """The mentions, from left to right."""
        return [piece for piece in self.pieces if isinstance(piece, Mention)]

    @property
    def skeleton(self) -> str:
        """The sentence with mentions replaced by their types, without case."""
        return "".join(
            piece.casefold() if isinstance(piece, str) else f"[{piece.kind.type}]"
            for piece in self.pieces
        )


def read_sentences(folder: Path, lexicon: Lexicon) -> dict[str, list[Sentence]]:
    """Read `<folder>/<topic>.txt`, the sentences of each topic.

    Raises `CorpusError` for the first fault, with file, line and column; among them two
    sentences that differ in their mentions alone.
    """
    paths = sorted(folder.glob("*.txt"), key=lambda path: path.name)
    if not paths:
        raise CorpusError(f"{folder}: no sentences. Put them in {folder}/<topic>.txt.")
    lines: dict[str, Line] = {}  # of each skeleton
    topics = {}
    for path in paths:
        topics[path.stem] = [
            Sentence(path.stem, number, read_pieces(line, lexicon), line)
            for number, line in enumerate(read_lines(path), start=1)
        ]
        if not topics[path.stem]:
            raise CorpusError(f"{path}: no sentences. Write some, or remove the file.")
        for sentence in topics[path.stem]:
            first = lines.setdefault(sentence.skeleton, sentence.line)
            if first is not sentence.line:
                same = f"the same as {first.path.name}, line {first.number}"
                remedy = "Write another sentence, or remove one of the two"
                sentence.line.fail(1, f"apart from its marks {same}", remedy)
    return topics


def read_pieces(line: Line, lexicon: Lexicon) -> tuple[str | Mention, ...]:
    """Cut a line into text and mentions.

    Raises `CorpusError` for a mark that is not closed, empty, nested, of unknown type
    or inside a word; for a surface that no list of its type has; for a sentence of
    fewer than 6 or more than 22 words.
    """
    pieces: list[str | Mention] = []
    at = 0
    while at < len(line.text):
        if line.text[at] == "[":
            end = _end_of_mark(line, at)
            pieces.append(_read_mark(line, at, end, lexicon))
        else:
            end = line.text.find("[", at)
            end = len(line.text) if end < 0 else end
            _check_text(line, at, end)
            pieces.append(line.text[at:end])
        at = end
    count = count_words(pieces)
    if not FEWEST_WORDS <= count <= MOST_WORDS:
        limits = f"{FEWEST_WORDS} to {MOST_WORDS}"
        line.fail(1, f"{count} words", f"Write sentences of {limits} words")
    return tuple(pieces)


def words_and_tags(
    pieces: Sequence[str | Mention],
) -> tuple[list[str], list[str]]:
    """Return the words of a sentence and the BIO tag of each.

    Words are those of `split_words`: a genitive or a comma that touches a mark is a
    word of its own, outside it.
    """
    return tag_segments(
        (piece, None) if isinstance(piece, str) else (piece.surface, piece.kind.type)
        for piece in pieces
    )


def count_words(pieces: Sequence[str | Mention]) -> int:
    """Count the words as a reader does: cut at blanks, marks of punctuation apart."""
    text = "".join(one if isinstance(one, str) else one.surface for one in pieces)
    return sum(any(map(str.isalnum, word)) for word in text.split())


def _end_of_mark(line: Line, start: int) -> int:
    end = line.text.find("]", start)
    inner = line.text.find("[", start + 1)
    if end < 0:
        line.fail(start + 1, "a mark is not closed", "Close it: [surface|type]")
    if 0 <= inner < end:
        fault = "a mark begins inside another, or the one before it is not closed"
        line.fail(inner + 1, fault, "Close each mark before the next: [surface|type]")
    return end + 1


def _read_mark(line: Line, start: int, end: int, lexicon: Lexicon) -> Mention:
    surface, bar, type_ = line.text[start + 1 : end - 1].partition("|")
    column = start + 2
    types = ", ".join(lexicon.types)
    if not bar:
        line.fail(column, "the mark names no type", f"Write [{surface}|type]: {types}")
    if type_ not in lexicon.types:
        fault = f"unknown type {type_!r}"
        line.fail(column + len(surface) + 1, fault, f"Take one of these: {types}")
    if not surface.strip():
        line.fail(column, "the mark is empty", "Put words in it, or take it out")
    if surface.strip() != surface:
        fault = "the mark begins or ends with a blank"
        line.fail(column, fault, "Put the blank outside")
    if not line.text[:start].strip("\"'("):
        surface = _as_listed(surface, type_, lexicon)
    if (type_, surface) not in lexicon.classes:
        names = [kind.name for kind in lexicon.members if kind.type == type_]
        fault = f"{surface!r} stands in no list of {type_}"
        remedy = f"Add it to one of lists/{type_}/: {', '.join(names)} (.txt)"
        line.fail(column, fault, remedy)
    _check_edges(line, start, end)
    return Mention(surface, lexicon.classes[type_, surface])


def _as_listed(surface: str, type_: str, lexicon: Lexicon) -> str:
    """Undo the capital that opens a sentence: "Last week" is listed as "last week"."""
    lowered = surface[:1].lower() + surface[1:]
    known = (type_, surface) in lexicon.classes
    return lowered if not known and (type_, lowered) in lexicon.classes else surface


def _check_edges(line: Line, start: int, end: int) -> None:
    for at in (start - 1, end):
        beside = line.text[at : at + 1] if at >= 0 else ""
        if beside and not beside.isspace() and not is_mark(beside):
            fault = f"{beside!r} touches the mark"
            line.fail(at + 1, fault, "A mark holds whole words: put a blank between")


def _check_text(line: Line, start: int, end: int) -> None:
    for at in range(start, end):
        character = line.text[at]
        if character in "]|":
            fault = f"{character!r} outside a mark"
            line.fail(at + 1, fault, "Write marks as [surface|type]")
        if unicodedata.category(character) == "Cc":
            line.fail(at + 1, f"control character {character!r}", "Remove it")
