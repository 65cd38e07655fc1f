"""One process at work: it carries out jobs, and keeps what the next one may share."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import torch

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.errors import StudyError
from mtlhelpers.model.backbones import RANDOM
from mtlhelpers.model.device import environment, peak_memory, restart_peak_memory
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.records.record import (
    NUMERICS,
    Facts,
    Job,
    Record,
    id_of,
    pack_outcomes,
)
from mtlhelpers.study.running.probes import measure
from mtlhelpers.training.features.store import FeatureStore
from mtlhelpers.training.loop import train, training_sentences
from mtlhelpers.training.metrics import evaluate
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.run import Run
from mtlhelpers.training.stage import Stages


@dataclass
class Worker:
    """What one process keeps from job to job: corpora, hidden states, stages."""

    device: torch.device = torch.device("cpu")  # to compute on
    corpora: dict[str, Corpus] = field(default_factory=dict, repr=False)  # by name
    model: SharedModel | None = field(default=None, repr=False)  # of the last job
    _store: FeatureStore = field(default_factory=FeatureStore, repr=False)
    _stages: Stages = field(default_factory=Stages, repr=False)

    def facts_of(self, job: Job) -> Facts:
        """Return what decides the job's id here, besides itself."""
        corpus = self._corpus(job.corpus)
        # Only random weights go by the seed; the others are read once for all.
        seed = job.plan.seed if job.backbone.startswith(RANDOM) else 0
        digest, dtype = _digest_and_dtype(job.backbone, seed)
        return Facts(
            corpus.fingerprint,
            corpus.tasks,
            tuple(_epochs_of(job.plan, corpus)),
            digest,
            dtype,
            self.device.type,
        )

    def id_of(self, job: Job) -> str:
        """Return the id that the job's record would have, were it made here."""
        return id_of(job, self.facts_of(job))

    def carry_out(self, key: str, job: Job, progress: bool = False) -> Record:
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

    def _record(self, key: str, job: Job, progress: bool) -> Record:
        facts = self.facts_of(job)
        if id_of(job, facts) != key:
            raise StudyError(
                "this process reads another corpus or backbone than the one that "
                "declared the run, or has another device or version: make them equal"
            )
        corpus = self._corpus(job.corpus)
        model = SharedModel.from_backbone(
            job.backbone, corpus.labels, corpus.tags, seed=job.plan.seed
        )
        model.to(self.device)
        restart_peak_memory(self.device)
        run = train(
            model,
            corpus,
            job.plan,
            store=self._store,
            stages=self._stages,
            progress=progress,
        )
        self.model = model
        validation = evaluate(model, corpus.splits["validation"], store=self._store)
        fields = _stage_fields(run) | {
            "id": key,
            "numerics": NUMERICS,
            "arm": job.arm,
            "corpus": job.corpus,
            "corpus_sha256": facts.corpus_sha256,
            "backbone": job.backbone,
            "backbone_sha256": facts.backbone_sha256,
            "revision": _git_revision(),
            "peak_memory_bytes": peak_memory(self.device),
            "validation": asdict(validation),
            "outcomes": pack_outcomes(run.outcomes),
        }
        if job.measure:  # a field that no other record has
            fields["measured"] = measure(job.measure, model, corpus, run)
        return fields

    def _corpus(self, name: str) -> Corpus:
        if name not in self.corpora:
            self.corpora[name] = load_corpus(name)
        return self.corpora[name]


def _epochs_of(plan: Plan | None, corpus: Corpus) -> Iterator[int]:
    """The epochs of each stage, the last one first."""
    while plan:
        sentences = 1 if plan.epochs else len(training_sentences(corpus, plan))
        yield plan.resolve(sentences, corpus.tasks).epochs
        plan = plan.first


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
def _digest_and_dtype(backbone: str, seed: int) -> tuple[str, str]:
    """Digest and type of the weights that a run starts from."""
    model = SharedModel.from_backbone(backbone, ["a"], ["O"], seed=seed)
    return tensor_digest(model.backbone), environment(model)["dtype"]


def _git_revision() -> str | None:
    """The commit of the code, with a + where the tree has changed; None without git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()


def _stage_fields(run: Run) -> Record:
    """What any stage leaves. Nobody draws the sentences of an earlier one again."""
    return {
        "plan": run.plan.to_dict(),
        "environment": run.environment,
        "scores": asdict(run.scores),
        "before": asdict(run.before),
        "train_scores": asdict(run.train_scores),
        "history": run.history,
        # How far something moved no copy tells, and JSON has no infinity.
        "proof": asdict(run.proof) | {"max_change": 0.0 if run.proof.holds else None},
        "steps": run.steps,
        "batches": run.batches,
        "total_parameters": run.total_parameters,
        "trainable_parameters": run.trainable_parameters,
        "seconds": run.seconds,
        "notes": list(run.notes),
        "first": run.first and _stage_fields(run.first),
    }
