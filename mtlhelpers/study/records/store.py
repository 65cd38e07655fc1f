"""One JSON file a run: what was done, where, and what came of it.

A record's name is the hash of all that decides its numbers, so a run that is recorded
need not be made again, and one that would differ gets another name. Files are written
whole or not at all. A record is data: it is checked on reading, and never executed.
"""

import json
import warnings
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.errors import RecordError
from mtlhelpers.study.records.record import Record, check_record


def write_record(folder: Path, record: Record) -> Path:
    """Write a record under its id into the study's `records` folder."""
    check_record(record, "the new record")
    path = folder / "records" / f"{record['id']}.json"
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode("utf-8"))
    return path


def read_records(folder: Path) -> list[Record]:
    """The sound records of a study, sorted by id.

    Packed ones (`records.jsonl`) and single ones (`records/ID.json`) together. Warns of
    each that is damaged, and leaves it out. Packed ones are kept for the next reader,
    so do not change them.
    """
    records, faults = read_with_faults(folder)
    for fault in faults:
        warnings.warn(f"{fault}: left out")  # noqa: B028  from here: once for each fault
    return records


def read_with_faults(folder: Path) -> tuple[list[Record], list[str]]:
    """The same without warnings: beside the records a line on each damaged one."""
    together: list[Record] = []
    faults: list[str] = []
    packed = folder / "records.jsonl"
    if packed.is_file():
        stat = packed.stat()
        together, faults = _packed_records(packed, stat.st_mtime_ns, stat.st_size)
    singles, damaged = _sound_of(_singles(folder / "records"))
    by_id = {record["id"]: record for record in (*together, *singles)}
    return [by_id[key] for key in sorted(by_id)], faults + damaged


def pack_records(folder: Path) -> Path:
    """Write every record as one sorted `records.jsonl`: what is committed."""
    records, _ = read_with_faults(folder)
    lines = (json.dumps(r, sort_keys=True, ensure_ascii=False) + "\n" for r in records)
    path = folder / "records.jsonl"
    write_atomically(path, "".join(lines).encode("utf-8"))
    return path


@lru_cache(maxsize=2)
def _packed_records(
    packed: Path, modified_ns: int, size: int
) -> tuple[list[Record], list[str]]:
    """The records of a packed file and its faults; read again once the file changes.

    A study of 500 runs takes a second to read, and a lesson compares its arms a dozen
    times.
    """
    lines = enumerate(packed.read_bytes().splitlines(), start=1)
    return _sound_of((f"{packed}, line {number}", line) for number, line in lines)


def _singles(folder: Path) -> Iterable[tuple[str, bytes]]:
    for path in sorted(folder.glob("*.json")):
        yield str(path), path.read_bytes()


def _sound_of(
    texts: Iterable[tuple[str, bytes]],
) -> tuple[list[Record], list[str]]:
    """Records among texts, each with where it stands, and the faults of the others."""
    records, faults = [], []
    for where, text in texts:
        try:
            decoded = text.decode("utf-8", errors="replace")
            records.append(check_record(json.loads(decoded), where))
        except (RecordError, json.JSONDecodeError) as error:
            faults.append(f"{where}: {error}")
    return records, faults


def record_files(folder: Path) -> set[str]:
    """The ids that have a file in the study's `records`, damaged or not."""
    return {path.stem for path in (folder / "records").glob("*.json")}
