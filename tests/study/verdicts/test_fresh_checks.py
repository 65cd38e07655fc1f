"""Checks of claims: what they find on newsdesk, and that each of them can fail."""

import numpy as np
import pytest
import torch

from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts import fresh_checks as checks
from mtlhelpers.study.verdicts import step_timing as speed
from mtlhelpers.study.verdicts.claims import CLAIMS
from mtlhelpers.study.verdicts.fresh_checks import CHECKS, Ground
from mtlhelpers.study.verdicts.step_timing import (
    REPEATS,
    STEP_PARTS,
    faster,
    for_the_reason,
)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground.prepare()


@pytest.fixture
def few_heads(monkeypatch):
    """Two random heads instead of twenty: what they say is the same kind of thing."""
    monkeypatch.setattr(checks, "RANDOM_HEADS", 2)


def test_every_check_decides_one_claim():
    assert sorted(claim.check for claim in CLAIMS.values() if claim.check) == sorted(
        CHECKS
    )


BY_BITS = [check for check in CHECKS if check != "speed_and_its_reason"]


@pytest.mark.parametrize("check", BY_BITS)
def test_claims_about_bits_hold(check, ground, few_heads):
    (found,) = CHECKS[check](ground)
    assert found.verdict is Verdict.SUPPORTED, found.said
    assert found.corpus == "newsdesk" and found.records == ()


def test_the_counts_are_those_of_the_text(ground):
    (found,) = CHECKS["heads_alone_count"](ground)
    assert "15,380 of 108,907,028" in found.said


class Leaky(Ground):
    """A ground on which training moves what it must not, a little."""

    def train(self, model, plan):
        run = super().train(model, plan)
        head = model.sentence_classifier or model.ner_classifier
        with torch.no_grad():
            head.bias[0] += 1e-3 + plan.skip
        return run


@pytest.mark.parametrize(
    "check",
    ["nothing_learns", "weights_alone_decide", "like_one_task", "stays_as_it_was"],
)
def test_a_number_that_moved_contradicts(check, ground, few_heads):
    (found,) = CHECKS[check](Leaky(ground.corpus, ground.store))
    assert found.verdict is Verdict.CONTRADICTED, found.said


def test_a_model_that_is_not_stored_whole_contradicts(ground, monkeypatch):
    load = checks.SharedModel.load

    def wrong(folder):
        model = load(folder)
        with torch.no_grad():
            model.ner_classifier.weight[0, 0] += 1.0
        return model

    monkeypatch.setattr(checks.SharedModel, "load", wrong)
    (found,) = CHECKS["serves_when_trained"](ground)
    assert found.verdict is Verdict.CONTRADICTED


def test_a_head_that_did_not_train_contradicts_the_count(ground, monkeypatch):
    monkeypatch.setattr(Ground, "train", lambda *_, **__: None)
    (found,) = CHECKS["heads_alone_count"](ground)
    assert found.verdict is Verdict.CONTRADICTED
    assert "0 moved" in found.said


def made_up(free, frozen) -> np.ndarray:
    """Seconds of forward, backward and update, with a little noise."""
    noise = np.random.default_rng(0).normal(1, 0.01, size=(REPEATS, 2, len(STEP_PARTS)))
    return np.array([free, frozen]) * noise


@pytest.mark.parametrize(
    ("free", "frozen", "speed", "reason"),
    [
        ((1, 2, 0.1), (1, 0.01, 0.01), Verdict.SUPPORTED, Verdict.CONTRADICTED),
        ((1, 0.1, 2), (1, 0.01, 0.01), Verdict.SUPPORTED, Verdict.SUPPORTED),
        ((1, 1, 1), (1.5, 1.5, 1.5), Verdict.CONTRADICTED, Verdict.UNDECIDED),
    ],
)
def test_speed_and_its_reason_are_told_apart(free, frozen, speed, reason):
    seconds = made_up(free, frozen)
    assert faster(seconds, "newsdesk").verdict is speed
    assert for_the_reason(seconds, "newsdesk").verdict is reason


def test_a_live_step_is_measured_in_all_its_parts(ground, monkeypatch):
    """Which of both is faster is for the benchmark: here, that there are times."""
    monkeypatch.setattr(speed, "REPEATS", 2)
    monkeypatch.setattr(speed, "STEPS", 1)
    time, reason = CHECKS["speed_and_its_reason"](ground)
    assert (time.task, reason.task) == ("time", "reason")
    assert np.isfinite([time.difference, reason.difference]).all()
    for part in STEP_PARTS:
        assert part in time.said
