"""The recorded runs of arms, by size and seed, whatever is absent."""

import pytest
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.arms import (
    Studies,
    by_size,
    ids_of,
    pair,
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
    first, second = (
        by_size(one for one in two_arms if one["arm"] == arm) for arm in "ab"
    )
    assert list(pair(first, second)) == [30, 100, None]
    assert [one["arm"] for one in first[None].values()] == ["a", "a"]


def test_arms_are_compared_at_all_of_a_corpus_too(two_arms, tmp_path):
    for one in two_arms:
        write_record(tmp_path, one)
    table = mtl.compare_arms(tmp_path, "hwu64", "a", "b")
    assert table["train_size"].isna().sum() == 2  # one per score
    found = mtl.find_crossover(tmp_path, "hwu64", "accuracy", "a", "b")
    assert (found.smallest, found.largest) == (30, 100)  # all of it is no number


def test_a_size_at_which_arms_share_one_seed_is_no_pair(two_arms):
    first = by_size(one for one in two_arms if one["arm"] == "a")
    second = by_size([run("b", 30, 1), run("b", 30, 2), run("b", 100, 0)])
    assert pair(first, second) == {}
    second = by_size([run("b", 30, 1), run("b", 30, 0), run("b", 100, 0)])
    [arms] = pair(first, second).values()
    assert ids_of(arms) == (
        *(run("a", 30, seed)["id"] for seed in (0, 1)),
        *(run("b", 30, seed)["id"] for seed in (0, 1)),
    )


def test_settings_tell_runs_of_one_name_apart(two_arms, tmp_path):
    for one in two_arms:
        write_record(tmp_path / "mine", one)
    studies = Studies.below(tmp_path)
    side = Side("mine", "a", (("seed", 1),))
    assert {one["plan"]["seed"] for one in studies.of(side, "hwu64")} == {1}
    assert studies.all("none") == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StudyError, match="none is no folder"):
        Studies.below(tmp_path / "none")
