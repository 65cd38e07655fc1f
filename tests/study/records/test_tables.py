"""Tables of records: each number where it belongs, and intervals as scipy has them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import outcomes
from helpers import records as helpers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job, own_id
from mtlhelpers.study.records.store import write_record
from mtlhelpers.training.plan import METRICS as SCORES

MOMENTS = {
    "": "scores",
    "_before": "before",
    "_validation": "validation",
    "_train": "train_scores",
}


def scores(first: float) -> dict[str, float]:
    """Four scores, each by itself."""
    return {score: first + 0.01 * n for n, score in enumerate(SCORES)}


def record(key: str, arm: str = "3A", corpus: str = "snips", **plan) -> dict[str, Any]:
    """A whole record, with another number in every place."""
    filled = mtl.Plan(**{"scenario": "backbone_frozen", **plan}).resolve(100)
    return helpers.record(
        key,
        Job(arm, corpus, "minilm", filled),
        outcomes.labels("10"),
        scores=scores(0.5),
        before=scores(0.1),
        validation=scores(0.6),
        train_scores=scores(0.8),
        history=[{"epoch": 1, "loss_ner": 0.4, "seconds": 1.0}],
        steps=20,
        trainable_parameters=7,
        seconds={"setup": 2.0, "steps": 5.0, "total": 7.0},
        peak_memory_bytes=1000,
    )


def write(folder: Path, *records: dict[str, Any]) -> Path:
    for one in records:
        one["id"] = own_id(one)  # whatever was done to it
        write_record(folder, one)
    return folder


def test_every_number_of_a_record_stands_in_its_column(tmp_path):
    plan = {
        "scenario": "sentence_head_frozen",
        "seed": 3,
        "train_size": 400,
        "epochs": 5,
        "backbone_lr": 2e-5,
        "head_lr": 1e-3,
        "batch_size": 16,
        "layers": (3, 4),
        "pooling": "first",
        "retention": "lwf",
        "retention_strength": 0.3,
    }
    table = mtl.study_table(write(tmp_path, record("a", **plan)))
    (row,) = table.to_dict("records")
    for name, value in plan.items():
        assert row[name] == value, name
    for moment, key in MOMENTS.items():
        for score in SCORES:
            assert row[score + moment] == record("a")[key][score]
    assert row["id"] == record("a", **plan)["id"]
    assert (row["arm"], row["corpus"]) == ("3A", "snips")
    assert (row["backbone"], row["standardise"]) == ("minilm", False)
    assert (row["seconds"], row["steps"], row["step_seconds"]) == (7.0, 20, 0.25)
    assert (row["peak_memory"], row["trainable_parameters"]) == (1000, 7)
    assert row["frozen_max_change"] == 0.0


def test_rows_are_sorted_whatever_the_names_of_the_records(tmp_path):
    asked = [
        (corpus, arm, rate, seed)
        for corpus in ("newsdesk", "snips")
        for arm in ("3A", "lwf")
        for rate in (2e-5, 1e-3)
        for seed in (0, 1, 10)
    ]
    names = np.random.default_rng(0).permutation(len(asked)).astype(str)
    moving = {"scenario": "sentence_head_frozen"}
    made = [
        record(name, arm, corpus, backbone_lr=rate, seed=seed, **moving)
        for name, (corpus, arm, rate, seed) in zip(names, asked)
    ]
    table = mtl.study_table(write(tmp_path, *made))
    rows = table[["corpus", "arm", "backbone_lr", "seed"]]
    assert list(rows.itertuples(index=False, name=None)) == asked
    assert list(table.index) == list(range(len(asked)))


def test_a_scenario_of_ones_own_has_a_name(tmp_path):
    own = mtl.Scenario(["backbone.layer.5", "ner_classifier"])
    named = mtl.Scenario(["ner_classifier"], name="mine")
    made = [record("a", scenario=own), record("b", scenario=named, seed=1)]
    table = mtl.study_table(write(tmp_path, *made))
    assert set(table["scenario"]) == {"train backbone.layer.5 + ner_classifier", "mine"}


def test_what_a_record_lacks_is_missing_and_not_nought(tmp_path):
    absent = record("a")
    absent["scores"] = scores(0.5) | {"ner_f1": None, "exact_match": None}
    absent["train_scores"] = absent["peak_memory_bytes"] = None
    absent["steps"], absent["seconds"] = 0, {"setup": 0.0, "steps": 0.0, "total": 0.0}
    table = mtl.study_table(write(tmp_path, absent, record("b", seed=1)))
    missing = table.isna().loc[0]
    for name in ("ner_f1", "exact_match", "accuracy_train", "peak_memory", "layers"):
        assert missing[name], name
    assert not missing[["accuracy", "ner_f1_before", "step_seconds"]].any()
    summary = mtl.summarise(table, by=["arm"], scores=["accuracy", "ner_f1"])
    assert summary["ner_f1"][0] == 0.52
    assert summary["accuracy"][0] == 0.5


def test_a_first_stage_tells_how_it_knew_its_training_sentences(tmp_path):
    staged = record("a") | {"first": record("a") | {"train_scores": scores(0.7)}}
    unscored = record("b", seed=1) | {"first": record("b") | {"train_scores": None}}
    alone = record("c", seed=2)
    table = mtl.study_table(write(tmp_path, staged, unscored, alone))
    known = table.set_index("seed").accuracy_first_train
    assert known[0] == 0.7
    assert known[[1, 2]].isna().all()


def test_an_empty_folder_is_an_empty_table(tmp_path):
    table = mtl.study_table(tmp_path)
    full = mtl.study_table(write(tmp_path / "full", record("a")))
    assert table.empty
    assert list(table.columns) == list(full.columns)
    assert mtl.study_history(tmp_path).empty
    assert mtl.summarise(table, by=["arm"]).empty
    filtered = full[full["arm"] == "absent"]
    assert mtl.summarise(filtered, by=["arm"]).empty


def test_history_has_a_row_for_each_epoch_that_was_scored(tmp_path):
    tracked = record("a", seed=2, backbone_lr=3e-4)
    tracked["history"] = [
        {"epoch": n, "loss_ner": 0.1, "seconds": 1.0, **scores(0.1 * n)} for n in (1, 2)
    ]
    absent = record("c", "3B")
    absent["history"] = [{"epoch": 1, **scores(0.4), "ner_f1": None}]
    folder = write(tmp_path, tracked, record("b", "not tracked"), absent)
    history = mtl.study_history(folder).sort_values(["arm", "epoch"])
    assert list(history["id"]) == [tracked["id"], tracked["id"], absent["id"]]
    assert list(history["epoch"]) == [1, 2, 1]
    first = history.iloc[1].to_dict()
    expected = {"arm": "3A", "corpus": "snips", "seed": 2, "backbone_lr": 3e-4}
    assert {name: first[name] for name in expected} == expected
    assert {score: first[score] for score in SCORES} == scores(0.2)
    assert np.isnan(history["ner_f1"].iloc[2])


def table_of(values: dict[str, list[float]]) -> pd.DataFrame:
    """Rows of arms, with seeds 0, 1, …"""
    rows = [
        {"id": f"{arm}-{seed}", "arm": arm, "seed": seed, "accuracy": value}
        for arm, own in values.items()
        for seed, value in enumerate(own)
    ]
    return pd.DataFrame(rows)


def test_three_seeds_have_the_interval_of_the_textbook():
    table = table_of({"a": [0.8, 0.9, 1.0]})
    row = mtl.summarise(table, by=["arm"], scores=["accuracy"]).iloc[0]
    half = 4.302653 * 0.1 / 3**0.5  # t at 97.5 % with two degrees of freedom
    assert row["accuracy"] == pytest.approx(0.9)
    assert row["accuracy_low"] == pytest.approx(0.9 - half)
    assert row["accuracy_high"] == pytest.approx(0.9 + half)
    assert (row["seeds"], row["ids"]) == (3, ("a-0", "a-1", "a-2"))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=10),
    st.sampled_from([0.9, 0.95, 0.975]),
)
def test_the_interval_is_that_of_scipy(values, confidence):
    table = table_of({"a": values, "b": [0.5, 0.7]})
    found = mtl.summarise(table, ["arm"], ["accuracy"], confidence)
    assert list(found["arm"]) == ["a", "b"]
    row = found.iloc[0]
    low, high = row["accuracy_low"], row["accuracy_high"]
    if np.ptp(values) > 1e-6:
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert row["accuracy"] == pytest.approx(np.mean(values))
    assert low <= row["accuracy"] + 1e-12
    assert high >= row["accuracy"] - 1e-12


def test_one_seed_has_a_mean_and_no_interval():
    found = mtl.summarise(table_of({"a": [0.7]}), by=["arm"], scores=["accuracy"])
    (row,) = found.to_dict("records")
    assert (row["accuracy"], row["seeds"], row["ids"]) == (0.7, 1, ("a-0",))
    assert np.isnan(row["accuracy_low"])
    assert np.isnan(row["accuracy_high"])


def test_groups_keep_their_order_and_settings_that_are_missing():
    table = table_of({"b": [0.1, 0.2], "a": [0.3, 0.4]})
    table["layers"] = [(3,), (3,), None, None]
    found = mtl.summarise(table, by=["arm", "layers"], scores=["accuracy"])
    assert list(found["arm"]) == ["b", "a"]
    assert found["layers"][0] == (3,)
    assert pd.isna(found["layers"][1])
    assert list(found["seeds"]) == [2, 2]


# Two rates or two corpora in one group would count as more seeds than there are.
def test_a_group_in_which_a_seed_stands_twice_is_refused():
    table = pd.concat([table_of({"a": [0.1, 0.2]}), table_of({"a": [0.8, 0.9]})])
    with pytest.raises(ValueError, match="seed"):
        mtl.summarise(table, by=["arm"], scores=["accuracy"])


def test_damaged_records_are_left_out_of_the_table_and_named(tmp_path):
    sound, damaged = record("a"), record("b", seed=1)
    folder = write(tmp_path, sound, damaged)
    (folder / "records" / f"{damaged['id']}.json").write_text("{", encoding="utf-8")
    with pytest.warns(UserWarning, match=rf"{damaged['id']}\.json"):
        table = mtl.study_table(folder)
    assert list(table["id"]) == [sound["id"]]


def test_what_moved_and_should_not_have_stands_out(tmp_path):
    moved = {"tensors": 1, "moved": ["a"], "max_change": None}
    table = mtl.study_table(write(tmp_path, record("a") | {"proof": moved}))
    assert table["frozen_max_change"].tolist() == [np.inf]


def test_all_of_a_corpus_stands_beside_numbers_of_sentences(tmp_path):
    sizes = [None, 30, 100]
    made = [record("a", train_size=size, seed=0) for size in sizes]
    table = mtl.study_table(write(tmp_path, *made))
    assert table["train_size"].tolist()[:2] == [30, 100]
    assert table["train_size"].isna().tolist() == [False, False, True]


def test_gradients_are_a_row_a_part_of_the_records_that_have_them(tmp_path):
    measured = {"gradient_cosines": [0.1, -0.2, 0.3]}
    found = record("1", train_size=300, seed=4) | {"measured": measured}
    write(tmp_path, record("0"), found)
    table = mtl.study_gradients(tmp_path)
    assert list(table["part"]) == ["embeddings", "layer 1", "layer 2"]
    assert list(table["cosine"]) == measured["gradient_cosines"]
    assert set(table["id"]) == {found["id"]}
    assert set(zip(table["train_size"], table["seed"])) == {(300, 4)}
    assert mtl.study_gradients(tmp_path / "none").empty
