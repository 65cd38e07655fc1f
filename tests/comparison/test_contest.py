"""Which runs a comparison makes, in which order, and what it leaves."""

import json
from dataclasses import replace

import pytest
from helpers import tiny
from helpers.encoders import EVERY, save_family

import mtlhelpers as mtl
from mtlhelpers.cli import main
from mtlhelpers.comparison import answer
from mtlhelpers.comparison.budget import Clock, passes_of, read_budget
from mtlhelpers.comparison.json_rows import row_of, summary, write_rows
from mtlhelpers.comparison.ways import OFFERED, choose_ways, runnable
from mtlhelpers.model.scenarios import SCENARIOS, USUAL_WAYS
from mtlhelpers.study.records.store import read_records
from mtlhelpers.training import recipes


@pytest.fixture
def one_step(monkeypatch) -> None:
    """Let default plans take one step."""
    for name in ("HEADS_ALONE", "WITH_BACKBONE"):
        few = replace(getattr(recipes, name), epochs=1, steps=1, extra=0)
        monkeypatch.setattr(recipes, name, few)
    few = {k: replace(v, epochs=1, steps=1, extra=0) for k, v in recipes.THIN.items()}
    monkeypatch.setattr(recipes, "THIN", few)


@pytest.fixture
def backbone(tmp_path, one_step) -> str:
    """A tiny one, whose default plans take one step."""
    return str(tiny.save_backbone(tmp_path / "tiny"))


def compared(backbone, corpus=None, budget=None, **settings):
    named = {"backbone": backbone, "seeds": 2, "device": "cpu", "progress": False}
    return mtl.compare(corpus or tiny.corpus(), budget, **named | settings)


def order(found) -> list[tuple[str, int]]:
    return [(u.way.scenario, u.seed) for u in found.standings.units]


def test_the_first_pair_goes_way_by_way_and_later_seeds_over_all(backbone):
    found = compared(backbone, seeds=3)
    ways = [way.scenario for way in OFFERED]
    first = [(way, seed) for way in ways for seed in (0, 1)]
    first.insert(2, ("class_means", 0))  # beside them, without training
    assert order(found) == [*first, *((way, 2) for way in ways)]
    assert [way.scenario for way in found.standings.ways] == ways
    assert "without training: always saying the most frequent label " in "".join(
        answer._baseline(found.standings)
    )
    assert set(found.table.columns) == {*tiny.ROW_KEYS, "train_size"}


@pytest.mark.parametrize("family", EVERY)
def test_any_encoder_is_compared_on_100_sentences(
    family, one_step, tmp_path, monkeypatch, capsys
):
    """From a folder, by one command, labels and names."""
    monkeypatch.chdir(tmp_path)
    save_family(family, tmp_path / family)
    rows = [
        {"tokens": row.tokens, "ner_tags": row.tags, "intent": row.label}
        for row in tiny.rows("train", 100)
    ]
    lines = "\n".join(map(json.dumps, rows))
    (tmp_path / "mine.jsonl").write_text(lines, encoding="utf-8")
    command = f"compare mine.jsonl --backbone {family} --seeds 1 --scenarios"
    assert main([*command.split(), "backbone_frozen", "none_frozen"]) == 0
    said = capsys.readouterr().out
    assert "So far: linear heads alone" in said and " in names; training" in said
    assert said.count(" 0.0\n") == 2 and "MOVED" not in said
    assert mtl.SharedModel.load("compare-mine/model").predict(["call Ada"])[0].label


def test_a_comparison_goes_on_where_it_stopped(backbone, tmp_path, monkeypatch):
    from mtlhelpers.study.running import worker

    folder = tmp_path / "out"
    first = compared(backbone, output=folder)
    count, train = [], worker.train
    monkeypatch.setattr(
        worker, "train", lambda *a, **k: count.append(1) or train(*a, **k)
    )
    again = compared(backbone, output=folder)
    assert not count and again.answer == first.answer
    compared(backbone, output=folder, seeds=4)
    assert len(count) == 2 * len(OFFERED)
    assert len(read_records(folder)) == 4 * len(OFFERED) + 1


def test_it_leaves_records_a_page_and_the_winner(backbone, tmp_path):
    folder = tmp_path / "out"
    found = compared(backbone, output=folder)
    assert {path.name for path in folder.iterdir()} == {
        "records",
        "report.html",
        "model",
    }
    model = mtl.SharedModel.load(folder / "model")
    plan = model.provenance["plan"]
    assert (plan["scenario"], plan["seed"]) == (found.standings.winner.scenario, 0)
    told = found.report().set_index("name")["support"]
    assert told["play"] == 3 and set(found.report()["task"]) == {"sentence", "ner"}


