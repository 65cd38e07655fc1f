"""Which format a file has: by its name, or where that leaves it open, by content."""

import json
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import NamedTuple

from mtlhelpers.data.formats.arrow import read_arrow, read_parquet
from mtlhelpers.data.formats.conll import looks_like_conll, read_conll
from mtlhelpers.data.formats.exports import EXPORTS, read_docbin, recognise_export
from mtlhelpers.data.formats.items import Item
from mtlhelpers.data.formats.jsonl import read_jsonl
from mtlhelpers.data.formats.sheets import read_csv
from mtlhelpers.errors import CorpusError

Reader = Callable[[bytes, str, str], Iterator[Item]]
_HEAD = 65_536  # bytes that are looked at


class Format(NamedTuple):
    """How a file is read, and what is made of each of its items."""

    name: str
    reader: Reader
    export: str = "json"


FORMATS = {
    "csv": Format("csv", read_csv),
    "tsv": Format("csv", read_csv),
    "jsonl": Format("json", read_jsonl),
    "conll": Format("conll", read_conll),
    "parquet": Format("parquet", read_parquet),
    "arrow": Format("arrow", read_arrow),
    "docbin": Format("docbin", read_docbin, "spacy"),
} | {name: Format(name, read_jsonl, name) for name in EXPORTS}
_SUFFIXES = {
    ".csv": "csv",
    ".conll": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".spacy": "docbin",
}
_OPEN = (".jsonl", ".ndjson", ".json", ".tsv", ".tab", ".txt")  # content decides
_STARTS = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\x78\x9c": "docbin"}
_REFUSED = {
    ".xlsx": "an Excel workbook. In Excel, save the sheet as `CSV UTF-8`",
    ".xls": "an Excel workbook. In Excel, save the sheet as `CSV UTF-8`",
    ".zip": "packed. Unpack it first",
    ".gz": "packed. Unpack it first",
    ".pkl": "a pickle, which can run code. Write it as Parquet or CSV",
}


def is_known(path: PurePath) -> bool:
    """Whether files with such a name can be read, as far as the name tells."""
    return path.suffix.casefold() in (*_SUFFIXES, *_OPEN)


def recognise_format(path: str, content: bytes, forced: str | None) -> Format:
    """Return the format of a file.

    Raises:
        CorpusError: for a format that nobody reads here, forced or by the name.
    """
    if forced is not None:
        return _forced(path, forced)
    suffix = PurePath(path).suffix.casefold()
    if suffix in _REFUSED:
        raise CorpusError(f"{path}: {_REFUSED[suffix]}.")
    if suffix in _SUFFIXES:
        return FORMATS[_SUFFIXES[suffix]]
    for start, name in _STARTS.items():
        if content.startswith(start):
            return FORMATS[name]
    text = content[:_HEAD].decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    is_json = suffix in (".json", ".jsonl", ".ndjson") or text[:1] == "{"
    if is_json or (text[:1] == "[" and not looks_like_conll(text)):
        return FORMATS[recognise_export(_first_value(text))]
    return FORMATS["conll" if looks_like_conll(text) else "csv"]


def _forced(path: str, name: str) -> Format:
    if name not in FORMATS:
        known = ", ".join(sorted([*FORMATS, "hub"]))
        raise CorpusError(f"{path}: no format {name!r}. There are {known}.")
    return FORMATS[name]


def _first_value(text: str) -> object:
    """Return the first value of JSONL, or of an array; None where it is not JSON."""
    decoder = json.JSONDecoder()
    try:
        value, _ = decoder.raw_decode(text)
    except RecursionError:
        return None
    except ValueError:
        # An array that goes on beyond what is looked at, or is broken further on.
        inner = text[1:].lstrip() if text[:1] == "[" else ""
        try:
            value, _ = decoder.raw_decode(inner)
        except (ValueError, RecursionError):
            return None
        return value
    pair = isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
    return value[0] if isinstance(value, list) and value and not pair else value
