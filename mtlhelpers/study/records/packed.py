"""Records as text and as one table: the bytes that a study keeps, and back.

A single record is JSON. Many are a Parquet file, compressed by zstd: a row each, with
columns for what tells records apart and for the long, much alike outcomes, and the rest
as JSON. It takes a sixth of the JSON alone, and any reader of Parquet opens it.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from mtlhelpers.study.errors import RecordError
from mtlhelpers.study.records.record import Record

OUTCOMES = ("label_right", "true_spans", "predicted_spans", "correct_spans")
COLUMNS = ("id", "arm", "corpus", *OUTCOMES, "rest")
REPEATED = ["arm", "corpus", "true_spans"]  # the same in many rows: kept once
PAGE = 64 * 2**20  # bytes: one page for a column, so that all its rows compress as one
LEVEL = 9  # of zstd: 15 takes ten times as long for 2 % less

_Row = dict[str, bytes]


def to_json(value: object) -> str:
    """Return JSON on one line, always the same. Raises `ValueError` for a NaN."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def from_json(raw: bytes) -> Any:
    """Return what stands in JSON. Raises `ValueError` for what is none, or deep."""
    text = raw.decode("utf-8")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise RecordError("it is nested too deeply") from error
    if "\\u" in text:  # half a character can be escaped, and not be written again
        to_json(value).encode("utf-8")
    return value


def _refuse(constant: str) -> NoReturn:
    raise RecordError(f"{constant} is no JSON")


def to_table(records: Sequence[Record]) -> bytes:
    """Return the records as a Parquet file, in their order."""
    rows = [_cells(record) for record in records]
    schema = pa.schema([pa.field(name, pa.string(), False) for name in COLUMNS])
    table = pa.table({name: [row[name] for row in rows] for name in COLUMNS}, schema)
    content = pa.BufferOutputStream()
    pq.write_table(
        table,
        content,
        compression="zstd",
        compression_level=LEVEL,
        data_page_size=PAGE,
        use_dictionary=REPEATED,
        write_page_checksum=True,
        write_statistics=False,
        store_schema=False,
    )
    as_bytes: bytes = content.getvalue().to_pybytes()
    return as_bytes


def _cells(record: Record) -> dict[str, str]:
    outcomes = dict(record["outcomes"])
    columns = {name: outcomes.pop(name) for name in OUTCOMES}
    columns |= {name: record[name] for name in ("id", "arm", "corpus")}
    rest = {key: value for key, value in record.items() if key not in columns}
    return columns | {"rest": to_json(rest | {"outcomes": outcomes})}


def read_rows(path: Path) -> Iterator[_Row]:
    """Yield the rows of a Parquet file. Raises `RecordError` where it has no such."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
    except (pa.ArrowException, ValueError, OSError) as error:
        raise RecordError(f"it cannot be read ({error})") from error
    kinds = {field.name: str(field.type) for field in table.schema}
    if kinds != dict.fromkeys(COLUMNS, "string"):
        raise RecordError(f"its columns are not {', '.join(COLUMNS)}, all texts")
    if any(column.null_count for column in table.columns):
        raise RecordError("it has empty cells")
    # As bytes, so that a text that is damaged is the fault of its row alone.
    columns = [table[name].cast(pa.binary()).to_pylist() for name in COLUMNS]
    yield from (dict(zip(COLUMNS, row)) for row in zip(*columns))


def from_row(row: _Row) -> Record:
    """Return the record in a row. Raises `ValueError` for what is none."""
    rest = from_json(row["rest"])
    if not isinstance(rest, dict) or not isinstance(rest.get("outcomes"), dict):
        raise RecordError("its rest is no JSON object with outcomes")
    texts = {name: row[name].decode("utf-8") for name in COLUMNS[:-1]}
    outcomes = {name: texts.pop(name) for name in OUTCOMES}
    return rest | texts | {"outcomes": rest["outcomes"] | outcomes}
