"""The id of a job's record: from what is here, or from the records that there are."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from mtlhelpers.study.protocol import SCORE_OF
from mtlhelpers.study.records.record import Job, Record, record_id
from mtlhelpers.training.plan import Plan


class Facts(NamedTuple):
    """What decides the id of a record besides its job."""

    corpus_sha256: str
    tasks: tuple[str, ...]  # of the corpus
    epochs: tuple[int, ...]  # of each stage, the last one first, if its plan has none
    backbone_sha256: str  # of the weights that the run starts from
    dtype: str
    device: str  # "cpu", "cuda", "mps"


def id_of(job: Job, facts: Facts) -> str:
    """Return the id of the job's record, where these are the facts."""
    filled = replace(job, plan=_filled(job.plan, facts.tasks, facts.epochs))
    where = {"dtype": facts.dtype, "device": facts.device, "threads": job.threads}
    return record_id(filled, facts.corpus_sha256, facts.backbone_sha256, where)


def _filled(plan: Plan, tasks: tuple[str, ...], epochs: tuple[int, ...]) -> Plan:
    """The plan with its defaults filled in: a changed default changes the id."""
    own, *earlier = epochs or (1,)
    first = plan.first and _filled(plan.first, tasks, tuple(earlier))
    whole = replace(plan, epochs=plan.epochs or own, first=first)
    return whole.resolve(1, tasks)  # sentences decide nothing but epochs


class RecordedIds:
    """Ids as the records of a study have them; needs neither corpora nor weights.

    Corpus, backbone, device, and epochs that a plan leaves open are taken to be those
    of the records. A job of which none is recorded gets an id of its own.
    """

    def __init__(self, records: Collection[Record]) -> None:
        self.done = {record["id"] for record in records}
        self._facts: defaultdict[tuple[object, ...], set[Facts]] = defaultdict(set)
        for record in records:
            self._facts[_place(Job.of(record))].add(_facts_of(record))

    def id_of(self, job: Job) -> str:
        """Return the id of the job's record, where there is one."""
        unknown = Facts(job.corpus, (), (), "", "", "")
        ids = [id_of(job, facts) for facts in (unknown, *self._facts[_place(job)])]
        return next((key for key in ids if key in self.done), ids[0])


def _place(job: Job) -> tuple[object, ...]:
    """Where all runs have the same facts, but for the kind of device and the stages."""
    return job.corpus, job.backbone, job.plan.seed, job.plan.train_size


def _facts_of(record: Record) -> Facts:
    scores = record["scores"]
    return Facts(
        record["corpus_sha256"],
        tuple(task for task, score in SCORE_OF.items() if scores[score] is not None),
        tuple(_epochs_of(record)),
        record["backbone_sha256"],
        record["environment"]["dtype"],
        record["environment"]["device"],
    )


def _epochs_of(stage: Record | None) -> Iterator[int]:
    while stage:
        yield stage["plan"]["epochs"]
        stage = stage["first"]
