"""One JSON file a run: what was done, where, and what came of it.

A record's name is the hash of all that decides its numbers, so a run that is recorded
need not be made again, and one that would differ gets another name. Files are written
whole or not at all. A record is data: it is checked on reading, and never executed.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.grid import Job
from mtlhelpers.study.packing import RecordError, pack_outcomes
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run

NUMERICS = 1  # raised by a change of code that changes results

FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "numerics": int,
    "arm": str,
    "corpus": str,
    "corpus_sha256": str,
    "backbone": str,
    "backbone_sha256": str,
    "plan": dict,
    "environment": dict,
    "revision": (str, type(None)),
    "scores": dict,
    "before": dict,
    "validation": dict,
    "train_scores": (dict, type(None)),
    "history": list,
    "outcomes": dict,
    "proof": dict,
    "steps": int,
    "batches": dict,
    "total_parameters": int,
    "trainable_parameters": int,
    "seconds": dict,
    "peak_memory_bytes": (int, type(None)),
    "notes": list,
    "first": (dict, type(None)),
}


def record_id(job: Job, corpus_sha256: str, backbone_sha256: str, where: dict) -> str:
    """Sixteen hex digits from everything that decides the numbers of a run.

    A plan counts by what differs from a plan's defaults, so a field that is new to
    plans leaves the names of earlier runs as they are.
    """
    decides = {
        "plan": _decided(job.plan),
        "corpus": corpus_sha256,
        "backbone": job.backbone,
        "backbone_sha256": backbone_sha256,
        "numerics": NUMERICS,
        **{key: where[key] for key in ("dtype", "device", "threads")},
    }
    if job.measure:  # a record without it is another one, its scores are the same
        decides["measure"] = sorted(job.measure)
    text = json.dumps(decides, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _decided(plan: Plan) -> dict[str, Any]:
    plain = Plan().to_dict()
    found = {k: v for k, v in plan.to_dict().items() if v != plain[k]}
    if plan.first is not None:
        found["first"] = _decided(plan.first)
    return found


def run_fields(run: Run) -> dict[str, Any]:
    """The part of a record that a run itself gives."""
    return {
        "plan": run.plan.to_dict(),
        "environment": run.environment,
        "scores": asdict(run.scores),
        "before": asdict(run.before),
        "train_scores": asdict(run.train_scores),
        "history": run.history,
        "outcomes": pack_outcomes(run.outcomes),
        "proof": asdict(run.proof) | {"max_change": run.proof.max_change},
        "steps": run.steps,
        "batches": run.batches,
        "total_parameters": run.total_parameters,
        "trainable_parameters": run.trainable_parameters,
        "seconds": run.seconds,
        "notes": list(run.notes),
        "first": None if run.first is None else _earlier_stage(run.first),
    }


def _earlier_stage(run: Run) -> dict[str, Any]:
    """The fields of a stage before the last, without its outcomes by sentence."""
    return {key: value for key, value in run_fields(run).items() if key != "outcomes"}


def write_record(folder: Path, record: dict[str, Any]) -> Path:
    """Write a record under its id into the study's `records` folder."""
    check_record(record, "the new record")
    path = folder / "records" / f"{record['id']}.json"
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode("utf-8"))
    return path


def read_records(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of a study, sorted by id, and the faults of what is none.

    Packed ones (`records.jsonl`) and single ones (`records/ID.json`) together; one that
    is damaged is named and left out, the rest stand. Packed ones are kept for the next
    reader, so do not change them.
    """
    together, faults = [], []
    packed = folder / "records.jsonl"
    if packed.is_file():
        stat = packed.stat()
        together, faults = _packed_records(packed, stat.st_mtime_ns, stat.st_size)
    singles, damaged = _sound_of(_singles(folder / "records"))
    found = {record["id"]: record for record in (*together, *singles)}
    return [found[key] for key in sorted(found)], faults + damaged


def pack_records(folder: Path) -> Path:
    """Write every record as one sorted `records.jsonl`: what is committed."""
    records, _ = read_records(folder)
    lines = (json.dumps(r, sort_keys=True, ensure_ascii=False) + "\n" for r in records)
    path = folder / "records.jsonl"
    write_atomically(path, "".join(lines).encode("utf-8"))
    return path


def check_record(record: Any, where: str) -> dict[str, Any]:
    """Return the record. Raises `RecordError` unless it has the fields and types."""
    if not isinstance(record, dict):
        raise RecordError(f"{where} is no JSON object")
    for name, kind in FIELDS.items():
        if name not in record:
            raise RecordError(f"{where} has no field {name!r}")
        if not isinstance(record[name], kind):
            raise RecordError(f"{where}: {name!r} is a {type(record[name]).__name__}")
    return record


@lru_cache(maxsize=2)
def _packed_records(
    packed: Path, modified_ns: int, size: int
) -> tuple[list[dict[str, Any]], list[str]]:
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
) -> tuple[list[dict[str, Any]], list[str]]:
    """Records among texts, each with where it stands, and the faults of the others."""
    records, faults = [], []
    for where, text in texts:
        try:
            decoded = text.decode("utf-8", errors="replace")
            records.append(check_record(json.loads(decoded), where))
        except (RecordError, json.JSONDecodeError) as error:
            faults.append(f"{where}: {error}")
    return records, faults
