"""Numbers over seeds in words: a mean with its deviation, or with its interval."""

import math

import pandas as pd
from scipy import stats


def mean_and_deviation(values: pd.Series) -> str:  # type: ignore[type-arg]
    """Write scores from 0 to 1 as per cent over seeds, as in 57.8 ± 1.2."""
    points = 100 * values.astype(float)
    if len(points) < 2:
        return f"{points.mean():.1f}" if len(points) else "not recorded"
    return f"{points.mean():.1f} ± {points.std():.1f}"


def mean_and_interval(points: pd.Series, sign: str = "") -> str:  # type: ignore[type-arg]
    """Write differences over seeds with a t interval of 95 %, as in 1.0 (0.2 to 1.8).

    `sign` is "+" where a plus is to be written too.
    """
    mean, n = points.mean(), len(points)
    if n < 2:
        return "not recorded" if math.isnan(mean) else f"{mean:{sign}.1f}"
    half = stats.t.ppf(0.975, n - 1) * points.sem()
    told = [f"{round(x, 1) + 0.0:{sign}.1f}" for x in (mean, mean - half, mean + half)]
    return f"{told[0]} ({told[1]} to {told[2]})"
