"""Verdicts from recorded runs: the rule's own, of the right runs, at the right size."""

from dataclasses import replace

import pytest
from helpers import outcomes
from helpers.records import record
from hypothesis import given
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.study.protocol import ENDS, Verdict, seeds_at, sizes_of
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Job, Side
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.verdicts.claims import CLAIMS, Claim, Comparison, Crossing
from mtlhelpers.study.verdicts.evidence import Evidence
from mtlhelpers.study.verdicts.intervals import Difference
from mtlhelpers.study.verdicts.judge import decide as decide_rule
from mtlhelpers.study.verdicts.judge import rules_of, with_kept

FROZEN, FREE = Side("made_up", "frozen"), Side("made_up", "free")
CORPUS, SIZE, SENTENCES = "hwu64", 300, 400


def note(
    folder, side, runs, *, size=SIZE, corpus=CORPUS, trained=None, probe="", **settings
):
    """Records of an arm, as a study would have left them."""
    for seed, run in runs.items():
        plan = mtl.Plan(train_size=size, seed=seed, **settings)
        key = f"{side.arm}-{corpus}-{size}-{seed}-{len(settings)}"
        changes = {} if trained is None else {"train_scores": trained}
        if probe:
            asked = {"corpus": "clinc150", "label_right": probe}
            changes["measured"] = {"probe": asked}
        job = Job(side.arm, corpus, "minilm", plan)
        write_record(folder / side.study, record(key, job, run, **changes))


def rule(claimed="higher", **changes) -> Comparison:
    """The frozen arm against the free one on sentence labels."""
    fields = {"corpora": (CORPUS,), "size": SIZE, "tasks": ("sentence",), "seeds": 5}
    return Comparison(FROZEN, FREE, claimed, **fields | changes)


@pytest.fixture
def arms(tmp_path):
    """The frozen arm is right ten points more often."""
    arms = outcomes.random_arms(0, SENTENCES, seeds=5)
    for side, runs in zip((FROZEN, FREE), arms):
        note(tmp_path, side, runs, trained={"accuracy": 0.9, "ner_f1": None})
    return arms


def decide(folder, one) -> list:
    return list(decide_rule(one, Evidence(Studies(folder))))


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [("higher", Verdict.SUPPORTED), ("lower", Verdict.CONTRADICTED)],
)
def test_a_difference_is_judged_by_what_is_claimed(arms, tmp_path, claimed, expected):
    (found,) = decide(tmp_path, rule(claimed))
    groups = outcomes.own_groups(SENTENCES)
    own = outcomes.paired_difference(*arms, groups, "accuracy")
    assert found.verdict is expected
    assert (found.difference, *found.interval) == (own.difference, own.low, own.high)
    assert (found.seeds, len(found.records)) == (5, 10)
    assert f"{100 * own.difference:+.1f} points" in found.said


def test_only_seeds_that_both_have_count_and_are_named(arms, tmp_path):
    more = outcomes.random_arms(1, SENTENCES, seeds=7)[0]
    note(tmp_path, FROZEN, {6: more[6]})
    (found,) = decide(tmp_path, rule())
    assert found.seeds == 5
    seeds = {one["id"]: one["plan"]["seed"] for one in Studies(tmp_path).all("made_up")}
    assert sorted(seeds[key] for key in found.records) == sorted(2 * list(range(5)))


def test_settings_tell_runs_apart(arms, tmp_path):
    """The same arm with another rate is another side."""
    worse = {seed: outcomes.labels("0" * SENTENCES) for seed in range(5)}
    note(tmp_path, FROZEN, worse, head_lr=0.5)
    side = Side("made_up", "frozen", (("head_lr", 0.5),))
    one = replace(rule(), first=side)
    (found,) = decide(tmp_path, one)
    assert found.verdict is Verdict.CONTRADICTED
    assert found.difference < -0.5


