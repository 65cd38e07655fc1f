"""JSON: one value per line, or one array of all."""

import json
from collections.abc import Iterator
from typing import Any

from mtlhelpers.data.formats.items import Item, filled_lines, read_text
from mtlhelpers.errors import CorpusError

MOST_JSON = 200_000_000  # characters of one value
FORM = '{"id": ..., "tokens": [...], "tags": [...], "label": ...}'


def read_jsonl(content: bytes, path: str, stem: str) -> Iterator[Item]:
    """Yield the values of a file, by line or by place in the array that it is.

    A value without id is called "<stem>-<line>". Raises `CorpusError` where it is not
    JSON.
    """
    text = read_text(content, path)
    whole = _whole(text, path)
    if whole is not None:
        for number, value in enumerate(whole, start=1):
            yield Item(value, f"{path}, item {number}", f"{stem}-{number}")
        return
    for number, line in filled_lines(text, path):
        place = f"{path}, line {number}"
        yield Item(_parsed(line, place), place, f"{stem}-{number}")


def _parsed(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CorpusError(
            f"{place}: malformed JSON{_where(error)}. Write one object per line: "
            f"{FORM}."
        ) from error


def _where(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f" at column {error.colno} ({error.msg})"
    deep = isinstance(error, RecursionError)
    return " (nested too deeply)" if deep else " (a number of too many digits)"


def _whole(text: str, path: str) -> list[Any] | None:
    """Return the values if the text is one of JSON over several lines, or an array."""
    start = text.lstrip()[:2].strip()
    first = text.lstrip().split("\n", maxsplit=1)[0].strip()
    if start[:1] != "[" and first != "{":
        return None
    if len(text) > MOST_JSON:
        raise CorpusError(
            f"{path}: one JSON value of {len(text):,} characters, and at most "
            f"{MOST_JSON:,} are read. Write one object per line (JSONL)."
        )
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        extra = isinstance(error, json.JSONDecodeError) and error.msg == "Extra data"
        if extra and first.endswith("]"):
            return None  # one array per line, as pairs of spaCy
        line = f", line {error.lineno}" if hasattr(error, "lineno") else ""
        raise CorpusError(
            f"{path}{line}: malformed JSON{_where(error)}. Mend it there; the file "
            "begins as one array or object of everything."
        ) from error
    pair = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    return value if isinstance(value, list) and not pair else [value]
