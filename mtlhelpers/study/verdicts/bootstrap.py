"""Scores of arms on the test set, and on test sets drawn again from it.

Sentences of one group were made from one another, so groups are drawn, not sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mtlhelpers.data.streams import stream
from mtlhelpers.study.protocol import Score
from mtlhelpers.training.scores import Outcomes

RESAMPLES = 2_000
OTHER_SENTENCES = "the runs were not scored on the same test sentences"

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]  # exact up to 2**24


@dataclass(frozen=True)
class SeedScores:
    """The score of an arm, or the difference of two arms', for each of k seeds."""

    seeds: tuple[int, ...]
    on_test: Floats  # (k,)
    # (RESAMPLES, k), on test sets drawn again from the groups of this one. Row b is
    # the same draw for every arm, seed and size on a test set.
    redrawn: Floats
    gold: bytes = b""  # of the test sentences, as far as scores depend on it


def seed_differences(
    first: Mapping[int, Outcomes],
    second: Mapping[int, Outcomes],
    groups: Sequence[str],
    score: Score,
) -> SeedScores:
    """Return the paired differences of two arms on the test set and on draws of it.

    Arguments and errors are those of `paired_difference`.
    """
    seeds = sorted(set(first) & set(second))
    check_seeds(len(seeds))
    one, other = (
        arm_scores({seed: arm[seed] for seed in seeds}, groups, score)
        for arm in (first, second)
    )
    return subtract(one, other, seeds)


def arm_scores(
    runs: Mapping[int, Outcomes], groups: Sequence[str], score: Score
) -> SeedScores:
    """Return the scores of an arm's runs on the test set and on draws of it.

    Args:
        runs: the outcomes on the N test sentences, by seed.
        groups: the group of each of the N; groups are drawn whole.
        score: which one.

    Raises:
        ValueError: with fewer than two groups, outcomes that are not of the same N
            sentences, or none that the score counts.
    """
    gold = _gold(list(runs.values()), len(groups))
    sums = _sums_by_group(list(runs.values()), groups, score)
    every_group_once = np.ones((1, sums.shape[-1]), dtype=np.float32)
    on_test = _scores(sums, every_group_once)[0]
    redrawn = _scores(sums, _draws(sums.shape[-1]))
    return SeedScores(tuple(runs), on_test, redrawn, gold)


def subtract(first: SeedScores, second: SeedScores, seeds: Sequence[int]) -> SeedScores:
    """Return first minus second, for seeds that both have on one test set.

    Raises `ValueError` for fewer than two seeds, or where the test sets differ.
    """
    check_seeds(len(seeds))
    if first.gold != second.gold:
        raise ValueError(OTHER_SENTENCES)
    one, other = ([arm.seeds.index(seed) for seed in seeds] for arm in (first, second))
    # In one piece, so that means over seeds round as they always have.
    redrawn = np.ascontiguousarray(first.redrawn[:, one] - second.redrawn[:, other])
    on_test = first.on_test[one] - second.on_test[other]
    return SeedScores(tuple(seeds), on_test, redrawn, first.gold)


def _gold(runs: Sequence[Outcomes], sentences: int) -> bytes:
    """Gold spans of each sentence, and which have a label: the same in all runs."""
    golds = set()
    for run in runs:
        if len(run.label_right) != sentences:
            raise ValueError(
                f"{len(run.label_right)} outcomes, and groups of {sentences} sentences"
            )
        labelled = [right is not None for right in run.label_right]
        golds.add(np.array([run.true_spans, labelled], dtype=np.int32).tobytes())
    if len(golds) != 1:
        raise ValueError(OTHER_SENTENCES)
    return golds.pop()


def _sums_by_group(
    runs: Sequence[Outcomes], groups: Sequence[str], score: Score
) -> Counts:
    """Both terms of the score of R runs, summed in each of G groups: (R, 2, G)."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError("test sentences that are all of one group cannot be drawn")
    sums = [
        [np.bincount(member, weights=term) for term in _terms(run, score)]
        for run in runs
    ]
    if not np.any(sums):
        raise ValueError(f"no test sentence counts for {score}")
    return np.array(sums, dtype=np.float32)


def _terms(run: Outcomes, score: Score) -> tuple[Floats, Floats]:
    """What is summed over sentences, above and below the line of the score."""
    if score == "accuracy":
        right = np.array(run.label_right, dtype=float)  # None becomes nan
        return np.nan_to_num(right), np.isfinite(right).astype(float)
    if score == "ner_f1":
        spans = np.array(run.true_spans) + np.array(run.predicted_spans)
        return 2.0 * np.array(run.correct_spans), spans.astype(float)
    raise ValueError(f"score must be 'accuracy' or 'ner_f1', not {score!r}")


def _scores(sums: Counts, draws: Counts) -> Floats:
    """Score of each run where group g counts draws[b, g] times: (B, R).

    Without any span the score is 0, as in `evaluate`.
    """
    totals = draws @ sums.reshape(-1, sums.shape[-1]).T
    above, below = totals.reshape(len(draws), -1, 2).astype(float).transpose(2, 0, 1)
    scores: Floats = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return scores


@lru_cache(maxsize=8)
def _draws(groups: int) -> Counts:
    """How often each group is drawn, in each of the resamples: (RESAMPLES, groups).

    Counts and one product of matrices, where scipy.stats.bootstrap would copy every
    run's outcomes once per resample; a test holds the two against each other.
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