def test_without_records_nothing_is_tested_and_it_says_what_is_missing(tmp_path):
    (found,) = decide(tmp_path, rule())
    assert found.verdict is Verdict.NOT_TESTED
    assert (found.difference, found.interval, found.records) == (None, None, ())
    for part in ("300", "frozen of studies/made_up", "free of studies/made_up"):
        assert part in found.said


def test_the_largest_size_is_where_the_corpus_ends_not_what_is_recorded(arms, tmp_path):
    (found,) = decide(tmp_path, rule(size=None))
    assert (found.size, found.verdict) == (ENDS[CORPUS], Verdict.NOT_TESTED)


def test_what_is_closed_of_a_gap_is_held_against_what_is_left(arms, tmp_path):
    """The better head leads the linear one by ten points; a third arm leads it by 0."""
    third = Side("made_up", "third")
    one = rule(left_to=third)
    (found,) = decide(tmp_path, one)
    assert found.verdict is Verdict.NOT_TESTED and "third of studies" in found.said
    note(tmp_path, third, arms[0])
    (closed,) = decide(tmp_path, rule())
    (found,) = decide(tmp_path, one)
    assert found.verdict is Verdict.SUPPORTED
    assert found.difference == pytest.approx(closed.difference)
    assert found.interval == pytest.approx(closed.interval)
    assert (found.seeds, len(found.records)) == (5, 15)
    # The two that lead change places: what is left is ten points, and nothing closed.
    (found,) = decide(tmp_path, replace(one, first=FREE, left_to=FROZEN, second=FREE))
    assert found.verdict is Verdict.CONTRADICTED
    assert found.difference == pytest.approx(-closed.difference)


def test_a_gap_is_train_minus_test(arms, tmp_path):
    """Both arms have 0.9 on train, so the gap's difference is minus that on test."""
    (on_test,) = decide(tmp_path, rule())
    (gap,) = decide(tmp_path, rule("lower", of="gap"))
    assert gap.difference == pytest.approx(-on_test.difference)
    assert gap.interval == pytest.approx([-end for end in on_test.interval[::-1]])
    assert gap.verdict is Verdict.SUPPORTED


def test_a_gap_needs_the_scores_on_train(arms, tmp_path):
    """A record may lack them: its seed does not count for a gap."""
    note(tmp_path, FROZEN, {4: arms[0][4]})  # over the one that had them
    (gap,) = decide(tmp_path, rule("lower", of="gap"))
    assert gap.verdict is Verdict.NOT_TESTED and "(4 so far)" in gap.said
    (gap,) = decide(tmp_path, rule("lower", of="gap", seeds=4))
    assert (gap.seeds, len(gap.records)) == (4, 8)
    (on_test,) = decide(tmp_path, rule())
    assert on_test.seeds == 5


def test_a_smaller_gap_with_a_lower_score_does_not_support(arms, tmp_path):
    """The free arm's gap is larger here; exchange the arms and lower train alone."""
    low = {"accuracy": 0.3, "ner_f1": None}
    for side, runs in zip((FREE, FROZEN), arms):
        trained = low if side is FROZEN else {"accuracy": 0.9, "ner_f1": None}
        note(tmp_path, side, runs, size=1_000, trained=trained)
    (alone,) = decide(tmp_path, rule("lower", of="gap", size=1_000))
    (kept,) = decide(tmp_path, rule("lower", of="gap", size=1_000, kept="own"))
    assert alone.verdict is Verdict.SUPPORTED
    assert kept.verdict is Verdict.CONTRADICTED
    assert "sentence test score -" in kept.said


def test_what_is_kept_is_judged_by_the_probe_alone(arms, tmp_path):
    """The frozen arm keeps less here, though it is ahead on test."""
    for side, runs in zip((FROZEN, FREE), arms):
        right = "1" * (150 if side is FROZEN else 190) + "0" * 50
        note(tmp_path, side, runs, size=3_000, probe=right[:200].ljust(200, "0"))
    (found,) = decide(tmp_path, rule(size=3_000, of="probe"))
    assert found.verdict is Verdict.CONTRADICTED
    assert found.difference == pytest.approx(-0.2)
    assert found.said.startswith("probe -20.0 points")
    (missing,) = decide(tmp_path, rule(of="probe"))  # at 300 it was not measured
    assert missing.verdict is Verdict.NOT_TESTED


