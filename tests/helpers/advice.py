"""Recorded runs of two scenarios with the scores that a test wants."""

from pathlib import Path

from helpers import outcomes
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job, Side
from mtlhelpers.study.records.store import write_record

# Points: accuracy and NER F1 of one scenario.
Points = tuple[float, float]


def note_runs(
    folder: Path,
    side: Side,
    corpus: str,
    size: int,
    points: Points,
    *,
    seeds: int = 3,
    plan: mtl.Plan | None = None,
    corpus_sha256: str = "0",
) -> None:
    """Runs of an arm as a study leaves them: each seed a point from the next."""
    for seed in range(seeds):
        settings = (plan or mtl.Plan()).to_dict()
        own = mtl.Plan.from_dict(settings | {"train_size": size, "seed": seed})
        job = Job(side.arm, corpus, "minilm", own)
        scores = [one / 100 + 0.01 * (seed - (seeds - 1) / 2) for one in points]
        key = f"{side.study}-{side.arm}-{corpus}-{size}-{seed}"
        given = record(key, job, outcomes.labels("1"), corpus_sha256=corpus_sha256)
        given["before"]["accuracy"] = 0.9
        given["scores"] |= dict(zip(("accuracy", "ner_f1"), scores))
        write_record(folder / side.study, given)
