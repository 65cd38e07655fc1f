"""What was decided of a claim: a verdict for each corpus and task, and its grounds."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from mtlhelpers.study.protocol import BACKBONE, Verdict
from mtlhelpers.study.verdicts.claims import Claim


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

    @property
    def where(self) -> str:
        """The corpus, with the backbone where it is another than the report's."""
        own = self.backbone == BACKBONE
        return self.corpus if own else f"{self.corpus} with {self.backbone}"

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
