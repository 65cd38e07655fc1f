"""What a record is of, what it holds, and the id that names it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mtlhelpers.training.plan import Plan

Record = dict[str, Any]  # its fields stand in schema.py

NUMERICS = 1  # raised by a change of code that changes results
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
    def of(cls, record: Record) -> "Job":
        """Return the job of a record, without what was measured besides its scores."""
        where = record["arm"], record["corpus"], record["backbone"]
        threads = record["environment"].get("threads", THREADS)
        return cls(*where, Plan.from_dict(record["plan"]), threads)

    def __str__(self) -> str:
        return f"{self.arm} on {self.corpus}, seed {self.plan.seed}"


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
        """Return the plan for another size: the same steps below, epochs above."""
        return self.plan.scaled_to(size, self.steps)


def record_id(
    job: Job,
    corpus_sha256: str,
    backbone_sha256: str,
    where: Mapping[str, Any],
    numerics: int = NUMERICS,
) -> str:
    """Return sixteen hex digits from everything that decides the numbers of a run.

    A plan counts by what differs from a plan's defaults, so a field that is new to
    plans leaves the names of earlier runs as they are.
    """
    decides = {
        "plan": _decided(job.plan),
        "corpus": corpus_sha256,
        "backbone": job.backbone,
        "backbone_sha256": backbone_sha256,
        "numerics": numerics,
        **{key: where[key] for key in ("dtype", "device", "threads")},
    }
    if job.measure:  # a record without it is another one, its scores are the same
        decides["measure"] = sorted(job.measure)
    text = json.dumps(decides, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def own_id(record: Record) -> str:
    """Return the id that a record's plan, corpus, backbone and machine give."""
    measured = tuple(record.get("measured", ()))
    return record_id(
        replace(Job.of(record), plan=_filled_plan(record), measure=measured),
        record["corpus_sha256"],
        record["backbone_sha256"],
        record["environment"],
        record["numerics"],
    )


def _filled_plan(stage: Record) -> Plan:
    """The plan of a stage and, as they were carried out, of the stages before it."""
    first = stage["first"] and _filled_plan(stage["first"])
    return replace(Plan.from_dict(stage["plan"]), first=first)


def _decided(plan: Plan) -> dict[str, Any]:
    plain = Plan().to_dict()
    changed = {k: v for k, v in plan.to_dict().items() if v != plain[k]}
    if plan.first is not None:
        changed["first"] = _decided(plan.first)
    return changed
