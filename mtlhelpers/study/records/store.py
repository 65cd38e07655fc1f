"""The records of a study on disk: read, written one by one, packed into one file.

A record's name is the hash of all that decides its numbers, so a run that is recorded
need not be made again, and one that would differ gets another name. Files are written
whole or not at all. A record is data: it is checked on reading, and never executed.

A single record is JSON. Many are a Parquet file, compressed by zstd: a row each, with
columns for what tells records apart and for the long, much alike outcomes, and the rest
as JSON. It takes a sixth of the JSON alone, and any reader of Parquet opens it.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.regular import MB, check_regular, read_regular
from mtlhelpers.errors import RecordError, StudyError
from mtlhelpers.study.records.record import Record
from mtlhelpers.study.records.schema import check_record

PACKED, PACKED_BEFORE = "records.parquet", "records.jsonl"

OUTCOMES = ("label_right", "true_spans", "predicted_spans", "correct_spans")
COLUMNS = ("id", "arm", "corpus", *OUTCOMES, "rest")
REPEATED = ["arm", "corpus", "true_spans"]  # the same in many rows: kept once
PAGE = 64 * 2**20  # bytes: one page for a column, so that all its rows compress as one
LEVEL = 9  # of zstd: 15 takes ten times as long for 2 % less

MOST_RECORD = 100 * MB  # of a single one, as JSON

_Row = dict[str, bytes]
Read = tuple[str, Record | RecordError]  # where something stands, and what it is


def write_record(folder: Path, record: Record) -> Path:
    """Write a record under its id into the study's `records` folder.

    Raises `ValueError` where it is none, `OSError` where it cannot be written.
    """
    content = f"{to_json(record)}\n".encode()
    key = check_record(from_json(content))["id"]
    path = folder / "records" / f"{key}.json"
    write_atomically(path, content)
    return path


def read_records(folder: Path) -> list[Record]:
    """Return the sound records of a study, sorted by id.

    They lie packed (`records.parquet`, or `records.jsonl` of earlier versions) and
    single (`records/ID.json`). Warns of each that is damaged, and leaves it out. Packed
    ones are kept for the next reader, so do not change them. Raises `RecordError` where
    two records of one id differ.
    """
    records, faults = read_with_faults(folder)
    for fault in faults:
        warnings.warn(f"{fault}: left out")  # noqa: B028  from here: once for each fault
    return records


def read_with_faults(folder: Path) -> tuple[list[Record], list[str]]:
    """Do the same without warnings; return a line on each damaged record beside."""
    return _sorted_out(_everything(folder))


def read_file(path: Path) -> tuple[list[Record], list[str]]:
    """Do the same with one file: .parquet or .jsonl of many records, .json of one."""
    if path.suffix == ".json":
        return _sorted_out([_read_single(path)])
    return _sorted_out(_read_packed(path, *_version(path)))


def _sorted_out(everything: Iterable[Read]) -> tuple[list[Record], list[str]]:
    faults: list[str] = []
    sound: dict[str, tuple[str, Record]] = {}
    for where, one in everything:
        if isinstance(one, RecordError):
            faults.append(f"{where}: {one}")
            continue
        elsewhere, other = sound.setdefault(one["id"], (where, one))
        if other != one:
            raise RecordError(
                f"{elsewhere} and {where} are two records of the id {one['id']} with "
                f"other contents: remove one of them"
            )
    return [sound[key][1] for key in sorted(sound)], faults


def pack_records(folder: Path) -> Path:
    """Write every record into one `records.parquet`, sorted by id: what is committed.

    The same records give the same bytes. What they were read from stays. Raises
    `StudyError`, and writes nothing, where one is damaged: it would be lost.
    """
    records, faults = read_with_faults(folder)
    if faults:
        raise StudyError(f"not packed: mend or remove {'; '.join(faults)}")
    path = folder / PACKED
    write_atomically(path, to_table(records))
    return path


def _everything(folder: Path) -> Iterator[Read]:
    for path in (folder / PACKED, folder / PACKED_BEFORE):
        if os.path.lexists(path):
            yield from _read_packed(path, *_version(path))
    for path in sorted((folder / "records").glob("*.json")):
        where, one = _read_single(path)
        if isinstance(one, dict) and one["id"] != path.stem:
            one = RecordError(f"it holds the record {one['id']}")
        yield where, one


@lru_cache(maxsize=2)
def _read_packed(path: Path, modified_ns: int, size: int) -> list[Read]:
    """What a packed file holds; read again once it changes.

    A lesson compares the arms of one study a dozen times.
    """
    try:
        if path.suffix == ".jsonl":
            lines = enumerate(read_regular(path).splitlines(), start=1)
            return [_read(f"{path}, line {n}", from_json, line) for n, line in lines]
        rows = enumerate(read_rows(path), start=1)
        return [_read(f"{path}, row {n}", from_row, row) for n, row in rows]
    except (RecordError, OSError) as error:
        return [(str(path), RecordError(str(error)))]


def _version(path: Path) -> tuple[int, int]:
    """When a file was changed, and its size: it is read again once they differ."""
    found = path.stat() if path.exists() else path.lstat()  # a link to nothing
    return found.st_mtime_ns, found.st_size


def _read_single(path: Path) -> Read:
    try:
        return _read(str(path), from_json, read_regular(path, MOST_RECORD))
    except OSError as error:
        return str(path), RecordError(str(error))


def _read(where: str, decode: Callable[[Any], object], raw: object) -> Read:
    try:
        return where, check_record(decode(raw))
    except RecordError as error:
        return where, error
    except (ValueError, RecursionError) as error:
        return where, RecordError(str(error))


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
    named = {name: record[name] for name in ("id", "arm", "corpus")}
    rest = {key: value for key, value in record.items() if key not in named}
    columns |= named
    return columns | {"rest": to_json(rest | {"outcomes": outcomes})}


def read_rows(path: Path) -> Iterator[_Row]:
    """Yield the rows of a Parquet file. Raises `RecordError` where it has no such."""
    try:
        check_regular(path)
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
