"""What a record is of, the id that names it, and what came of each test sentence.

Statistics draw test sentences again, so a record needs the outcome of every one of
them; a study has hundreds of records, so it is a character each.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mtlhelpers.errors import RecordError
from mtlhelpers.study.protocol import SCORE_OF
from mtlhelpers.training.plan import Plan
from mtlhelpers.training.scores import Outcomes

Record = dict[str, Any]  # its fields stand in schema.py

NUMERICS = 1  # raised by a change of code that changes results
THREADS = 2

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
VALUES = bytes.maketrans(DIGITS.encode(), bytes(range(len(DIGITS))))
_COUNT = re.compile(r"[0-9a-z]|\(\d+\)")  # (36) and above are written out
MARKS: dict[bool | None, str] = {True: "1", False: "0", None: "-"}
_RIGHT = {mark: right for right, mark in MARKS.items()}
SPANS = ("true_spans", "predicted_spans", "correct_spans")


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
        replace(Job.of(record), plan=filled_plan(record), measure=measured),
        record["corpus_sha256"],
        record["backbone_sha256"],
        record["environment"],
        record["numerics"],
    )


def filled_plan(stage: Record) -> Plan:
    """Return the plan of a stage, and of those before it as they were carried out."""
    first = stage["first"] and filled_plan(stage["first"])
    return replace(Plan.from_dict(stage["plan"]), first=first)


def _decided(plan: Plan) -> dict[str, Any]:
    plain = Plan().to_dict()
    changed = {k: v for k, v in plan.to_dict().items() if v != plain[k]}
    if plan.first is not None:
        changed["first"] = _decided(plan.first)
    return changed


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
        tuple(_stage_epochs(record)),
        record["backbone_sha256"],
        record["environment"]["dtype"],
        record["environment"]["device"],
    )


def _stage_epochs(stage: Record | None) -> Iterator[int]:
    while stage:
        yield stage["plan"]["epochs"]
        stage = stage["first"]


def pack_outcomes(outcomes: Outcomes) -> dict[str, str]:
    """Return one character per sentence: 1, 0 or - for the label, base 36 for spans.

    A count of 36 or more, which a long sentence may have, stands in parentheses.
    """
    return {
        "label_right": "".join(MARKS[right] for right in outcomes.label_right),
        **{key: "".join(map(_count, getattr(outcomes, key))) for key in SPANS},
    }


def unpack_outcomes(packed: dict[str, str]) -> Outcomes:
    """Return what `pack_outcomes` packed. Raises `RecordError` for what is not that."""
    return Outcomes(
        [_RIGHT[mark] for mark in packed["label_right"]],
        *(_counts(packed[key]) for key in SPANS),
    )


def are_outcomes(packed: dict[str, str]) -> bool:
    """Return whether these are packed outcomes, of as many sentences in each column."""
    labels = packed["label_right"]
    return not labels.strip("01-") and {len(labels)} == {
        len(text) if not text.strip(DIGITS) else len(_counts(text))
        for text in map(packed.__getitem__, SPANS)
    }


def unpack_labels(packed: str) -> Outcomes:
    """Return the outcomes of sentences of which only labels were asked for."""
    none = dict.fromkeys(SPANS, "0" * len(packed))
    return unpack_outcomes({"label_right": packed} | none)


def _count(number: int) -> str:
    return DIGITS[number] if number < len(DIGITS) else f"({number})"


def _counts(packed: str) -> list[int]:
    if not packed.strip(DIGITS):  # one character each: nearly every record
        return list(packed.encode().translate(VALUES))
    counts = _COUNT.findall(packed)
    if "".join(counts) != packed:
        raise RecordError(f"{packed[:20]!r} are no counts of spans")
    return [int(one[1:-1]) if one[0] == "(" else DIGITS.index(one) for one in counts]
