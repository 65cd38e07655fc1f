"""The rule of verdicts, tried on made-up arms whose true difference is known.

    python -m studies.verdict_rule.simulate

Lesson: 07_limited_vs_sufficient_data. A trial makes the outcomes of two arms, k seeds
each, on one new test set, and judges them as a study's are judged. Whether a label or
a span is right follows a Gaussian copula: part of what decides it is common to both
arms, part to the runs of one arm. `BETWEEN` and `WITHIN` are about what the records of
studies/defaults show for labels (tetrachoric correlations on 700 SNIPS sentences).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from mtlhelpers.data.streams import stream
from mtlhelpers.study.protocol import MARGINS, Score, Verdict
from mtlhelpers.study.verdicts.evidence import arm_scores, subtract
from mtlhelpers.study.verdicts.intervals import Difference, mean_difference, verdict
from mtlhelpers.training.scores import Outcomes

BETWEEN = 0.8  # correlation of two runs of different arms
WITHIN = 0.9  # of two runs of one arm
# The second arm's true score.
BASE: dict[Score, float] = {"accuracy": 0.90, "ner_f1": 0.80}
VERDICTS = [name for name in Verdict if name != Verdict.NOT_TESTED]
SPANS = (1, 6, 0.26)  # in a sentence: one, and of six more each with this chance


@dataclass(frozen=True)
class Case:
    """What is true in a simulation; scores and deviations from 0 to 1."""

    score: Score
    seeds: int
    sentences: int  # of the test set, each a group of its own
    difference: float  # first arm minus second, over all seeds and sentences
    seed_deviation: float = 0.008  # of that difference, from seed to seed


CASES = tuple(
    Case(score, seeds, sentences, difference)
    for score, seeds, sentences in product(BASE, (5, 10), (700, 2_000))
    for difference in (MARGINS[score], 0.03)
)


def simulate_verdicts(
    cases: Sequence[Case] = CASES,
    trials: int = 1_000,
    seed: int = 0,
    *,
    progress: bool = False,
) -> pd.DataFrame:
    """Return how often each verdict comes out, for a claim that the first is higher.

    One row per case: its fields, the share of trials that end in each verdict, and
    `covered`, the share whose interval holds the true difference.
    """
    rows = []
    for case in tqdm(cases, disable=not progress, unit="case"):
        rng = stream(seed, f"simulation {case}")
        differences = [_judged_trial(case, rng) for _ in range(trials)]
        margin = MARGINS[case.score]
        verdicts = Counter(verdict(one, margin, "higher") for one in differences)
        held = [one.low <= case.difference <= one.high for one in differences]
        rows.append(
            asdict(case)
            | {str(name): verdicts[name] / trials for name in VERDICTS}
            | {"covered": np.mean(held)}
        )
    return pd.DataFrame(rows)


def _judged_trial(case: Case, rng: np.random.Generator) -> Difference:
    """The difference that one made-up comparison finds."""
    first, second = make_arms(case, rng)
    groups = [str(number) for number in range(case.sentences)]
    one, other = (arm_scores(runs, groups, case.score) for runs in (first, second))
    return mean_difference(subtract(one, other, one.seeds))


def make_arms(
    case: Case, rng: np.random.Generator
) -> tuple[dict[int, Outcomes], dict[int, Outcomes]]:
    """Return the outcomes of two arms, by seed, on one made-up test set.

    A seed moves both arms together, and one from the other. Raises `ValueError` where
    that takes a true score beyond 0 or 1.
    """
    spans = np.ones(case.sentences, dtype=int)
    if case.score == "ner_f1":
        least, more, chance = SPANS
        spans = least + rng.binomial(more, chance, size=case.sentences)
    owner = np.repeat(np.arange(case.sentences), spans)  # (M,) sentence of each item
    apart, together = case.seed_deviation * rng.normal(size=(2, case.seeds))
    centre = BASE[case.score] + together
    common = rng.normal(size=len(owner))
    arms = []
    for true in (centre + case.difference + apart / 2, centre - apart / 2):
        right = _right(true, common, rng)
        arms.append(
            {run: _outcomes(case, owner, row, rng) for run, row in enumerate(right)}
        )
    return arms[0], arms[1]


def _right(
    true: np.ndarray, common: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Which of M items each of k runs gets right, with chances `true`: (k, M)."""
    if not np.all((true > 0) & (true < 1)):
        raise ValueError("the case puts a true score beyond 0 to 1")
    own = rng.normal(size=len(common))
    noise = rng.normal(size=(len(true), len(common)))
    latent = (
        np.sqrt(BETWEEN) * common
        + np.sqrt(WITHIN - BETWEEN) * own
        + np.sqrt(1 - WITHIN) * noise
    )
    right: np.ndarray = latent < stats.norm.ppf(true)[:, None]
    return right


def _outcomes(
    case: Case, owner: np.ndarray, right: np.ndarray, rng: np.random.Generator
) -> Outcomes:
    """A run's outcomes; as many spans are wrongly predicted as missed, on average.

    So the F1 of all possible sentences is the chance that a span is right.
    """
    if case.score == "accuracy":
        none = [0] * case.sentences
        return Outcomes(right.tolist(), none, none, none)
    true = np.bincount(owner, minlength=case.sentences)
    correct = np.bincount(owner[right], minlength=case.sentences)
    predicted = correct + rng.poisson(true - correct)
    unlabelled: list[bool | None] = [None] * case.sentences
    return Outcomes(unlabelled, true.tolist(), predicted.tolist(), correct.tolist())


if __name__ == "__main__":
    print(simulate_verdicts(progress=True).to_string(index=False))
