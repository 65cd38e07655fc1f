"""The verdict rule on made-up arms: what it was promised to do, and what it does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.outcomes import seed_differences
from scipy import stats

from mtlhelpers.study.protocol import MARGINS
from mtlhelpers.study.verdicts.intervals import mean_difference
from studies.verdict_rule import simulate as simulation
from studies.verdict_rule.simulate import (
    BETWEEN,
    CASES,
    WITHIN,
    Case,
    simulate_verdicts,
)

NAMES = ["supported", "contradicted", "no practical difference", "undecided"]


@pytest.mark.parametrize("score", ["accuracy", "ner_f1"])
def test_made_arms_differ_by_what_is_asked(score):
    case = Case(score, 40, 4_000, 0.04, seed_deviation=0.01)
    first, second = simulation.make_arms(case, np.random.default_rng(0))
    groups = [str(number) for number in range(case.sentences)]
    found = seed_differences(first, second, groups, score).on_test
    # Three standard errors of the mean, from seeds and from 4,000 sentences.
    assert found.mean() == pytest.approx(0.04, abs=3 * np.hypot(0.01 / 40**0.5, 0.004))
    assert 0.008 < found.std() < 0.014  # of the seeds, and of what each run gets right


def test_a_true_score_beyond_one_is_refused():
    with pytest.raises(ValueError, match="puts a true score beyond 0 to 1"):
        simulate_verdicts([Case("accuracy", 5, 50, 0.2)], trials=1)


def test_made_runs_are_as_alike_as_is_said():
    case = Case("accuracy", 2, 200_000, 0.0, seed_deviation=0.0)
    arms = simulation.make_arms(case, np.random.default_rng(0))
    (one, other), (third, _) = [
        [np.array(run.label_right) for run in arm.values()] for arm in arms
    ]
    chance = simulation.BASE["accuracy"]
    assert np.mean(one) == pytest.approx(chance, abs=0.003)
    for pair, correlation in ((one & other, WITHIN), (one & third, BETWEEN)):
        together = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]])
        assert np.mean(pair) == pytest.approx(
            together.cdf([stats.norm.ppf(chance)] * 2), abs=0.003
        )


def test_a_row_a_case_and_a_verdict_a_trial():
    cases = [replace(case, sentences=50) for case in CASES[::5]]
    table = simulate_verdicts(cases, trials=3)
    assert table["score"].tolist() == [case.score for case in cases]
    assert table[NAMES].sum(axis=1).tolist() == pytest.approx([1] * len(cases))


def test_a_seed_gives_one_table_whatever_stands_beside_a_case():
    cases = [Case("accuracy", 10, 300, gap) for gap in (0.04, 0.05, 0.06)]
    table = simulate_verdicts(cases, trials=25)
    pd.testing.assert_frame_equal(table, simulate_verdicts(cases, trials=25))
    assert not table.equals(simulate_verdicts(cases, trials=25, seed=1))
    alone = simulate_verdicts(cases[1:2], trials=25)
    assert alone.iloc[0].to_dict() == table.iloc[1].to_dict()


def test_the_cases_are_those_of_the_protocol():
    assert {case.seeds for case in CASES} == {5, 10}
    assert {case.seed_deviation for case in CASES} == {0.008}
    for score, margin in (("accuracy", 0.01), ("ner_f1", 0.02)):
        assert {c.difference for c in CASES if c.score == score} == {margin, 0.03}


def at_margin(trials: int) -> pd.Series:
    case = Case("accuracy", 10, 700, MARGINS["accuracy"])
    return simulate_verdicts([case], trials).iloc[0]


def test_a_difference_at_the_margin_is_seldom_called_one_side_or_the_other():
    found = at_margin(200)
    assert found["supported"] <= 0.025
    assert found["no practical difference"] <= 0.05
    assert found["covered"] >= 0.975


def test_the_simulation_tells_a_rule_that_leaves_out_the_test_sentences(monkeypatch):
    def of_seeds_alone(differences):
        found = mean_difference(differences)
        half = (found.high - found.low) / 2 * found.seed_error
        half /= np.hypot(found.seed_error, found.test_error)
        return replace(found, low=found.difference - half, high=found.difference + half)

    monkeypatch.setattr(simulation, "mean_difference", of_seeds_alone)
    found = at_margin(100)
    assert found["supported"] > 0.05
    assert found["covered"] < 0.9


def decided(seeds: int) -> float:
    case = Case("accuracy", seeds, 2_700, 0.03)  # as many as SNIPS has
    return 1 - simulate_verdicts([case], trials=80).iloc[0]["undecided"]


def test_ten_seeds_and_enough_test_sentences_decide_three_points():
    assert decided(seeds=10) >= 0.8


def test_five_seeds_decide_three_points():
    assert decided(seeds=5) >= 0.8
