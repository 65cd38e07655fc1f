"""Carry out what a study's grid declares and its records do not hold yet."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from mtlhelpers.data.corpora import load_corpus
from mtlhelpers.data.corpus import Corpus
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.grid import Job, read_grid
from mtlhelpers.study.records import (
    NUMERICS,
    read_records,
    record_id,
    run_fields,
    write_record,
)
from mtlhelpers.training.environment import (
    environment,
    peak_memory,
    restart_peak_memory,
)
from mtlhelpers.training.features import FeatureStore, tensor_digest
from mtlhelpers.training.loop import train
from mtlhelpers.training.metrics import evaluate
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.stages import Stages


@dataclass
class Study:
    """A folder with a `grid.toml`, and the records beside it."""

    folder: Path
    _corpora: dict[str, Corpus] = field(default_factory=dict, repr=False)
    _store: FeatureStore = field(default_factory=FeatureStore, repr=False)
    _stages: Stages = field(default_factory=Stages, repr=False)

    def jobs(self) -> dict[str, Job]:
        """Every job of the grid by the id that its record has, or will have."""
        return {self._id(job): job for job in read_grid(self.folder / "grid.toml")}

    def left(self) -> dict[str, Job]:
        """The jobs that no record holds yet, in the order in which they run."""
        done = {record["id"] for record in read_records(self.folder)[0]}
        left = [(key, job) for key, job in self.jobs().items() if key not in done]
        return dict(sorted(left, key=lambda item: _turn(item[1])))

    def run(self, progress: bool = False) -> Iterator[dict[str, Any]]:
        """Run what is left, one after another; yield each record once it is written."""
        for key, job in self.left().items():
            record = self._carry_out(key, job, progress)
            write_record(self.folder, record)
            yield record

    def _carry_out(self, key: str, job: Job, progress: bool) -> dict[str, Any]:
        corpus = self._corpus(job.corpus)
        model = _new_model(job, corpus)
        digest = tensor_digest(model.backbone)
        restart_peak_memory()
        shared = {"store": self._store, "stages": self._stages, "progress": progress}
        run = train(model, corpus, job.plan, **shared)
        return {
            "id": key,
            "numerics": NUMERICS,
            "arm": job.arm,
            "corpus": job.corpus,
            "corpus_sha256": corpus.fingerprint,
            "backbone": job.backbone,
            "backbone_sha256": digest,
            "revision": _git_revision(),
            "peak_memory_bytes": peak_memory(),
            "validation": asdict(
                evaluate(model, corpus.splits["validation"], store=self._store)
            ),
            **run_fields(run),
        }

    def _id(self, job: Job) -> str:
        corpus = self._corpus(job.corpus)
        digest, where = _backbone_facts(job.backbone, job.plan.seed)
        filled = replace(job, plan=_filled(job.plan, corpus))
        return record_id(filled, corpus.fingerprint, digest, where)

    def _corpus(self, name: str) -> Corpus:
        if name not in self._corpora:
            self._corpora[name] = load_corpus(name)
        return self._corpora[name]


def _filled(plan: Plan, corpus: Corpus) -> Plan:
    """The plan with its defaults filled in: a changed default changes the id."""
    first = None if plan.first is None else _filled(plan.first, corpus)
    sentences = plan.train_size or len(corpus.splits["train"])
    return replace(plan.resolve(sentences, corpus.tasks), first=first)


def _turn(job: Job) -> tuple:
    """Seed by seed, so that a study that is stopped has every arm for some seeds; and
    along the stages, so that what runs share is still at hand."""
    stages: list[str] = []
    plan: Plan | None = job.plan
    while plan is not None:
        stages.insert(0, json.dumps(plan.to_dict(), sort_keys=True))
        plan = plan.first
    return job.plan.seed, job.corpus, job.backbone, stages


def _new_model(job: Job, corpus: Corpus) -> SharedModel:
    return SharedModel.from_backbone(
        job.backbone, corpus.labels, corpus.tags, seed=job.plan.seed
    )


@cache
def _backbone_facts(backbone: str, seed: int) -> tuple[str, dict[str, Any]]:
    """Digest of the weights that a run starts from, and where it would run."""
    model = SharedModel.from_backbone(backbone, ["a"], ["O"], seed=seed)
    return tensor_digest(model.backbone), environment(model)


def _git_revision() -> str | None:
    """The commit of the code, with a + where the tree has changed; None without git."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
