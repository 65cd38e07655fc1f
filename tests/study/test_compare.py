"""The rows of a comparison, and its readable table."""

import json

import pytest
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.study.compare import (
    compare_scenarios,
    row_of,
    runnable,
    summary,
    write_rows,
)


def a_row(name: str = "backbone_frozen", seed: int = 0) -> dict:
    corpus = tiny.corpus()
    return row_of(tiny.train(tiny.model(corpus), corpus, tiny.plan(name, seed=seed)))


def test_a_row_has_the_promised_keys():
    row = a_row("sentence_head_frozen")
    assert tuple(row) == tiny.ROW_KEYS
    assert row["trainable_parameters"] == row["total_parameters"] - 3 * 33
    assert row["frozen_max_change"] == 0.0


def test_an_absent_task_is_null():
    corpus = tiny.corpus(tags=False)
    row = row_of(tiny.train(tiny.model(corpus), corpus, tiny.plan()))
    for name in ("ner_f1", "exact_match", "ner_f1_before", "exact_match_before"):
        assert row[name] is None
    assert row["accuracy"] is not None


def test_rows_are_written_whole(tmp_path):
    path = tmp_path / "new" / "rows.json"
    write_rows(path, [a_row()])
    write_rows(path, [a_row(), a_row(seed=1)])
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert [row["seed"] for row in rows] == [0, 1]
    assert [found.name for found in path.parent.iterdir()] == ["rows.json"]


def test_rows_are_json_also_where_something_frozen_moved(tmp_path):
    """JSON has no infinity; the table still shows it."""
    row = a_row() | {"frozen_max_change": float("inf")}
    write_rows(tmp_path / "rows.json", [row])

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = (tmp_path / "rows.json").read_text(encoding="utf-8")
    (written,) = json.loads(text, parse_constant=refuse)
    assert written == row | {"frozen_max_change": None}
    assert summary([row]).splitlines()[1].endswith("inf")


def test_the_table_has_a_line_a_scenario_with_its_spread():
    rows = [a_row("backbone_frozen", seed) for seed in (0, 1)]
    rows += [a_row("sentence_head_frozen")]
    table = summary(rows)
    lines = {line.split()[0]: line for line in table.splitlines()}
    assert "±" in lines["backbone_frozen"]
    assert "±" not in lines["sentence_head_frozen"]
    assert f"{rows[0]['trainable_parameters']:,}" in lines["backbone_frozen"]
    assert table.count("before its last stage") == 2


@pytest.mark.parametrize("labels", [True, False])
def test_with_one_task_the_scenarios_of_two_heads_are_left_out(labels):
    names = runnable(tiny.corpus(labels=labels, tags=not labels), tuple(mtl.SCENARIOS))
    two = [name for name in mtl.SCENARIOS if "head_" in name]
    assert names == [name for name in mtl.SCENARIOS if name not in two]
    assert runnable(tiny.corpus(), tuple(mtl.SCENARIOS)) == list(mtl.SCENARIOS)


def test_a_device_that_is_not_there_is_refused_before_a_run(tmp_path):
    rows = compare_scenarios(tiny.corpus(), str(tmp_path / "none"), device="abacus")
    with pytest.raises(ValueError, match="abacus"):
        next(rows)


def test_there_is_a_row_for_each_seed(tmp_path, recwarn):
    folder = tiny.save_backbone(tmp_path / "tiny")
    rows = compare_scenarios(
        tiny.corpus(),
        str(folder),
        seeds=[0, 1],
        scenarios=["all_frozen"],
        device="cpu",
        progress=False,
    )
    assert [row["seed"] for row in rows] == [0, 1]
