"""What readers of formats have in common: an item of a file, and text from bytes."""

import codecs
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mtlhelpers.errors import CorpusError

LONGEST_LINE = 10_000_000  # characters; read as JSON, they take up to 25 times as much


class Item(NamedTuple):
    """What a file holds of one sentence, before anything is made of it."""

    value: Any  # a record by key, or a JSON value as a tool exports it
    place: str  # for messages: "train.csv, line 3"
    name: str  # the id of a sentence that brings none


class Part(NamedTuple):
    """Items of one file or split, and which tool exported them."""

    items: Iterable[Item]
    path: str
    split: str | None
    export: str = "json"


def read_text(content: bytes, path: str) -> str:
    """Return the text of a file in UTF-8, without a byte order mark.

    Raises:
        CorpusError: for any other encoding, with its name where it can be told.
    """
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if content.startswith(mark):
            raise CorpusError(
                f"{path}, line 1: UTF-16 (Excel calls it Unicode text), not UTF-8. "
                "Save the file as UTF-8; in Excel as `CSV UTF-8`."
            )
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path}, line {line}: not UTF-8 at byte {error.start} of the file "
            f"(0x{content[error.start]:02x}{_guess(content)}). Save the file as UTF-8."
        ) from error


def _guess(content: bytes) -> str:
    """Say in which encoding Excel and old editors may have written it."""
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    return "; as cp1252, of Windows and older Excel, it could be read"


def filled_lines(text: str, path: str) -> Iterator[tuple[int, str]]:
    """Yield number and content of the lines that are not blank.

    Only "\\n" ends a line: str.splitlines would also cut at U+2028 inside a string.
    Raises `CorpusError` for a line that is too long for one sentence.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LONGEST_LINE:
            raise CorpusError(
                f"{path}, line {number}: {len(line):,} characters, and at most "
                f"{LONGEST_LINE:,} are read. Write one sentence per line."
            )
        if line.strip():
            yield number, line.removesuffix("\r")
