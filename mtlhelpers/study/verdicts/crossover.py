"""The training size at which one arm stops leading another.

Lesson: 07_limited_vs_sufficient_data. The first arm is the one that should lead on
little data, so its difference from the second is taken to fall as the size grows.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

from mtlhelpers.data.streams import stream
from mtlhelpers.errors import InputError
from mtlhelpers.study.protocol import CONFIDENCE, SCORE_OF, Score, Verdict
from mtlhelpers.study.records.arms import Studies, ids_of
from mtlhelpers.study.records.record import Side
from mtlhelpers.study.verdicts.evidence import Evidence, Floats, Match, SeedScores
from mtlhelpers.study.verdicts.intervals import Difference, mean_difference

if TYPE_CHECKING:
    import pandas as pd

BELOW = 0.0  # the first arm leads at none of the sizes
ABOVE = math.inf  # it leads at all of them


@dataclass(frozen=True)
class Crossover:
    """A size in sentences with its interval; each of the three may be BELOW or ABOVE.

    These say that it lies below the smallest size that was run, or above the largest,
    and not how far.
    """

    size: float
    low: float
    high: float
    smallest: int
    largest: int

    def __str__(self) -> str:
        size, low, high = map(self._words, (self.size, self.low, self.high))
        if self.size == BELOW:
            size = f"below the smallest size, {self.smallest:,}"
        if self.size == ABOVE:
            size = f"above the largest size, {self.largest:,}"
        same = self.size == self.low == self.high
        return size if same else f"{size} (from {low} to {high})"

    def _words(self, end: float) -> str:
        if end == BELOW:
            return f"below {self.smallest:,}"
        if end == ABOVE:
            return f"above {self.largest:,}"
        return f"{end:,.0f}"


def crossover(
    differences: Mapping[int, SeedScores], confidence: float = CONFIDENCE
) -> Crossover:
    """Return where the first arm's lead ends, with its interval.

    The mean differences are fitted by a falling curve (isotonic regression, weighted by
    the number of seeds), straight between sizes on a logarithmic scale; the crossover
    is where it comes down to zero. For the interval, seeds and test groups are drawn
    again together, the same ones at every size that shares them, and each draw is
    fitted anew; the ends are quantiles of what the draws give.

    Args:
        differences: by training size, first arm minus second, all on one test set.
        confidence: of the interval, between 0 and 1.

    Raises:
        ValueError: with fewer than two sizes.
    """
    if len(differences) < 2:
        raise InputError(f"a crossover needs two sizes, not {len(differences)}")
    sizes = sorted(differences)
    by_size = [differences[size] for size in sizes]
    seeds = [len(one.seeds) for one in by_size]
    redrawn = np.stack([_redrawn_means(one) for one in by_size], axis=1)  # (B, sizes)
    drawn = [_crossing(sizes, row, seeds) for row in redrawn]
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(drawn, ends, method="nearest")  # no mean with ABOVE
    means = [one.on_test.mean() for one in by_size]
    size = _crossing(sizes, means, seeds)
    return Crossover(size, float(low), float(high), sizes[0], sizes[-1])


def border_verdict(border: Crossover, at_least: float, at_most: float) -> Verdict:
    """Return what a crossover says of a claim that it lies from one size to another.

    Supported if the whole interval lies there, contradicted if none of it can, else
    undecided. An interval above the largest size, where that lies within the claimed
    sizes or below them, decides nothing; nor does its mirror image.
    """
    if at_least <= border.low and border.high <= at_most:
        return Verdict.SUPPORTED
    earliest = border.largest if border.low == ABOVE else border.low
    latest = border.smallest if border.high == BELOW else border.high
    if latest < at_least or earliest > at_most:
        return Verdict.CONTRADICTED
    return Verdict.UNDECIDED


def _redrawn_means(one: SeedScores) -> Floats:
    """Mean difference over seeds drawn again, on each redrawn test set: (B,).

    Of k seeds k - 1 are drawn: drawing k would give the mean a variance of only
    (k - 1)/k times s²/k, a fifth too little with 5 seeds.
    """
    k = len(one.seeds)
    # The stream has the seeds' names, so sizes with the same seeds share the draw.
    rng = stream(0, f"seeds {one.seeds}")
    chosen = rng.integers(k, size=(len(one.redrawn), k - 1))
    means: Floats = np.take_along_axis(one.redrawn, chosen, axis=1).mean(axis=1)
    return means


def _crossing(
    sizes: Sequence[int], means: Sequence[float] | Floats, weights: Sequence[int]
) -> float:
    """Where the falling curve through the means comes down to zero."""
    curve = isotonic_regression(means, weights=weights, increasing=False).x
    down = np.flatnonzero(curve <= 0)
    if not len(down):
        return ABOVE
    if down[0] == 0:
        return BELOW
    around = [down[0], down[0] - 1]  # np.interp wants the curve to rise
    return float(np.exp(np.interp(0, curve[around], np.log(sizes)[around])))


def compare_arms(
    folder: str | Path,
    corpus: str,
    first: str = "backbone_frozen",
    second: str = "none_frozen",
    beside: str | Path | None = None,
) -> "pd.DataFrame":
    """The first arm minus the second on one corpus: one row per score and size.

    `beside` is the study of the second arm, where that is not the first one's.

    Columns: `score`, `train_size`, what `mean_difference` gives (`difference`, `low`,
    `high`, `seed_error` and `test_error`, all from -1 to 1, and `seeds`, how many both
    arms have), and `ids` of the records. A size at which the arms share fewer than two
    seeds is left out.
    """
    import pandas as pd

    match, evidence = _match((folder, first), (beside or folder, second), corpus)
    rows = [
        {"score": score, "train_size": size}
        | asdict(mean_difference(evidence.difference(match, size, score)))
        | {"ids": ids_of(arms)}
        for score in SCORE_OF.values()
        for size, arms in evidence.pairs(match).items()
    ]
    columns = ["score", "train_size", *Difference.__dataclass_fields__, "ids"]
    return pd.DataFrame(rows, columns=columns)


def find_crossover(
    folder: str | Path,
    corpus: str,
    score: Score,
    first: str = "backbone_frozen",
    second: str = "none_frozen",
) -> Crossover | None:
    """The training size at which the first arm's lead ends, by a score on one corpus.

    None while fewer than two sizes have two seeds of both arms.
    """
    match, evidence = _match((folder, first), (folder, second), corpus)
    sizes = [size for size in evidence.pairs(match) if size is not None]
    if len(sizes) < 2:
        return None
    return crossover({size: evidence.difference(match, size, score) for size in sizes})


def _match(
    first: tuple[str | Path, str], second: tuple[str | Path, str], corpus: str
) -> tuple[Match, Evidence]:
    """Two arms, each with the folder of its study, and what is recorded of them."""
    one, other = (Side(str(folder), arm) for folder, arm in (first, second))
    return Match(one, other, corpus), Evidence(Studies(Path()))
