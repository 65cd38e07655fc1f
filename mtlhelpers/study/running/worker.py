"""One process at work: it carries out jobs, and keeps what the next one may share."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.model.backbones import RANDOM
from mtlhelpers.model.device import environment, peak_memory, restart_peak_memory
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.records.record import NUMERICS, Job, record_id, run_fields
from mtlhelpers.study.running.probes import measure
from mtlhelpers.training.features.store import FeatureStore
from mtlhelpers.training.loop import train
from mtlhelpers.training.metrics import evaluate
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.stage import Stages


@dataclass
class Worker:
    """What one process keeps from job to job: corpora, hidden states, stages."""

    _corpora: dict[str, Corpus] = field(default_factory=dict, repr=False)
    _store: FeatureStore = field(default_factory=FeatureStore, repr=False)
    _stages: Stages = field(default_factory=Stages, repr=False)

    def id_of(self, job: Job) -> str:
        """The id that the job's record would have, were it made by this process."""
        is_random = job.backbone.startswith(RANDOM)
        digest, where = _backbone_facts(job.backbone, job.plan.seed * is_random)
        return self._id(job, digest, where | {"threads": job.threads})

    def carry_out(self, key: str, job: Job, progress: bool = False) -> dict[str, Any]:
        """Carry out a job and return its record.

        Raises `StudyError`, naming the job, where its plan cannot be carried out, or
        where this process would give the record another id than `key`.
        """
        start = time.perf_counter()
        try:
            with _threads(job.threads):
                record = self._record(key, job, progress)
        except (ValueError, RuntimeError) as error:
            raise StudyError(f"{job}: {error}") from error
        # All of it: earlier stages and scoring too, which a run's own seconds are not.
        record["seconds"] = record["seconds"] | {"whole": time.perf_counter() - start}
        return record

    def _record(self, key: str, job: Job, progress: bool) -> dict[str, Any]:
        corpus = self._corpus(job.corpus)
        model = SharedModel.from_backbone(
            job.backbone, corpus.labels, corpus.tags, seed=job.plan.seed
        )
        digest = tensor_digest(model.backbone)
        if self._id(job, digest, environment(model)) != key:
            raise StudyError(
                "this process reads another corpus or backbone than the one that "
                "declared the run, or has another device or version: make them equal"
            )
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
            **_measured(job, model, corpus),
        }

    def _id(self, job: Job, digest: str, where: dict[str, Any]) -> str:
        corpus = self._corpus(job.corpus)
        filled = replace(job, plan=_filled(job.plan, corpus))
        return record_id(filled, corpus.fingerprint, digest, where)

    def _corpus(self, name: str) -> Corpus:
        if name not in self._corpora:
            self._corpora[name] = load_corpus(name)
        return self._corpora[name]


def _measured(job: Job, model: SharedModel, corpus: Corpus) -> dict[str, Any]:
    """The field of a record that only a job with measures has."""
    if not job.measure:
        return {}
    return {"measured": measure(job.measure, model, corpus)}


def _filled(plan: Plan, corpus: Corpus) -> Plan:
    """The plan with its defaults filled in: a changed default changes the id."""
    first = None if plan.first is None else _filled(plan.first, corpus)
    sentences = plan.train_size or len(corpus.splits["train"])
    return replace(plan.resolve(sentences, corpus.tasks), first=first)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Within it, torch computes with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
