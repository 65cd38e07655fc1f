"""Two arms' differences on the test set, and on test sets drawn again from it.

Sentences of one group were made from one another, so groups are drawn, not sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mtlhelpers.data.streams import stream
from mtlhelpers.study.protocol import Score
from mtlhelpers.training.run import Outcomes

RESAMPLES = 2_000


@dataclass(frozen=True)
class SeedDifferences:
    """First arm's score minus the second's, seed by seed.

    Attributes:
        seeds: the k seeds that both arms have.
        on_test: (k,), on the test sentences.
        redrawn: (RESAMPLES, k), on test sets drawn again from the groups of this one.
            Row b is the same draw for every two arms, seeds and sizes on a test set.
    """

    seeds: tuple[int, ...]
    on_test: np.ndarray
    redrawn: np.ndarray


def seed_differences(
    first: Mapping[int, Outcomes],
    second: Mapping[int, Outcomes],
    groups: Sequence[str],
    score: Score,
) -> SeedDifferences:
    """Return the paired differences of two arms on the test set and on draws of it.

    Arguments and errors are those of `paired_difference`.
    """
    seeds = tuple(sorted(set(first) & set(second)))
    check_seeds(len(seeds))
    runs = [arm[seed] for arm in (first, second) for seed in seeds]
    _check_same_sentences(runs, len(groups))
    sums = _sums_by_group(runs, groups, score)
    every_group_once = np.ones((1, sums.shape[-1]), dtype=np.float32)
    on_test = _scores(sums, every_group_once)[0]
    redrawn = _scores(sums, _draws(sums.shape[-1]))
    k = len(seeds)
    return SeedDifferences(
        seeds, on_test[:k] - on_test[k:], redrawn[:, :k] - redrawn[:, k:]
    )


def _sums_by_group(
    runs: Sequence[Outcomes], groups: Sequence[str], score: Score
) -> np.ndarray:
    """Both terms of the score of each run, summed in each of G groups: (2k, 2, G)."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError("test sentences that are all of one group cannot be drawn")
    sums = [
        [np.bincount(member, weights=term) for term in _terms(run, score)]
        for run in runs
    ]
    if not np.any(sums):
        raise ValueError(f"no test sentence counts for {score}")
    return np.array(sums, dtype=np.float32)  # counts: exact up to 2**24


def _terms(run: Outcomes, score: Score) -> tuple[np.ndarray, np.ndarray]:
    """What is summed over sentences, above and below the line of the score."""
    if score == "accuracy":
        right = np.array(run.label_right, dtype=float)  # None becomes nan
        return np.nan_to_num(right), np.isfinite(right)
    if score == "ner_f1":
        spans = np.array(run.true_spans) + np.array(run.predicted_spans)
        return 2 * np.array(run.correct_spans), spans
    raise ValueError(f"score must be 'accuracy' or 'ner_f1', not {score!r}")


def _scores(sums: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Score of each run where group g counts draws[b, g] times: (B, 2k).

    Without any span the score is 0, as in `evaluate`.
    """
    totals = draws @ sums.reshape(-1, sums.shape[-1]).T
    above, below = totals.reshape(len(draws), -1, 2).astype(float).transpose(2, 0, 1)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@lru_cache(maxsize=2)
def _draws(groups: int) -> np.ndarray:
    """How often each group is drawn, in each of the resamples: (RESAMPLES, groups).

    Counts and one product of matrices, where scipy.stats.bootstrap would copy every
    run's outcomes once a resample; a test holds the two against each other.
    """
    share = np.full(groups, 1 / groups)
    drawn = stream(0, "test groups").multinomial(groups, share, size=RESAMPLES)
    return drawn.astype(np.float32)


def check_seeds(count: int) -> None:
    """Raise `ValueError` for fewer than two seeds: one says nothing about others."""
    if count < 2:
        raise ValueError(
            f"an interval needs two seeds that both arms have, and there are {count}"
        )


def _check_same_sentences(runs: Sequence[Outcomes], sentences: int) -> None:
    """Raise `ValueError` unless all runs have the same gold, one entry a sentence."""
    labelled = [right is not None for right in runs[0].label_right]
    for run in runs:
        if len(run.label_right) != sentences:
            raise ValueError(
                f"{len(run.label_right)} outcomes, and groups of {sentences} sentences"
            )
        if (
            run.true_spans != runs[0].true_spans
            or [right is not None for right in run.label_right] != labelled
        ):
            raise ValueError("the runs were not scored on the same test sentences")
