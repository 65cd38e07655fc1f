"""Made-up outcomes of runs on a few test sentences."""

import numpy as np

from mtlhelpers.study.verdicts.evidence import SeedScores, arm_scores, subtract
from mtlhelpers.study.verdicts.intervals import Difference, mean_difference
from mtlhelpers.training.scores import Outcomes


def labels(marks: str) -> Outcomes:
    """A run on as many sentences: 1 right, 0 wrong, - without a gold label."""
    right = [{"1": True, "0": False, "-": None}[mark] for mark in marks]
    none = [0] * len(right)
    return Outcomes(right, none, none, none)


def spans(true: list[int], predicted: list[int], correct: list[int]) -> Outcomes:
    return Outcomes([None] * len(true), true, predicted, correct)


def arm(runs: dict[int, str]) -> dict[int, Outcomes]:
    return {seed: labels(marks) for seed, marks in runs.items()}


def own_groups(count: int) -> list[str]:
    return [f"{number:05}" for number in range(count)]


def random_arms(seed: int, sentences: int, seeds: int = 3, score: str = "accuracy"):
    """Two arms of random outcomes, right more often in the first."""
    rng = np.random.default_rng(seed)
    true = 1 + rng.integers(3, size=sentences)
    arms = []
    for chance in (0.8, 0.7):
        right = rng.random((seeds, sentences)) < chance
        correct = rng.binomial(true, chance, size=right.shape)
        wrong = rng.poisson(0.5, size=right.shape)
        arms.append(
            {
                run: labels("".join("01"[int(one)] for one in right[run]))
                if score == "accuracy"
                else spans(
                    true.tolist(),
                    (correct + wrong)[run].tolist(),
                    correct[run].tolist(),
                )
                for run in range(seeds)
            }
        )
    return arms


def repeated(run: Outcomes, times: int) -> Outcomes:
    return Outcomes(
        *(getattr(run, name) * times for name in Outcomes.__dataclass_fields__)
    )


def seed_differences(first, second, groups, score) -> SeedScores:
    """The differences of two arms' outcomes, for each seed that both have."""
    one, other = (arm_scores(runs, groups, score) for runs in (first, second))
    return subtract(one, other, sorted(set(first) & set(second)))


def paired_difference(first, second, groups, score) -> Difference:
    """The mean difference of two arms' outcomes by seed, with its interval."""
    return mean_difference(seed_differences(first, second, groups, score))
