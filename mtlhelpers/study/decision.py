"""What is decided of a claim, for one corpus and task.

Lesson: 08_what_should_i_freeze.
"""

import math
from dataclasses import dataclass
from typing import Any

from mtlhelpers.study.statistics import Verdict

BACKBONE = "minilm"  # what the report is made with


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
    records: tuple[str, ...] = ()  # ids; none where a check ran afresh
    backbone: str = BACKBONE

    @property
    def where(self) -> str:
        """The corpus, with the backbone where it is another than the report's."""
        own = self.backbone == BACKBONE
        return self.corpus if own else f"{self.corpus} with {self.backbone}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; an end of the interval without bound is None."""
        ends = self.interval
        if ends is not None:
            ends = [end if math.isfinite(end) else None for end in ends]
        return {**vars(self), "interval": ends, "records": list(self.records)}
