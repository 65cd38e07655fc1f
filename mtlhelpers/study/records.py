"""One JSON file a run: what was done, where, and what came of it.

A record's name is the hash of all that decides its numbers, so a run that is recorded
need not be made again, and one that would differ gets another name. Files are written
whole or not at all. A record is data: it is checked on reading, and never executed.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.grid import Job
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run
from mtlhelpers.training.scores import Outcomes

NUMERICS = 1  # raised by a change of code that changes results
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
COUNT = re.compile(r"[0-9a-z]|\(\d+\)")  # (36) and above are written out

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


class RecordError(ValueError):
    """A file that is no record; the message names it and says why."""


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


def pack_outcomes(outcomes: Outcomes) -> dict[str, str]:
    """A character a sentence: 1, 0 or - for the label, base 36 for a count of spans.

    A count of 36 or more, which a long sentence may have, stands in parentheses.
    """
    marks = {True: "1", False: "0", None: "-"}
    spans = ("true_spans", "predicted_spans", "correct_spans")
    return {
        "label_right": "".join(marks[right] for right in outcomes.label_right),
        **{key: "".join(map(_count, getattr(outcomes, key))) for key in spans},
    }


def unpack_outcomes(packed: dict[str, str]) -> Outcomes:
    """What `pack_outcomes` packed."""
    marks = {"1": True, "0": False, "-": None}
    spans = {
        key: _counts(packed[key])
        for key in ("true_spans", "predicted_spans", "correct_spans")
    }
    return Outcomes(label_right=[marks[m] for m in packed["label_right"]], **spans)


def _count(number: int) -> str:
    return DIGITS[number] if number < len(DIGITS) else f"({number})"


def _counts(packed: str) -> list[int]:
    found = COUNT.findall(packed)
    if "".join(found) != packed:
        raise RecordError(f"{packed[:20]!r} are no counts of spans")
    return [int(one[1:-1]) if one[0] == "(" else DIGITS.index(one) for one in found]


def unpack_labels(packed: str) -> Outcomes:
    """Outcomes of sentences of which only labels were asked for."""
    spans = ("true_spans", "predicted_spans", "correct_spans")
    none = dict.fromkeys(spans, "0" * len(packed))
    return unpack_outcomes({"label_right": packed} | none)


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
    is damaged is named and left out, the rest stand.
    """
    found: dict[str, dict[str, Any]] = {}
    faults = []
    for where, text in _texts(folder):
        try:
            record = check_record(json.loads(text), where)
        except (RecordError, json.JSONDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{where}: {error}")
            continue
        found[record["id"]] = record
    return [found[key] for key in sorted(found)], faults


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


def _texts(folder: Path) -> Iterable[tuple[str, str]]:
    packed = folder / "records.jsonl"
    if packed.is_file():
        lines = packed.read_bytes().splitlines()
        for number, line in enumerate(lines, start=1):
            yield f"{packed}, line {number}", line.decode("utf-8", errors="replace")
    for path in sorted((folder / "records").glob("*.json")):
        yield str(path), path.read_bytes().decode("utf-8", errors="replace")