def test_the_budget_stops_seeds_by_time_alone(backbone, monkeypatch):
    """An hour per run: what does not fit is not begun, and the answer says so."""
    monkeypatch.setattr(Clock, "expect", lambda *_: 3600.0)
    assert order(compared(backbone, budget="3h", scenarios=["lora"])) == [
        ("lora", 0),
        ("lora", 1),
    ]
    found = compared(backbone, budget="30m")
    assert order(found) == [] and "No answer" in found.answer
    assert "about 8.0 hours more" in found.answer


def test_a_run_on_record_whose_pair_does_not_fit_is_told(
    backbone, tmp_path, monkeypatch
):
    ways, folder = ["backbone_frozen", "none_frozen"], tmp_path / "out"
    compared(backbone, output=folder, scenarios=ways)
    slow = lambda _, arm, *__: 0.0 if arm == "backbone_frozen" else 3600.0
    monkeypatch.setattr(Clock, "expect", slow)
    for path in (folder / "records").glob("*"):
        if '"seed": 1' in path.read_text() and '"arm": "none' in path.read_text():
            path.unlink()
    found = compared(backbone, budget="30m", output=folder, scenarios=ways)
    assert [way.scenario for way in found.standings.ways] == ["backbone_frozen"]
    assert "did not fit: 1 run. A larger budget" in found.answer


def test_what_check_expects_is_what_compare_offers():
    assert tuple(way.scenario for way in OFFERED) == USUAL_WAYS


@pytest.mark.parametrize("text", ["", "m", "0", "-1m", "soon", "1.m"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="such as 15m"):
        read_budget(text)


def test_times_are_read():
    assert [read_budget(t) for t in ("90", "90s", "1.5m", "2h", 3)] == [
        90,
        90,
        90,
        7200,
        3,
    ]


def test_passes_are_those_that_move_the_backbone():
    corpus, first = tiny.corpus(), tiny.plan("backbone_frozen", epochs=9)
    assert passes_of(first, corpus) == 0
    plan = tiny.plan("none_frozen", epochs=2, train_size=10, first=first)
    assert passes_of(plan, corpus) == 20


def test_with_a_task_to_keep_the_ways_add_the_other(backbone, monkeypatch):
    few = compared(backbone, keep="sentence", seeds=1).answer
    assert few.startswith("No answer: 9 test") and few.count(" in labels, ") == 3
    monkeypatch.setattr(answer, "LEAST_TO_DECIDE", 5)
    found = compared(backbone, keep="sentence")
    assert found.standings.tasks == ["ner"]
    assert "no answer" not in found.answer
    assert "not one answer changes" in found.answer
    labels = tiny.corpus(tags=False)
    with pytest.raises(ValueError, match="keeping sentence needs another"):
        choose_ways(labels, keep="sentence")


def test_a_way_of_lesson_09_is_advised_in_words():
    (way,) = choose_ways(tiny.corpus(), ["last_3_layers"])
    assert (way.advice, way.noun) == (
        "Train the last three layers",
        "training the last three layers",
    )


@pytest.mark.parametrize("labels", [True, False])
def test_with_one_task_the_scenarios_of_two_heads_are_left_out(labels):
    names = runnable(tiny.corpus(labels=labels, tags=not labels), SCENARIOS)
    two = [name for name in SCENARIOS if "head_" in name]
    assert names == [name for name in SCENARIOS if name not in two]
    assert runnable(tiny.corpus(), SCENARIOS) == list(SCENARIOS)


def test_rows_are_written_whole_and_shown_in_a_table(backbone, tmp_path):
    found = compared(backbone, scenarios=["backbone_frozen", "sentence_head_frozen"])
    records = [one for r in found.standings.units.values() for one in r]
    rows = [row_of(one) for one in records]
    write_rows(tmp_path / "new" / "rows.json", rows)
    written = json.loads((tmp_path / "new" / "rows.json").read_text(encoding="utf-8"))
    assert written == rows and tuple(rows[0]) == tiny.ROW_KEYS
    lines = {line.split()[0]: line for line in summary(rows).splitlines()}
    assert "±" in lines["backbone_frozen"]
    assert f"{rows[0]['trainable_parameters']:,}" in lines["backbone_frozen"]
    moved = records[0] | {"proof": {"moved": ["x"]}}
    assert row_of(moved)["frozen_max_change"] is None
    assert "MOVED" in summary([row_of(moved)])


def test_folds_test_every_sentence_once(backbone):
    found = compared(backbone, folds=3, seeds=1, scenarios=["lora", "none_frozen"])
    details = found.standings.details(found.standings.winner)
    assert len(details.labels) == 42
    assert list(found.differences["seeds"]) == [3, 3]  # one difference per fold


def test_few_test_sentences_decide_nothing(backbone):
    found = compared(backbone)
    assert found.answer.startswith("No answer: 9 test sentences can't tell")
    assert "--folds 5, which tests on all 42" in found.answer
