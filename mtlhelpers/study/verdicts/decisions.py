"""What was decided of a claim: a verdict for each corpus and task, and its grounds.

Lesson: 08_what_should_i_freeze. What a check decides takes seconds, so it is kept in
one file beside the studies, with the day and the machine that it comes from.
"""

import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.regular import read_regular
from mtlhelpers.errors import InputError, RecordError
from mtlhelpers.study.protocol import BACKBONE, Verdict
from mtlhelpers.study.records.record import Side
from mtlhelpers.study.verdicts.claims import Claim

FILE = Path("fresh_checks") / "record.json"  # below the folder of the studies
_KEPT = ("corpus", "task", "size", "verdict", "said", "difference", "interval", "seeds")


@dataclass(frozen=True)
class Decision:
    """A verdict, and what it rests on."""

    corpus: str
    task: str  # sentence, ner or both; of claim 2.2: time and reason
    size: int | None  # training sentences
    verdict: Verdict
    said: str  # what was found, or why nothing was tested, in words
    difference: float | None = None
    interval: tuple[float, float] | None = None
    seeds: int = 0  # how many
    records: tuple[str, ...] = ()  # ids; none where a check decided
    backbone: str = BACKBONE
    checked: str = ""  # the day of the check, as 2026-11-30
    at: str = ""  # which of a claim's comparisons, where it has several: "2 epochs"

    @classmethod
    def of(cls, kept: Mapping[str, Any], day: str) -> "Decision":
        """Return what a check decided, as it is kept."""
        interval = kept["interval"] and tuple(kept["interval"])
        texts = (kept["corpus"], kept["task"], kept["said"], day)
        numbers = [kept[key] for key in ("size", "difference") if kept[key] is not None]
        numbers += interval or ()
        if not all(isinstance(text, str) for text in texts):
            raise InputError("corpus, task, day or what was said are no texts")
        if type(kept["seeds"]) is not int or len(interval or "--") != 2:
            raise InputError("seeds are no number, or the interval has not two ends")
        if not all(type(one) in (int, float) for one in numbers):
            raise InputError("size, difference or interval are no numbers")
        made = {"verdict": Verdict(kept["verdict"]), "interval": interval}
        return cls(**{**kept, **made}, checked=day)

    @property
    def where(self) -> str:
        """The corpus, with the backbone where it is another than the report's."""
        own = self.backbone == BACKBONE
        where = self.corpus if own else f"{self.corpus} with {self.backbone}"
        return f"{where}, {self.at}" if self.at else where

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; an end of the interval without bound is None."""
        ends = self.interval and [
            end if math.isfinite(end) else None for end in self.interval
        ]
        return {**vars(self), "interval": ends, "records": list(self.records)}

    def __str__(self) -> str:
        where = [self.where, self.task]
        if self.size is not None:
            where.append(f"{self.size:,} sentences")
        if self.seeds:
            where.append(f"{self.seeds} seed{'s' * (self.seeds > 1)}")
        if self.checked:
            where.append(f"checked {self.checked}")
        return f"{self.verdict}: {self.said} [{', '.join(where)}]"


def missing_runs(where: str, sides: Sequence[Side], seeds: int) -> str:
    """Say that two arms or more are not recorded there with all seeds."""
    arms = " and ".join(f"{side.arm} of studies/{side.study}" for side in sides)
    so_far = f" with all seeds ({seeds} so far)" if seeds else ""
    return f"not recorded at {where}{so_far}: {arms}"


class Judged(NamedTuple):
    """A claim, and what was decided of it for each corpus and task."""

    claim: Claim
    decisions: tuple[Decision, ...]

    @property
    def verdicts(self) -> Counter[Verdict]:
        """How often each verdict was given, over corpora and tasks."""
        return Counter(decision.verdict for decision in self.decisions)

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        verdicts = [decision.to_dict() for decision in self.decisions]
        return {
            "id": self.claim.id,
            "statement": self.claim.statement,
            "verdicts": verdicts,
        }


def read_check(folder: Path, claim: str) -> tuple[Decision, ...]:
    """What the check of a claim last found; not tested where it was never recorded.

    Raises `RecordError` that names the file where it is damaged.
    """
    try:
        entry = _entries(folder).get(claim)
        if entry:
            day = entry["checked"]
            return tuple(Decision.of(one, day) for one in entry["decisions"])
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise RecordError(
            f"{folder / FILE}, claim {claim}: {error!r}. Run the checks again: "
            f"mtlhelpers claims --fresh"
        ) from error
    said = f"no result of its check in {FILE}: run mtlhelpers claims {claim} --fresh"
    return (Decision("-", "both", None, Verdict.NOT_TESTED, said),)


def write_check(
    folder: Path,
    claim: str,
    day: str,
    decisions: Sequence[Decision],
    machine: Mapping[str, Any],
) -> None:
    """Record what the check of a claim found; those of other claims stay."""
    kept = [{key: vars(one)[key] for key in _KEPT} for one in decisions]
    entry = {"checked": day, "machine": dict(machine), "decisions": kept}
    entries = _entries(folder) | {claim: entry}
    text = json.dumps(entries, indent=1, ensure_ascii=False, sort_keys=True)
    write_atomically(folder / FILE, (text + "\n").encode("utf-8"))


def _entries(folder: Path) -> dict[str, Any]:
    """By claim."""
    path = folder / FILE
    if not os.path.lexists(path):
        return {}
    entries = json.loads(read_regular(path))
    if not isinstance(entries, dict):
        raise InputError("it is no object by claim")
    return entries
