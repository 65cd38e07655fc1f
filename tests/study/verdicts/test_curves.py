"""Differences of two recorded arms by size: the rule's own, and on the right runs."""

from dataclasses import asdict

import pytest
from helpers import outcomes
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import read_records, write_record
from mtlhelpers.study.verdicts.crossover import crossover

FROZEN, FREE = "backbone_frozen", "none_frozen"
SIZES = {100: "lead", 1_000: "even", 3_000: "behind"}


def arms_at(size: int) -> dict[str, dict]:
    """Made-up outcomes by arm and seed: the frozen arm leads at the smallest size."""
    better, worse = outcomes.random_arms(size, 60)
    if SIZES[size] == "behind":
        better, worse = worse, better
    return {FROZEN: better, FREE: better if SIZES[size] == "even" else worse}


@pytest.fixture
def folder(tmp_path):
    """Three sizes of two arms on hwu64, and one run on another corpus."""
    for size in SIZES:
        for arm, runs in arms_at(size).items():
            for seed, run in runs.items():
                note(tmp_path, arm, size, seed, run)
    note(tmp_path, FROZEN, 100, 0, outcomes.labels("1"), corpus="snips")
    return tmp_path


def note(folder, arm, size, seed, run, corpus="hwu64"):
    plan = mtl.Plan(scenario=arm, train_size=size, seed=seed)
    key = f"{size:05}-{arm}-{corpus}-{seed}"
    write_record(folder, record(key, Job(arm, corpus, "minilm", plan), run))


def paths(folder, size, arm="*", seed="*"):
    """The files of the runs on hwu64."""
    keys = [f"{size:05}-{one}-hwu64-" for one in (FROZEN, FREE) if arm in ("*", one)]
    return [
        folder / "records" / f"{record['id']}.json"
        for record in read_records(folder)
        if record["backbone_sha256"].startswith(tuple(keys))
        and seed in ("*", record["plan"]["seed"])
    ]


@pytest.fixture
def only_accuracy(monkeypatch):
    """The made-up runs have no spans."""
    monkeypatch.setattr(
        "mtlhelpers.study.verdicts.crossover.SCORE_OF", {"sentence": "accuracy"}
    )


def test_each_size_has_the_difference_of_its_own_runs(folder, only_accuracy):
    table = mtl.compare_arms(folder, "hwu64")
    assert table.train_size.to_list() == list(SIZES)
    for row in table.itertuples():
        arms = arms_at(row.train_size)
        groups = outcomes.own_groups(60)
        found = outcomes.paired_difference(arms[FROZEN], arms[FREE], groups, "accuracy")
        assert {key: getattr(row, key) for key in asdict(found)} == asdict(found)
        assert len(row.ids) == 6
        assert set(row.ids) == {path.stem for path in paths(folder, row.train_size)}


def test_the_arms_can_be_exchanged(folder, only_accuracy):
    one = mtl.compare_arms(folder, "hwu64")
    other = mtl.compare_arms(folder, "hwu64", FREE, FROZEN)
    assert one.difference.to_list() == [-value for value in other.difference]


def test_the_second_arm_may_stand_in_a_study_beside(folder, tmp_path, only_accuracy):
    at_home = mtl.compare_arms(folder, "hwu64")
    other = tmp_path / "other"
    (other / "records").mkdir(parents=True)
    for size in SIZES:
        for path in paths(folder, size, FREE):
            path.rename(other / "records" / path.name)
    assert mtl.compare_arms(folder, "hwu64").empty
    assert mtl.compare_arms(folder, "hwu64", beside=other).equals(at_home)


def test_the_crossover_is_that_of_the_same_differences(folder):
    groups = outcomes.own_groups(60)
    differences = {}
    for size in SIZES:
        arms = arms_at(size)
        pair = arms[FROZEN], arms[FREE]
        differences[size] = outcomes.seed_differences(*pair, groups, "accuracy")
    found = mtl.find_crossover(folder, "hwu64", "accuracy")
    assert found == crossover(differences)
    assert (found.smallest, found.largest) == (100, 3_000)


def test_sizes_with_one_shared_seed_are_left_out(folder, only_accuracy):
    for seed in (1, 2):
        [path] = paths(folder, 100, FREE, seed)
        path.unlink()
    table = mtl.compare_arms(folder, "hwu64")
    assert table.train_size.to_list() == [1_000, 3_000]


def test_unpaired_seeds_do_not_lend_their_ids(folder, only_accuracy):
    [path] = paths(folder, 100, FREE, 2)
    path.unlink()
    first = mtl.compare_arms(folder, "hwu64").iloc[0]
    assert first.seeds == 2
    assert paths(folder, 100, FROZEN, 2)[0].stem not in first.ids


def test_what_is_not_recorded_gives_an_empty_table_and_no_crossover(tmp_path):
    table = mtl.compare_arms(tmp_path / "none", "hwu64")
    assert table.empty and "difference" in table
    assert mtl.find_crossover(tmp_path / "none", "hwu64", "accuracy") is None


def test_groups_of_newsdesk_are_those_of_its_test(tmp_path, only_accuracy):
    groups = mtl.load_corpus("newsdesk").splits["test"]["group"][:]
    assert len(set(groups)) < len(groups)
    better, worse = outcomes.random_arms(0, len(groups))
    for arm, runs in ((FROZEN, better), (FREE, worse)):
        for seed, run in runs.items():
            note(tmp_path, arm, 100, seed, run, corpus="newsdesk")
    row = mtl.compare_arms(tmp_path, "newsdesk").iloc[0]
    found = outcomes.paired_difference(better, worse, groups, "accuracy")
    assert (row.low, row.high) == (found.low, found.high)
