"""What two ways come to on one corpus, held against the same on another."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers import outcomes
from helpers.records import record
from scipy.stats import ttest_ind

import mtlhelpers as mtl
from mtlhelpers.study.protocol import CONFIDENCE, Verdict
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Job, Side
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.verdicts.claims import CLAIMS, Contrast, Duel
from mtlhelpers.study.verdicts.contrast import decide_contrast, unpaired
from mtlhelpers.study.verdicts.evidence import Evidence
from mtlhelpers.study.verdicts.intervals import t_interval

FIRST, SECOND = Side("made_up", "frozen"), Side("made_up", "free")
HERE, THERE = "clinc150-oos:intent", "clinc150-oos"
RULE = Contrast(
    Duel(FIRST, SECOND, HERE, 300),
    Duel(FIRST, SECOND, THERE, 100),
    "lead",
    "higher",
    "sentence",
    5,
    "many labels against few",
)


def note(folder, corpus, size, shares, seeds=5, sentences=2_000) -> None:
    """Records of both arms, each right on a share of its sentences."""
    draws = np.random.default_rng(0)
    for side, share in zip((FIRST, SECOND), shares):
        for seed in range(seeds):
            right = draws.random(sentences) < share
            run = outcomes.labels("".join(map(str, right.astype(int))))
            plan = mtl.Plan(train_size=size, seed=seed)
            key = f"{side.arm}-{size}-{seed}"
            job = Job(side.arm, corpus, "minilm", plan)
            write_record(folder / "made_up", record(key, job, run))


def decide(folder, rule=RULE):
    return decide_contrast(rule, Evidence(Studies(folder)))


def test_a_lead_is_held_against_the_lead_elsewhere(tmp_path):
    note(tmp_path, HERE, 300, (0.9, 0.7))
    note(tmp_path, THERE, 100, (0.9, 0.85))
    found = decide(tmp_path)
    assert found.difference == pytest.approx(0.15, abs=0.03)
    assert found.verdict is Verdict.SUPPORTED
    assert (found.size, found.seeds, len(found.records)) == (300, 5, 20)
    assert re.match(rf"lead [12]\d\.\d on {HERE}, \d\.\d on {THERE}: ", found.said)
    turned = replace(RULE, claimed="lower")
    assert decide(tmp_path, turned).verdict is Verdict.CONTRADICTED


def test_a_share_does_not_fall_where_both_do(tmp_path):
    """Half of the lead on a corpus where both score half is the same share."""
    note(tmp_path, HERE, 300, (0.4, 0.5))
    note(tmp_path, THERE, 100, (0.8, 1.0))
    found = decide(tmp_path, replace(RULE, of="share"))
    assert found.difference == pytest.approx(0, abs=0.05)
    assert found.verdict is Verdict.UNDECIDED
    assert found.said.startswith("share ")


def test_until_every_seed_is_there_nothing_is_decided(tmp_path):
    note(tmp_path, HERE, 300, (0.9, 0.7))
    note(tmp_path, THERE, 100, (0.9, 0.85), seeds=4)
    found = decide(tmp_path)
    assert found.verdict is Verdict.NOT_TESTED and found.records == ()
    for part in (f"100 sentences of {THERE}", "4 so far", "free of studies/made_up"):
        assert part in found.said


def test_without_test_sentences_it_is_welchs_interval():
    one, other = np.random.default_rng(1).normal(size=(2, 5)) * [[1.0], [3.0]]
    found = unpaired(t_interval(one), t_interval(other))
    ends = ttest_ind(one, other, equal_var=False).confidence_interval(CONFIDENCE)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert found.difference == pytest.approx(one.mean() - other.mean())


def test_what_lies_far_and_what_has_more_labels_is_held_against_the_rest():
    pairs = {
        key: [(one.here.corpus, one.there.corpus) for one in CLAIMS[key].contrast]
        for key in ("5.9", "5.10")
    }
    assert {here for here, _ in pairs["5.9"]} == {"clinc150-oos+bc5cdr"}
    assert [here.removesuffix(":intent") for here, _ in pairs["5.10"]] == [
        there for _, there in pairs["5.10"]
    ]
