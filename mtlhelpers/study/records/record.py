"""What a record is: the job that it is of, its id, its fields."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from mtlhelpers.study.errors import RecordError
from mtlhelpers.study.records.outcomes import (
    pack_outcomes,
)
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run

Record = dict[str, Any]
THREADS = 2


@dataclass(frozen=True)
class Job:
    """One plan of a study on one corpus and backbone."""

    arm: str
    corpus: str
    backbone: str
    plan: Plan
    threads: int = THREADS  # of torch, while the plan is carried out
    measure: tuple[str, ...] = ()  # of the trained model, besides its scores

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Job":
        """The job that a record is of, without what was measured besides its scores."""
        where = record["arm"], record["corpus"], record["backbone"]
        threads = record["environment"].get("threads", THREADS)
        return cls(*where, Plan.from_dict(record["plan"]), threads)


def told(arm: str, corpus: str, seed: int) -> str:
    """A job in a few words."""
    return f"{arm} on {corpus}, seed {seed}"


class Side(NamedTuple):
    """An arm of a study; `settings` of its plans tell it where its name does not."""

    study: str
    arm: str
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Choice:
    """The configuration that validation chose for one arm, corpus and size."""

    arm: str
    corpus: str
    backbone: str
    plan: Plan  # as tuned, of one of the tuning seeds
    steps: int  # that it took

    def at(self, size: int) -> Plan:
        """The plan for another size: as many steps below, as many epochs above."""
        return self.plan.scaled_to(size, self.steps)


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
