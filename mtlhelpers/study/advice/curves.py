"""How many sentences a score took, read off the recorded learning curves.

Lesson: 07_limited_vs_sufficient_data.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtlhelpers.study.advice.neighbours import published, source_of
from mtlhelpers.study.advice.summary import Cell
from mtlhelpers.study.protocol import EVERYTHING, SCORE_OF, Task


@dataclass(frozen=True)
class Needed:
    """Sentences with which everything trained came to a score on a corpus."""

    corpus: str
    sentences: int | None  # None: not known
    why: str = ""  # it is not

    def __str__(self) -> str:
        if self.sentences is None:
            return f"{self.corpus}: not known ({self.why})"
        return f"{self.corpus}: about {self.sentences:,} sentences"


def sentences_for(cells: Sequence[Cell], task: Task, target: float) -> list[Needed]:
    """Read off each published corpus when everything trained came to `target`.

    Between two recorded sizes the mean score is taken to grow along a line over the
    logarithm of the sentences. A score counts as reached where no larger size is below
    it. Outside of what was recorded nothing is known.
    """
    return [
        _needed(corpus, curve, target) for corpus, curve in _curves(cells, task).items()
    ]


def _curves(cells: Sequence[Cell], task: Task) -> Mapping[str, Mapping[int, float]]:
    """By corpus, mean scores by size, in their order."""
    curves: dict[str, dict[int, float]] = {}
    for cell in sorted(published(cells), key=lambda cell: cell.size):
        if cell.way == EVERYTHING and SCORE_OF[task] in cell.scores:
            own = curves.setdefault(source_of(cell.corpus), {})
            own.setdefault(cell.size, cell.mean(task))
    return curves


def _needed(corpus: str, curve: Mapping[int, float], target: float) -> Needed:
    sizes, scores = [*curve], [*curve.values()]
    below = [at for at, score in enumerate(scores) if score < target]
    if not below:
        why = f"{100 * scores[0]:.1f} with {sizes[0]:,}, the fewest recorded"
        return Needed(corpus, None, why)
    last = below[-1]
    if last == len(sizes) - 1:
        why = f"{100 * scores[-1]:.1f} with {sizes[-1]:,}, the most recorded"
        return Needed(corpus, None, why)
    share = (target - scores[last]) / (scores[last + 1] - scores[last])
    found = sizes[last] * (sizes[last + 1] / sizes[last]) ** share
    return Needed(corpus, _rounded(found))


def _rounded(sentences: float) -> int:
    """To two digits: the curve says no more."""
    unit: int = 10 ** max(0, math.floor(math.log10(sentences)) - 1)
    return round(sentences / unit) * unit
