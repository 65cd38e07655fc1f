"""The id of a job's record: from what is here, or from the records that there are."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from mtlhelpers.model.backbones import RANDOM
from mtlhelpers.study.protocol import SCORE_OF
from mtlhelpers.study.records.record import Job, Record, record_id
from mtlhelpers.training.plan import Plan


class Facts(NamedTuple):
    """What decides the id of a record besides its job."""

    corpus_sha256: str
    sentences: int  # of train; only plans without a size ask for it
    tasks: tuple[str, ...]  # of the corpus
    backbone_sha256: str  # of the weights that the run starts from
    dtype: str
    device: str  # "cpu", "cuda", "mps"


def id_of(job: Job, facts: Facts) -> str:
    """Return the id of the job's record, where these are the facts."""
    filled = replace(job, plan=_filled(job.plan, facts))
    where = {"dtype": facts.dtype, "device": facts.device, "threads": job.threads}
    return record_id(filled, facts.corpus_sha256, facts.backbone_sha256, where)


def _filled(plan: Plan, facts: Facts) -> Plan:
    """The plan with its defaults filled in: a changed default changes the id."""
    first = None if plan.first is None else _filled(plan.first, facts)
    resolved = plan.resolve(plan.train_size or facts.sentences, facts.tasks)
    return replace(resolved, first=first)


def drawn_with(backbone: str, seed: int) -> int:
    """Return the seed that decides a backbone's weights; 0 where none does."""
    return seed if backbone.startswith(RANDOM) else 0


class RecordedIds:
    """Ids as the records of a study have them; needs neither corpora nor weights.

    Corpus, backbone and device are taken to be those of the records. A job whose corpus
    or backbone is in none of them has no record: it gets an id of its own.
    """

    def __init__(self, records: Collection[Record]) -> None:
        self.done = {record["id"] for record in records}
        self._facts: defaultdict[tuple[str, str, int], set[Facts]] = defaultdict(set)
        for record in records:
            self._facts[_place(Job.of(record))].add(_facts_of(record))

    def id_of(self, job: Job) -> str:
        """Return the id of the job's record, where there is one."""
        unknown = Facts(job.corpus, 0, (), "", "", "")
        ids = [id_of(job, facts) for facts in (unknown, *self._facts[_place(job)])]
        return next((key for key in ids if key in self.done), ids[0])


def _place(job: Job) -> tuple[str, str, int]:
    return job.corpus, job.backbone, drawn_with(job.backbone, job.plan.seed)


def _facts_of(record: Record) -> Facts:
    plan = record["plan"]
    sentences = 0
    if plan["train_size"] is None and plan["epochs"]:
        # As many batches as all sentences make: all that a plan's defaults depend on.
        sentences = record["steps"] // plan["epochs"] * plan["batch_size"]
    return Facts(
        record["corpus_sha256"],
        sentences,
        tuple(
            task for task in SCORE_OF if record["scores"][SCORE_OF[task]] is not None
        ),
        record["backbone_sha256"],
        record["environment"]["dtype"],
        record["environment"]["device"],
    )
