"""The recorded runs of arms, by size and seed, whatever is absent."""

import pytest
from helpers import outcomes
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.records.arms import (
    Studies,
    as_probed,
    by_size,
    groups_of_test,
    pair,
    select,
    shared_ids,
)
from mtlhelpers.study.records.record import Job, Side
from mtlhelpers.study.records.store import write_record
from mtlhelpers.training.scores import Outcomes

SIZES = (100, None, 30)  # None: all of the corpus


SOME = Outcomes([True, False, True], [1, 2, 0], [1, 1, 1], [1, 0, 0])


def run(arm: str, size: int | None, seed: int, **changes) -> dict:
    plan = mtl.Plan(train_size=size, epochs=1, seed=seed)
    return record(arm, Job(arm, "hwu64", "minilm", plan), SOME, **changes)


@pytest.fixture
def two_arms() -> list[dict]:
    return [run(arm, size, seed) for arm in "ab" for size in SIZES for seed in range(2)]


def test_all_of_a_corpus_comes_after_numbers_of_sentences(two_arms):
    runs = by_size(select(two_arms, "hwu64", "a"))
    assert list(runs) == [30, 100, None]
    assert runs[None].outcomes == {0: SOME, 1: SOME}
    pairs = pair(runs, by_size(select(two_arms, "hwu64", "b")))
    assert list(pairs) == [30, 100, None]
    assert list(groups_of_test("hwu64", pairs)) == ["000000", "000001", "000002"]


def test_arms_are_compared_at_all_of_a_corpus_too(two_arms, tmp_path):
    for one in two_arms:
        write_record(tmp_path, one)
    table = mtl.compare_arms(tmp_path, "hwu64", "a", "b")
    assert table["train_size"].isna().sum() == 2  # one per score
    found = mtl.find_crossover(tmp_path, "hwu64", "accuracy", "a", "b")
    assert (found.smallest, found.largest) == (30, 100)  # all of it is no number


def test_a_size_at_which_arms_share_one_seed_is_no_pair(two_arms):
    first = by_size(select(two_arms, "hwu64", "a"))
    second = by_size([run("b", 30, 1), run("b", 30, 2), run("b", 100, 0)])
    assert pair(first, second) == {}
    second = by_size([run("b", 30, 1), run("b", 30, 0), run("b", 100, 0)])
    [(one, other)] = pair(first, second).values()
    assert shared_ids(one, other) == (
        *(run("a", 30, seed)["id"] for seed in (0, 1)),
        *(run("b", 30, seed)["id"] for seed in (0, 1)),
    )


def test_runs_that_were_not_scored_on_train_have_no_such_scores():
    scored = run("a", 30, 1, train_scores={"accuracy": 0.5})
    [runs] = by_size([run("a", 30, 0), scored]).values()
    assert runs.train_scores[0] == {}
    assert runs.train_scores[1]["accuracy"] == 0.5


def test_the_probe_is_of_the_runs_that_measured_it():
    probe = {"probe": {"corpus": "clinc150", "label_right": "0110"}}
    measured = run("a", 30, 1, measured=probe)
    [runs] = as_probed(by_size([run("a", 30, 0), measured])).values()
    assert runs.outcomes == {1: outcomes.labels("0110")}
    assert runs.ids == {1: measured["id"]}


def test_settings_tell_runs_of_one_name_apart(two_arms, tmp_path):
    for one in two_arms:
        write_record(tmp_path / "mine", one)
    studies = Studies.below(tmp_path)
    side = Side("mine", "a", (("seed", 1),))
    assert {one["plan"]["seed"] for one in studies.of(side, "hwu64")} == {1}
    assert list(studies.runs(side, "hwu64")) == [30, 100, None]
    assert studies.all("none") == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StudyError, match="none is no folder"):
        Studies.below(tmp_path / "none")
