"""Numbers over seeds in words: a mean with its deviation, or with its interval."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def mean_and_deviation(scores: ArrayLike) -> str:
    """Write scores from 0 to 1 as per cent over seeds, as in 57.8 ± 1.2."""
    points = 100 * np.asarray(scores, dtype=float)
    if len(points) < 2:
        return f"{points[0]:.1f}" if len(points) else "not recorded"
    return f"{points.mean():.1f} ± {points.std(ddof=1):.1f}"


def mean_and_interval(points: ArrayLike, sign: str = "") -> str:
    """Write differences over seeds with a t interval of 95 %, as in 1.0 (0.2 to 1.8).

    `sign` is "+" where a plus is to be written too.
    """
    values = np.asarray(points, dtype=float)
    n = len(values)
    if n < 2:
        return f"{values[0]:{sign}.1f}" if n else "not recorded"
    half = float(stats.t.ppf(0.975, n - 1)) * values.std(ddof=1) / n**0.5
    mean = float(values.mean())
    told = [f"{round(x, 1) + 0.0:{sign}.1f}" for x in (mean, mean - half, mean + half)]
    return f"{told[0]} ({told[1]} to {told[2]})"
