"""What recorded runs of two arms score, on the test set and on test sets drawn again.

Lesson: 07_limited_vs_sufficient_data. Sentences of one group were made from one
another, so groups are drawn, not sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtlhelpers.data.published.registry import NEWSDESK_ROWS, PUBLISHERS, STUDIED
from mtlhelpers.data.streams import stream
from mtlhelpers.errors import InputError
from mtlhelpers.study.protocol import Score, probed_corpus
from mtlhelpers.study.records.arms import Runs, Size, Studies, by_size, pair
from mtlhelpers.study.records.record import Record, Side, unpack_labels, unpack_outcomes
from mtlhelpers.training.scores import Outcomes

RESAMPLES = 2_000
OTHER_SENTENCES = "the runs were not scored on the same test sentences"

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]  # exact up to 2**24
Of = Literal["test", "gap", "probe"]


class Match(NamedTuple):
    """Two arms, side by side on one corpus."""

    first: Side
    second: Side
    corpus: str
    # Scores on test, those on train minus test, or those of another corpus's probe.
    of: Of = "test"


class Evidence:
    """The recorded runs of studies, each arm scored once for all claims."""

    def __init__(self, studies: Studies) -> None:
        self.studies = studies
        self._runs = cache(self._arm_runs)
        self._scores = cache(self._arm_scores)

    def pairs(self, match: Match) -> dict[Size, tuple[Runs, ...]]:
        """Both arms by training size, where they share two seeds or more."""
        return pair(*(self._runs(side, match.corpus, match.of) for side in match[:2]))

    def runs(self, side: Side, corpus: str) -> Mapping[Size, Runs]:
        """Return an arm's runs by training size."""
        return self._runs(side, corpus, "test")

    def scores(self, side: Side, corpus: str, size: Size, score: Score) -> "SeedScores":
        """Return an arm's scores on test. Raises `KeyError` for a size without runs."""
        return self._scores(side, corpus, size, score, "test")

    def difference(self, match: Match, size: Size, score: Score) -> "SeedScores":
        """First arm minus second, on test or, for a match of the probe, on that."""
        of: Of = "probe" if match.of == "probe" else "test"
        one, other = (
            self._scores(side, match.corpus, size, score, of) for side in match[:2]
        )
        return subtract(one, other, list(self.pairs(match)[size][0]))

    def _arm_runs(self, side: Side, corpus: str, of: Of) -> dict[Size, Runs]:
        records = self.studies.of(side, corpus)
        return by_size(record for record in records if _has(record, of))

    def _arm_scores(
        self, side: Side, corpus: str, size: Size, score: Score, of: Of
    ) -> "SeedScores":
        runs = self._runs(side, corpus, of)[size]
        if of == "probe":
            corpus = probed_corpus(corpus)
            outcomes = {
                seed: unpack_labels(run["measured"]["probe"]["label_right"])
                for seed, run in runs.items()
            }
        else:
            outcomes = {
                seed: unpack_outcomes(run["outcomes"]) for seed, run in runs.items()
            }
        sentences = len(next(iter(outcomes.values())).label_right)
        return arm_scores(outcomes, groups_of_test(corpus, sentences), score)


def _has(record: Record, of: Of) -> bool:
    """Whether it was scored on sentences it was trained with, or by the probe."""
    if of == "gap":
        return record["train_scores"] is not None
    return of == "test" or "probe" in record.get("measured", {})


@cache
def groups_of_test(corpus: str, sentences: int) -> Sequence[str]:
    """The group of each test sentence of a corpus, which has so many of them.

    A published corpus names no groups, so each of its sentences is one; that much is
    known without the corpus, which a reader of records may not have.
    """
    if corpus == "newsdesk":  # without the second that `load_corpus` takes to import
        with pq.ParquetFile(NEWSDESK_ROWS) as file:
            test = file.read_row_group(file.num_row_groups - 1, columns=["group"])
        return list(test["group"].to_pylist())
    if corpus in (*PUBLISHERS, *STUDIED):
        return [f"{number:06}" for number in range(sentences)]
    from mtlhelpers.data.load import load_corpus

    groups: Sequence[str] = load_corpus(corpus).splits["test"]["group"][:]
    return groups


@dataclass(frozen=True)
class SeedScores:
    """The score of an arm, or the difference of two arms', for each of k seeds."""

    seeds: tuple[int, ...]
    on_test: Floats  # (k,)
    # (RESAMPLES, k), on test sets drawn again from the groups of this one. Row b is
    # the same draw for every arm, seed and size on a test set.
    redrawn: Floats
    gold: bytes = b""  # of the test sentences, as far as scores depend on it


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
        raise InputError(OTHER_SENTENCES)
    one, other = ([arm.seeds.index(seed) for seed in seeds] for arm in (first, second))
    # In one piece, so that means over seeds round as they always have.
    redrawn = np.ascontiguousarray(first.redrawn[:, one] - second.redrawn[:, other])
    on_test = first.on_test[one] - second.on_test[other]
    return SeedScores(tuple(seeds), on_test, redrawn, first.gold)


def add(one: SeedScores, other: SeedScores) -> SeedScores:
    """Return the sum of two arms' scores or differences, for the seeds of both.

    Raises `ValueError` as `subtract` does.
    """
    minus = SeedScores(other.seeds, -other.on_test, -other.redrawn, other.gold)
    return subtract(one, minus, [seed for seed in one.seeds if seed in other.seeds])


def _gold(runs: Sequence[Outcomes], sentences: int) -> bytes:
    """Gold spans of each sentence, and which have a label: the same in all runs."""
    golds = set()
    for run in runs:
        if len(run.label_right) != sentences:
            raise InputError(
                f"{len(run.label_right)} outcomes, and groups of {sentences} sentences"
            )
        labelled = [right is not None for right in run.label_right]
        golds.add(np.array([run.true_spans, labelled], dtype=np.int32).tobytes())
    if len(golds) != 1:
        raise InputError(OTHER_SENTENCES)
    return golds.pop()


def _sums_by_group(
    runs: Sequence[Outcomes], groups: Sequence[str], score: Score
) -> Counts:
    """Both terms of the score of R runs, summed in each of G groups: (R, 2, G)."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise InputError("test sentences that are all of one group cannot be drawn")
    sums = [
        [np.bincount(member, weights=term) for term in _terms(run, score)]
        for run in runs
    ]
    if not np.any(sums):
        raise InputError(f"no test sentence counts for {score}")
    return np.array(sums, dtype=np.float32)


def _terms(run: Outcomes, score: Score) -> tuple[Floats, Floats]:
    """What is summed over sentences, above and below the line of the score."""
    if score == "accuracy":
        right = np.array(run.label_right, dtype=float)  # None becomes nan
        return np.nan_to_num(right), np.isfinite(right).astype(float)
    if score == "ner_f1":
        spans = np.array(run.true_spans) + np.array(run.predicted_spans)
        return 2.0 * np.array(run.correct_spans), spans.astype(float)
    raise InputError(f"score must be 'accuracy' or 'ner_f1', not {score!r}")


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
        raise InputError(
            f"an interval needs two seeds that both arms have, and there are {count}"
        )
