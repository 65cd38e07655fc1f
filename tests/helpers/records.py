"""Records as a study would have left them, without a run."""

import json
from dataclasses import asdict
from typing import Any

from mtlhelpers.study.records.record import Job, own_id, pack_outcomes
from mtlhelpers.training.plan import METRICS
from mtlhelpers.training.scores import Outcomes

SCORED = ("scores", "before", "validation", "train_scores")


def record(key: str, job: Job, outcomes: Outcomes, **changes: Any) -> dict[str, Any]:
    """A whole record of a job as it is read, with these outcomes and no other scores.

    The key stands for the backbone's weights, so that two keys give two records.
    """
    plan = job.plan.resolve(job.plan.train_size or 100)
    made = {
        **asdict(job),
        "numerics": 1,
        "corpus_sha256": "0",
        "backbone_sha256": key,
        "revision": "0",
        "plan": plan.to_dict(),
        "environment": {"dtype": "float32", "device": "cpu", "threads": job.threads},
        "scores": {},
        "before": {},
        "validation": {},
        "train_scores": None,
        "history": [],
        "outcomes": pack_outcomes(outcomes),
        "proof": {"tensors": 0, "moved": [], "max_change": 0.0},
        "steps": 10,
        "batches": {},
        "total_parameters": 1,
        "trainable_parameters": 1,
        "seconds": {"setup": 0.0, "steps": 0.0, "total": 0.0},
        "peak_memory_bytes": None,
        "notes": [],
        "first": None,
        **changes,
    }
    for name in SCORED:
        if made[name] is not None:
            made[name] = dict.fromkeys(METRICS) | made[name]
    return json.loads(json.dumps({"id": own_id(made)} | made))
