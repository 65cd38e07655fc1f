"""Sentences to answer, read one by one from text lines, JSON lines or CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from mtlhelpers.data.formats.sheets import DELIMITERS
from mtlhelpers.errors import InputError
from mtlhelpers.model.prediction import RawSentence


class Question(NamedTuple):
    """A sentence and where it came from."""

    line: int  # from 1
    sentence: RawSentence
    id: Any = None  # as the line gives it
    fault: str | None = None  # why there is no sentence in this line


def read_text_lines(file: BinaryIO, _: str) -> Iterator[Question]:
    """Every line is a sentence, blank ones too."""
    for number, line in enumerate(file, start=1):
        text, fault = _decoded(line, number)
        yield Question(number, text, fault=fault)


def read_json_lines(file: BinaryIO, _: str) -> Iterator[Question]:
    """Every line is an object with `text` or `tokens`, and maybe an `id`.

    Blank lines are left out.
    """
    for number, line in enumerate(file, start=1):
        text, fault = _decoded(line, number)
        if fault or (text and text.strip()):
            yield (
                Question(number, None, fault=fault) if fault else _parsed(text, number)
            )


def read_table(file: BinaryIO, path: str) -> Iterator[Question]:
    """Every row of a CSV is a sentence, in the column `text`; a column `id` is kept.

    Cells are parted by comma, semicolon or tab: whichever gives a column `text`.
    Raises `ValueError` where there is none, and for what is no CSV.
    """
    wrapped = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    before = 0
    try:
        names, mark = _columns(wrapped.readline(), path)
        rows = csv.DictReader(wrapped, names, delimiter=mark, strict=True)
        before = 1
        for row in rows:
            yield Question(before + 1, row["text"], row.get("id"))
            before = rows.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}, after line {before}: {error}") from error
    finally:
        wrapped.detach()


READERS: dict[str, Callable[[BinaryIO, str], Iterator[Question]]] = {
    "text": read_text_lines,
    "jsonl": read_json_lines,
    "csv": read_table,
}
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv"}


def reader_of(path: str, form: str | None) -> Callable[..., Iterator[Question]]:
    """The reader of a form that is named, or else of the one that a file ends in."""
    return READERS[form or _ENDINGS.get(Path(path).suffix.lower(), "text")]


def _columns(head: str, path: str) -> tuple[list[str], str]:
    """The names in the first line of a table, and what parts them."""
    names = {mark: next(csv.reader([head], delimiter=mark), []) for mark in DELIMITERS}
    for mark, parted in names.items():
        if "text" in parted:
            return parted, mark
    found = ", ".join(names[max(DELIMITERS, key=head.count)]) or "none"
    raise InputError(f"{path}: no column 'text' in its first line; found: {found}")


def _decoded(line: bytes, number: int) -> tuple[str | None, str | None]:
    """The text of a line, or why it has none."""
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        return None, f"not UTF-8 (0x{line[error.start]:02x} at byte {error.start})"
    return (text.removeprefix("\ufeff") if number == 1 else text), None


def _parsed(line: str | None, number: int) -> Question:
    try:
        given = json.loads(line or "")
    except json.JSONDecodeError as error:
        fault = f"malformed JSON at column {error.colno} ({error.msg})"
        return Question(number, None, fault=fault)
    except (ValueError, RecursionError):
        fault = "JSON that is nested too deeply, or has a number of too many digits"
        return Question(number, None, fault=fault)
    if not isinstance(given, dict) or not given.keys() & {"text", "tokens"}:
        return Question(number, None, fault="no object with `text` or `tokens`")
    name, text, tokens = (given.get(key) for key in ("id", "text", "tokens"))
    if tokens is None and (text is None or isinstance(text, str)):
        return Question(number, text, name)
    if isinstance(tokens, list) and all(isinstance(token, str) for token in tokens):
        return Question(number, tokens, name)
    fault = (
        "`text` is no string" if tokens is None else "`tokens` is no list of strings"
    )
    return Question(number, None, name, fault)
