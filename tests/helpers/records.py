"""Records as a study would have left them, without a run."""

from dataclasses import asdict
from typing import Any

from mtlhelpers.study.records.outcomes import pack_outcomes
from mtlhelpers.study.records.record import Job
from mtlhelpers.training.run import Outcomes

NONE = ("accuracy", "macro_f1", "ner_f1", "exact_match")


def record(key: str, job: Job, outcomes: Outcomes, **changes: Any) -> dict[str, Any]:
    """A whole record of a job, with these outcomes and no scores but those given."""
    plan = job.plan.resolve(job.plan.train_size)
    return {
        **dict.fromkeys(("corpus_sha256", "backbone_sha256", "revision"), "0"),
        **dict.fromkeys(("environment", "batches", "seconds", "proof"), {}),
        **{key: dict.fromkeys(NONE) for key in ("scores", "before", "validation")},
        **asdict(job),
        "id": key,
        "numerics": 1,
        "plan": plan.to_dict(),
        "train_scores": None,
        "history": [],
        "outcomes": pack_outcomes(outcomes),
        "steps": 10,
        "total_parameters": 1,
        "trainable_parameters": 1,
        "peak_memory_bytes": None,
        "notes": [],
        "first": None,
        **changes,
    }
