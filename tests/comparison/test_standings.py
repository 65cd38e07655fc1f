"""Who is ahead, and what is said of it, from made-up records."""

from dataclasses import asdict

import numpy as np
import pytest
from helpers import tiny
from helpers.outcomes import labels
from helpers.records import record
from scipy import stats

import mtlhelpers as mtl
from mtlhelpers.comparison.answer import in_words, spoken
from mtlhelpers.comparison.contest import Setup, Unit
from mtlhelpers.comparison.sheet import sheet_of
from mtlhelpers.comparison.standings import Standings, over_folds
from mtlhelpers.comparison.ways import BASELINE, OFFERED
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.study.records.record import Job
from mtlhelpers.training.scores import Details, Scores

TEST = 600  # sentences
SCENARIOS = {way.scenario: way for way in (*OFFERED, BASELINE)}


def corpus() -> mtl.Corpus:
    rows = {s: tiny.rows(s, n, tags=False) for s, n in SIZES.items()}
    return build_corpus("<b>mine</b>", rows)


SIZES = {"train": 30, "validation": 9, "test": TEST}


def standings(shares: dict[str, list[float]], size: int | None = None) -> Standings:
    """Ways that are right in these shares of the test sentences, seed by seed.

    Who is right where is drawn anew for each run.
    """
    units, made = {}, corpus()
    for scenario, own in shares.items():
        for seed, share in enumerate(own):
            rng = np.random.default_rng([seed, *scenario.encode()])
            right = rng.permutation(TEST) < round(share * TEST)
            gold = made.splits["test"]["label"][:]
            said = [g if r else "go" for g, r in zip(gold, right)]
            details = Details(gold, said, [None] * TEST, [[]] * TEST)
            job = Job(scenario, made.name, "minilm", mtl.Plan(scenario, seed=seed))
            marks = labels("".join("01"[int(one)] for one in right))
            scores = dict.fromkeys(Scores.__dataclass_fields__, None)
            scores |= {"accuracy": float(right.mean()), "majority_accuracy": 0.4}
            seconds = {"setup": 0.0, "total": 9.0}
            seconds["steps"] = 3.0 if scenario == "frozen_best" else 120.0
            one = record(
                f"{scenario}{seed}",
                job,
                marks,
                scores=scores,
                seconds=seconds,
                measured={"answers": asdict(details)},
            )
            units[Unit(SCENARIOS[scenario], seed, size)] = [one]
    return Standings(Setup(made, OFFERED), units)


def said(shares: dict[str, list[float]]) -> str:
    return "\n".join(in_words(standings(shares), 10))


def test_a_clear_lead_is_said_with_its_interval_and_cost():
    text = said({"frozen_best": [0.60, 0.61], "none_frozen": [0.90, 0.91]})
    assert text.startswith(
        "Train everything. On 30 of your sentences it is 30.0 points of accuracy ahead "
        "of freezing the backbone ("
    )
    assert "It takes 2 minutes instead of 3 seconds." in text
    without = "In labels, without training: always saying the most frequent label 40.0"
    assert without in text


def test_the_cheaper_way_is_taken_where_nothing_is_lost():
    same = {"frozen_best": [0.99, 0.99], "none_frozen": [0.99, 0.99]}
    text = said(same)
    assert text.startswith("Freeze the backbone. In labels the two do not differ by")


def test_what_is_open_is_called_undecided():
    text = said({"frozen_best": [0.80, 0.79], "none_frozen": [0.81, 0.80]})
    assert text.startswith("Undecided between training everything and freezing")
    assert "could be anywhere from -" in text


def test_frozen_is_advised_where_it_is_decidedly_ahead():
    text = said({"frozen_best": [0.90, 0.91], "none_frozen": [0.60, 0.61]})
    assert text.startswith("Freeze the backbone. On 30 of your sentences it is 30.0")


def test_other_ways_stand_in_a_line_of_their_own():
    text = said(
        {
            "frozen_best": [0.60, 0.61],
            "none_frozen": [0.90, 0.91],
            "lora": [0.89, 0.90],
        }
    )
    assert "\nTraining everything against LoRA: undecided in labels (" in text


def test_one_seed_gives_no_verdict():
    text = said({"frozen_best": [0.60], "none_frozen": [0.90]})
    assert text.startswith("No answer: with one seed")


def test_intervals_hold_together_over_all_ways():
    """A way among several is no winner for having been tried (Bonferroni)."""
    two = {"frozen_best": [0.80, 0.81], "none_frozen": [0.84, 0.85]}
    pair = standings(two)
    four = standings(two | {"heads_first": [0.7, 0.7], "lora": [0.7, 0.7]})
    assert (pair.confidence, four.confidence) == pytest.approx((0.95, 1 - 0.05 / 3))
    wide = [one.leads[0].found for one in (four, pair)]
    assert wide[0].difference == wide[1].difference
    assert wide[0].low < wide[1].low and wide[0].high > wide[1].high
    assert "over all 3 comparisons" in "\n".join(in_words(four, 10))
    assert "comparisons" not in "\n".join(in_words(pair, 10))


def test_class_means_stand_beside_the_majority():
    found = standings(
        {"none_frozen": [0.9, 0.91], "frozen_best": [0.6, 0.61], "class_means": [0.5]}
    )
    assert found.winner.scenario == "none_frozen" and found.comparisons == 1
    text = "\n".join(in_words(found, 10))
    assert "label 40.0, class means of frozen vectors 50.0 (training everything" in text
    assert "class means of frozen vectors, no training" in sheet_of(found, [text])


def test_one_way_alone_is_no_answer():
    text = said({"frozen_best": [0.60, 0.61]})
    assert text.startswith("No answer: freezing the backbone is all that was run.")


def test_nothing_at_all_is_said_too():
    assert said({}) == "No answer: not one run fitted the budget."


def test_more_labels_help_where_a_third_does_worse():
    whole = standings({"frozen_best": [0.60, 0.61], "none_frozen": [0.90, 0.91]})
    third = standings({"none_frozen": [0.7, 0.7]}, size=10)
    both = Standings(whole.case, {**whole.units, **third.units})
    text = "\n".join(in_words(both, 10))
    assert "30 sentences bring 20.5 points over 10" in text
    assert "more labels would help" in text


def test_the_page_escapes_what_sentences_bring_and_loads_nothing():
    found = standings({"frozen_best": [0.6, 0.61], "none_frozen": [0.9, 0.91]})
    page = sheet_of(found, list(in_words(found, 10)))
    assert "<b>" not in page and "&lt;b&gt;mine" in page
    assert "http" not in page and "<script" not in page
    assert "training everything minus freezing the backbone" in page
    assert "<td>play</td><td>go</td>" in page  # a confusion


def test_folds_are_corrected_for_what_they_share():
    """Against Nadeau and Bengio's formula, written out."""
    values = [0.1, 0.2, 0.15, 0.05, 0.3]
    found = over_folds(values, 5, 0.95)
    error = np.sqrt(np.var(values, ddof=1) * (1 / 5 + (1 / 5) / (4 / 5)))
    low, high = stats.t.interval(0.95, 4, np.mean(values), error)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_seconds_are_spoken():
    assert [spoken(s) for s in (0.2, 20, 180, 7200)] == [
        "1 second",
        "20 seconds",
        "3 minutes",
        "2.0 hours",
    ]