def test_runs_on_another_backbone_are_judged_once_there_are_some(arms, tmp_path):
    other = "bert-base-uncased"
    sides = [side._replace(study="bert_base") for side in (FROZEN, FREE)]
    added = replace(rule(), first=sides[0], second=sides[1], backbone=other)
    claim = Claim("0", "00", "", "", "", comparison=(rule(), added))
    assert rules_of(claim, Evidence(Studies(tmp_path))) == [rule()]
    for side, runs in zip(sides, arms):
        note(tmp_path, side, runs)
    assert rules_of(claim, Evidence(Studies(tmp_path))) == [rule(), added]
    (found,) = decide(tmp_path, added)
    assert found.verdict is Verdict.SUPPORTED
    assert found.where == f"{CORPUS} with bert-base-uncased"


ENDS_OF = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(sorted)


@given(said=st.sampled_from(list(Verdict)), ends=ENDS_OF, margin=st.floats(0.001, 0.1))
def test_what_must_be_kept_never_helps_a_claim(said, ends, margin):
    beside = Difference(sum(ends) / 2, *ends, 5, 0.1, 0.1)
    found = with_kept(said, beside, margin)
    if beside.high < -margin:
        assert found is Verdict.CONTRADICTED
    if found is Verdict.SUPPORTED:
        assert said is Verdict.SUPPORTED and beside.low > -margin
    if said is Verdict.CONTRADICTED:
        assert found is Verdict.CONTRADICTED


def test_a_verdict_waits_for_every_declared_seed(arms, tmp_path):
    """Who judges after each seed stops when it suits them."""
    (found,) = decide(tmp_path, rule(seeds=6))
    assert (found.verdict, found.records) == (Verdict.NOT_TESTED, ())
    assert "not recorded at 300 sentences with all seeds (5 so far)" in found.said


@pytest.mark.parametrize("claim", ["2.3", "4.2"])
def test_little_data_is_judged_with_as_many_seeds_as_the_study_declares(claim):
    for one in CLAIMS[claim].comparison:
        assert one.seeds == seeds_at(one.size) == 10


def test_a_crossing_waits_for_every_size_and_seed(tmp_path):
    ahead, behind = outcomes.random_arms(0, SENTENCES, seeds=10)
    one = Crossing(FROZEN, FREE, 5_000, 20_000, (CORPUS,))
    *sizes, last = sizes_of(CORPUS)
    for size in sizes:
        first = (ahead, behind) if size < 100 else (behind, ahead)
        for side, runs in zip((FROZEN, FREE), first):
            note(tmp_path, side, runs, size=size)
    waiting = decide(tmp_path, one)[0]
    assert (waiting.verdict, waiting.size) == (Verdict.NOT_TESTED, last)
    for seeds in (range(4), range(4, 10)):
        for side, runs in zip((FROZEN, FREE), (behind, ahead)):
            note(tmp_path, side, {seed: runs[seed] for seed in seeds}, size=last)
        if seeds[0] == 0:
            assert "(4 so far)" in decide(tmp_path, one)[0].said
    found = decide_labels_alone(tmp_path, one)
    assert found.verdict is Verdict.CONTRADICTED
    assert 30 <= found.interval[0] <= found.interval[1] <= 100
    assert (found.seeds, len(found.records)) == (10, 20 * len(sizes_of(CORPUS)))


def decide_labels_alone(folder, one):
    """The made-up runs have no spans, so the crossing of NER cannot be asked for."""
    return next(decide_rule(one, Evidence(Studies(folder))))
