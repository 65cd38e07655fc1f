"""Test sets drawn again: by group, the same for all, and only for runs that match."""

from pathlib import Path

import numpy as np
import pytest
from helpers.outcomes import (
    arm,
    labels,
    own_groups,
    paired_difference,
    random_arms,
    repeated,
    seed_differences,
    spans,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mtlhelpers.data.streams import stream
from mtlhelpers.study.records.record import unpack_outcomes
from mtlhelpers.study.records.store import read_records
from mtlhelpers.study.verdicts.evidence import RESAMPLES
from mtlhelpers.training.scores import Outcomes

FEW = settings(max_examples=25, deadline=None)
DEFAULTS = Path(__file__).parents[3] / "studies" / "defaults"
ARM = {0: "1100", 1: "1110"}


def test_a_draw_without_any_span_scores_nothing():
    first = dict.fromkeys((0, 1), spans([1, 0], [1, 0], [1, 0]))
    second = dict.fromkeys((0, 1), spans([1, 0], [0, 0], [0, 0]))
    found = seed_differences(first, second, list("ab"), "ner_f1")
    assert set(found.redrawn.ravel()) == {0.0, 1.0}  # without the first group, or with


@pytest.mark.parametrize("score", ["accuracy", "ner_f1"])
def test_recorded_outcomes_give_the_recorded_scores(score):
    records = read_records(DEFAULTS)
    arms = {0.003: {}, 0.01: {}}
    for record in records:
        plan = record["plan"]
        if plan["scenario"] == "backbone_frozen" and plan["epochs"] == 30:
            arms.get(plan["head_lr"], {})[plan["seed"]] = record
    first, second = arms.values()
    outcomes = [
        {seed: unpack_outcomes(record["outcomes"]) for seed, record in runs.items()}
        for runs in (first, second)
    ]
    found = seed_differences(*outcomes, own_groups(700), score)
    assert found.seeds == (100, 101)
    scores = [
        [runs[seed]["scores"][score] for seed in (100, 101)] for runs in arms.values()
    ]
    assert found.on_test == pytest.approx(np.subtract(*scores), abs=1e-12)


@pytest.mark.parametrize("score", ["accuracy", "ner_f1"])
def test_the_test_error_is_that_of_scipys_bootstrap(score):
    first, second = random_arms(1, 200, score=score)
    found = paired_difference(first, second, own_groups(200), score)

    def mean_difference(drawn, axis):
        return np.mean(
            [value(first[n], drawn) - value(second[n], drawn) for n in first], 0
        )

    def value(run: Outcomes, drawn: np.ndarray) -> np.ndarray:
        if score == "accuracy":
            return np.array(run.label_right)[drawn].mean(axis=-1)
        true, predicted, correct = (
            np.array(column)[drawn].sum(axis=-1)
            for column in (run.true_spans, run.predicted_spans, run.correct_spans)
        )
        return 2 * correct / (true + predicted)

    theirs = stats.bootstrap(
        (np.arange(200),),
        mean_difference,
        n_resamples=2_000,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    assert found.test_error == pytest.approx(theirs.standard_error, rel=0.08)


@FEW
@given(
    st.integers(0, 1_000), st.integers(2, 5), st.sampled_from(["accuracy", "ner_f1"])
)
def test_copies_of_a_sentence_in_one_group_add_nothing(seed, times, score):
    first, second = random_arms(seed, 40, score=score)
    copies = [
        {n: repeated(run, times) for n, run in a.items()} for a in (first, second)
    ]
    once = paired_difference(first, second, own_groups(40), score)
    grouped = paired_difference(*copies, own_groups(40) * times, score)
    assert grouped == once
    apart = paired_difference(*copies, own_groups(40 * times), score)
    assert grouped.test_error > apart.test_error
    assert grouped.test_error / apart.test_error == pytest.approx(times**0.5, rel=0.15)


def test_the_order_of_sentences_does_not_matter():
    first, second = random_arms(3, 50)
    groups = [f"{n % 20}" for n in range(50)]
    order = stream(0, "order").permutation(50)

    def mixed(runs):
        rows = {seed: np.array(run.label_right)[order] for seed, run in runs.items()}
        return {
            seed: Outcomes(row.tolist(), *[[0] * 50] * 3) for seed, row in rows.items()
        }

    moved = [groups[at] for at in order]
    assert paired_difference(
        mixed(first), mixed(second), moved, "accuracy"
    ) == paired_difference(first, second, groups, "accuracy")


def test_every_comparison_on_a_test_set_sees_the_same_draws():
    one, two = random_arms(4, 30)
    three, _ = random_arms(5, 30)

    def redrawn(first, second):
        return seed_differences(first, second, own_groups(30), "accuracy").redrawn

    assert redrawn(one, two).shape == (RESAMPLES, 3)
    total = redrawn(one, two) + redrawn(two, three)
    np.testing.assert_allclose(redrawn(one, three), total, atol=1e-12)


def test_draws_are_the_same_everywhere():
    # Pinned: a change here changes every interval that was ever reported.
    first, second = arm({0: "1110", 1: "1111"}), arm({0: "1100", 1: "1000"})
    found = seed_differences(first, second, list("abcd"), "accuracy")
    assert found.redrawn[:3].tolist() == [[0.0, 0.25], [0.0, 0.25], [0.0, 0.75]]


def test_only_shared_seeds_are_compared():
    first, second = random_arms(6, 30, seeds=4)
    few = {seed: second[seed] for seed in (1, 2)}
    found = paired_difference(first, few | {9: first[0]}, own_groups(30), "accuracy")
    both = {seed: first[seed] for seed in (1, 2)}
    assert found == paired_difference(both, few, own_groups(30), "accuracy")
    assert found.seeds == 2


@pytest.mark.parametrize("seeds", [[0], [5], [0, 5]])
def test_one_shared_seed_is_too_few(seeds):
    other = {seed: labels("1100") for seed in seeds}
    message = f"needs two seeds that both arms have, and there are {int(0 in seeds)}"
    with pytest.raises(ValueError, match=message):
        paired_difference(arm(ARM), other, list("abcd"), "accuracy")


@pytest.mark.parametrize(
    ("second", "groups", "score", "message"),
    [
        (ARM, list("abc"), "accuracy", "4 outcomes, and groups of 3 sentences"),
        ({0: "110", 1: "110"}, list("abcd"), "accuracy", "3 outcomes, and groups of 4"),
        (
            {0: "11-0", 1: "1100"},
            list("abcd"),
            "accuracy",
            "not scored on the same test",
        ),
        (ARM, list("aaaa"), "accuracy", "all of one group"),
        (ARM, list("abcd"), "ner_f1", "no test sentence counts for ner_f1"),
        (ARM, list("abcd"), "f1", "score must be 'accuracy' or 'ner_f1', not 'f1'"),
    ],
)
def test_runs_that_cannot_be_compared(second, groups, score, message):
    with pytest.raises(ValueError, match=message):
        paired_difference(arm(ARM), arm(second), groups, score)


def test_runs_of_other_gold_spans_cannot_be_compared():
    first = dict.fromkeys((0, 1), spans([2, 1], [1, 1], [1, 1]))
    second = dict.fromkeys((0, 1), spans([1, 2], [1, 1], [1, 1]))
    with pytest.raises(ValueError, match="not scored on the same test sentences"):
        paired_difference(first, second, list("ab"), "ner_f1")
