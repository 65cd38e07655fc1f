"""What may stand in a record: it is data from a file, and nothing in it is trusted.

Fields that readers look up must be there, with values of their type and range, in
earlier stages too; the id must be that of what the record says was done. Other fields
may stand beside them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, Union

from mtlhelpers.errors import RecordError
from mtlhelpers.study.records.record import Record, are_outcomes, own_id
from mtlhelpers.training.plan import METRICS, Plan
from mtlhelpers.training.scores import Details


class Kind(NamedTuple):
    """What a value must be, in words, and the test of it."""

    words: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class _Fields:
    """What an object must hold, by name, and what it may."""

    named: Mapping[str, Union[Kind, "_Fields"]]
    maybe: Mapping[str, Union[Kind, "_Fields"]] = field(default_factory=dict)
    others: Kind | None = None  # of all else; None: whatever it is
    or_null: bool = False


def check_record(record: Any) -> Record:
    """Return the record. Raises `RecordError` that names the first field at fault."""
    _check(record, RECORD, "it")
    if record["id"] != (own := own_id(record)):
        raise RecordError(f"its id is {record['id']}, and what was done has {own}")
    checked: Record = record
    return checked


def _check(value: Any, wanted: Kind | _Fields, name: str) -> None:
    if isinstance(wanted, Kind):
        return _check_kind(value, wanted, name)
    if value is None and wanted.or_null:
        return None
    if type(value) is not dict:
        raise RecordError(f"{name} is {_shown(value)}, not an object")
    for key, own in (*wanted.named.items(), *wanted.maybe.items()):
        if key in value:
            _check(value[key], own, key if wanted is RECORD else f"{name}.{key}")
        elif key in wanted.named:
            raise RecordError(f"{name} has no field {key!r}")
    if wanted.others:
        for key in value.keys() - wanted.named.keys() - wanted.maybe.keys():
            _check_kind(value[key], wanted.others, f"{name}.{key}")
    return None


def _check_kind(value: Any, wanted: Kind, name: str) -> None:
    try:
        holds = wanted.holds(value)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise RecordError(f"{name} is not {wanted.words} ({error})") from error
    if not holds:
        raise RecordError(f"{name} is {_shown(value)}, not {wanted.words}")


def _shown(value: Any) -> str:
    """A number as it is, of anything else the type."""
    plain = value is None or isinstance(value, (int, float))
    return repr(value) if plain else f"a {type(value).__name__}"


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any, most: float = math.inf) -> bool:
    return type(value) in NUMBERS and 0 <= value <= most and value < math.inf


def _is_share_or_count(value: Any) -> bool:
    return value is None or _is_count(value) or _is_number(value, most=1.0)


def _is_plan(value: Any) -> bool:
    Plan.from_dict(value)  # which says itself what is wrong
    return bool(value.keys() >= PLANNED)


def _is_history(value: Any) -> bool:
    """A list of epochs, each an object with its number and others. There are many."""
    return type(value) is list and all(
        _is_count(epoch["epoch"])
        and all(
            (type(one) in NUMBERS and 0 <= one < math.inf) or one is None
            for one in epoch.values()
        )
        for epoch in value
    )


def _is_list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(map(holds, value))


def _is_some(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or holds(value)


NUMBERS = (int, float)
# Fields of a plan that readers look up; plans may learn others.
PLANNED = {"scenario", "seed", "train_size", "epochs", "batch_size"}
PLANNED |= {"backbone_lr", "head_lr"}

TEXT = Kind("a text", lambda value: type(value) is str)
TEXT_OR_NULL = Kind("a text or null", _is_some(TEXT.holds))
TEXTS = Kind("a list of texts", _is_list_of(TEXT.holds))
_COUNT = Kind("a count", _is_count)
COUNT_OR_NULL = Kind("a count or null", _is_some(_is_count))
NUMBER = Kind("a number from 0 up", _is_number)
_SHARE = Kind("a number from 0 to 1, or null", _is_some(partial(_is_number, most=1.0)))
COSINES = Kind("a list of cosines", _is_list_of(lambda one: -1.001 < one < 1.001))
PLAN = Kind("a plan with the fields of one", _is_plan)
HISTORY = Kind("a list of epochs with their numbers", _is_history)
_OUTCOMES = Kind("the outcomes of some sentences", are_outcomes)
ANSWERS = Kind("an answer per sentence", lambda v: bool(Details.from_dict(v)))
LABELS = Kind("a 1 or 0 per sentence", lambda value: not value.strip("01"))

SCORES = _Fields(
    dict.fromkeys(METRICS, _SHARE),
    others=Kind("a count, or a number from 0 to 1, or null", _is_share_or_count),
)
MEASURED = _Fields(
    {},
    maybe={
        "probe": _Fields({"corpus": TEXT, "label_right": LABELS}),
        "gradient_cosines": COSINES,
        "answers": ANSWERS,
    },
)
# What every stage leaves; `first` is the stage before, which leaves the same.
STAGE: dict[str, Kind | _Fields] = {
    "plan": PLAN,
    "environment": _Fields({"dtype": TEXT, "device": TEXT, "threads": _COUNT}),
    "scores": SCORES,
    "before": SCORES,
    "train_scores": replace(SCORES, or_null=True),
    "history": HISTORY,
    "proof": _Fields({"tensors": _COUNT, "moved": TEXTS}),
    "steps": _COUNT,
    "batches": _Fields({}, others=_COUNT),
    "total_parameters": _COUNT,
    "trainable_parameters": _COUNT,
    "seconds": _Fields({"total": NUMBER}, others=NUMBER),
    "notes": TEXTS,
}
STAGE["first"] = _Fields(STAGE, or_null=True)
FIELDS = STAGE | {
    "id": TEXT,
    "numerics": _COUNT,
    "arm": TEXT,
    "corpus": TEXT,
    "corpus_sha256": TEXT,
    "backbone": TEXT,
    "backbone_sha256": TEXT,
    "revision": TEXT_OR_NULL,
    "validation": SCORES,
    "outcomes": _OUTCOMES,
    "peak_memory_bytes": COUNT_OR_NULL,
}
RECORD = _Fields(FIELDS, maybe={"measured": MEASURED})
