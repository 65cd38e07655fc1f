"""Turns are taken in order and kept; results are written case by case."""

import json
from dataclasses import replace

import bench
import pytest
import turns
from cases import CASES
from reporting import MARKS, merge, missed, tables, write
from turns import Kept, take_turns

START, END = (mark.format("results") for mark in MARKS)


class Measure:
    """Gives made-up measurements, and notes what it was asked for."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.asked: list[tuple[str, int]] = []
        self.fails_at = fails_at

    def __call__(self, case, side: str, seed: int) -> dict:
        if len(self.asked) == self.fails_at:
            raise KeyboardInterrupt
        self.asked.append((side, seed))
        keys = ("seconds", "whole_seconds", "accuracy", "ner_f1", "padding_share")
        more = ("peak_bytes", "product_rate", "work_share", "tokens")
        return dict.fromkeys((*keys, *more), 1.0 if side == "ours" else 3.0)


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"above\n{START}\nold\n{END}\nbelow\n", encoding="utf-8")
    return path


def test_sides_take_turns(case, tmp_path, capsys):
    measure = Measure()
    taken = take_turns(case, measure, Kept(tmp_path))
    assert measure.asked == [(s, n) for n in range(3) for s in ("ours", "trainer")]
    assert [turn["trainer"]["seconds"] for turn in taken] == [3.0] * 3
    assert "turn 3 of 3: ours 1.0 s" in capsys.readouterr().out


def test_an_earlier_process_goes_before_each_turn_and_is_not_measured(case, tmp_path):
    measure = Measure()
    case = replace(case, earlier=True, repeats=1)
    (turn,) = take_turns(case, measure, Kept(tmp_path))
    assert [side for side, _ in measure.asked] == ["ours", "ours", "trainer"]
    assert turn.keys() == {"ours", "trainer"}


def test_a_killed_bench_goes_on_after_its_last_whole_turn(case, tmp_path, capsys):
    kept = Kept(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        take_turns(case, Measure(fails_at=3), kept)
    measure = Measure()
    taken = take_turns(case, measure, kept)
    assert measure.asked == [(s, n) for n in (1, 2) for s in ("ours", "trainer")]
    assert len(taken) == 3
    assert "turn 1 of 3 (kept from before)" in capsys.readouterr().out


def test_what_is_kept_is_of_this_case_this_code_and_this_machine(
    case, tmp_path, monkeypatch
):
    kept = Kept(tmp_path)
    kept.add(case, 0, {"ours": {"seconds": 1.0}})
    assert kept.find(case, 0) == {"ours": {"seconds": 1.0}}
    assert kept.find(replace(case, bars={}, repeats=5), 0) is not None
    assert kept.find(replace(case, epochs=3), 0) is None
    assert kept.find(case, 1) is None
    for name in ("machine", "versions", "_code"):
        with monkeypatch.context() as patch:
            patch.setattr(turns, name, lambda: "another")
            assert kept.find(case, 0) is None, name


def test_each_case_is_written_when_done_and_forgotten_when_all_are(
    case, tmp_path, readme, monkeypatch
):
    cases = [replace(case, name="one", bars={"seconds": 1.0}), case]
    monkeypatch.setattr(bench, "CASES", cases)
    kept, results = Kept(tmp_path / "kept"), tmp_path / "results.json"
    results.write_text('[{"case": "gone"}, {"case": "tiny"}]', encoding="utf-8")
    monkeypatch.setattr(bench, "write", lambda rows, *rest: shown.append(rows))
    shown: list = []
    with pytest.raises(KeyboardInterrupt):
        bench.measure_all(cases, Measure(fails_at=7), kept, results, readme)
    assert [[row["case"] for row in rows] for rows in shown] == [["one", "tiny"]]
    assert len(list(kept.folder.iterdir())) == 3
    rows = bench.measure_all(cases, Measure(), kept, results, readme)
    assert [row["case"] for row in rows] == ["one", *case.names]
    assert rows[0]["ratio"] == 3.0 and {"machine", "versions"} <= rows[0].keys()
    assert list(kept.folder.iterdir()) == []


def test_rows_of_other_cases_stay_and_unknown_ones_go(tmp_path):
    results = tmp_path / "results.json"
    names = ["one", "two", "three"]
    assert merge([{"case": "two"}], names, results) == [{"case": "two"}]
    results.write_text('[{"case": "gone"}, {"case": "two", "x": 1}]', encoding="utf-8")
    assert merge([{"case": "one"}], names, results) == [
        {"case": "one"},
        {"case": "two", "x": 1},
    ]
    assert merge([{"case": "two"}], names, results) == [{"case": "two"}]


def test_the_tables_go_between_the_marks_alone(case, tmp_path, readme):
    rows = bench.rows_of(case, Measure(), Kept(tmp_path / "kept"))
    results = tmp_path / "results.json"
    write(rows, results, readme)
    write(rows, results, readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"above\n{START}\n\n| case") and text.endswith("below\n")
    assert text.count(tables(rows)) == 1 and "old" not in text
    assert json.loads(results.read_text(encoding="utf-8")) == rows
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks"):
        write(rows, results, readme)


def test_a_training_has_one_line_of_details_whatever_its_bars(case, tmp_path):
    rows = bench.rows_of(case, Measure(), Kept(tmp_path))
    text = tables(rows)
    assert text.count("| `tiny` | transformers.Trainer | 1.0 / 3.0 |") == 1
    assert "| `tiny_work` | 1.00 | aim 0.50 |" in text
    assert text.count("Measured on") == 1


def test_an_aim_and_what_was_not_measured_are_not_missed():
    row = {"case": "x", "ratio": 0.5, "bar": 1.0, "aim": False}
    assert missed([row, row | {"aim": True}, row | {"ratio": None}]) == ["x"]
    assert missed([row | {"ratio": 1.0}]) == []


def test_quick_runs_a_case_small_and_writes_nothing(case, monkeypatch, capsys):
    monkeypatch.setattr(bench, "CASES", [case])
    monkeypatch.setattr(bench, "measure_alone", lambda case, *of: case.measure(*of))
    monkeypatch.setattr(bench, "write", None)
    assert bench.main(["--quick", "tiny"]) == 0
    assert "`tiny_memory`" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        bench.main(["no_such_case"])


def test_a_bar_that_is_missed_is_the_exit_status(case, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "CASES", [case])  # the others want SNIPS
    monkeypatch.setattr(bench, "measure_all", lambda *_: rows)
    rows = bench.rows_of(case, Measure(), Kept(tmp_path))
    assert bench.main([]) == 0
    rows[0]["ratio"] = 0.9
    assert bench.main([]) == 1
    assert "below their bar: tiny" in capsys.readouterr().out


def test_the_cases_have_names_of_their_own():
    names = [name for case in CASES for name in case.names]
    assert len(set(names)) == len(names)


# issue: at least so many times the Trainer, or of the limit
def test_the_bars_are_those_of_the_issue():
    trainings = {case.name: case.bars for case in CASES if hasattr(case, "bars")}
    assert trainings["backbone_frozen_13056"] == {"seconds": 10, "peak_bytes": 1}
    assert trainings["none_frozen_3000"] == {"seconds": 1.9, "work_share": 0.75}
    assert trainings["top_two_layers_3000"] == {"seconds": 2.5}
    assert trainings["none_frozen_13056"] == {"peak_bytes": 1}


def test_a_missing_corpus_is_one_clear_line_before_anything_is_measured(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("MTLHELPERS_DATA", str(tmp_path))
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(bench, "take_turns", None)  # not to be reached
    assert bench.main(["extraction_snips"]) == 2
    said = capsys.readouterr().err
    assert "snips" in said and said.count("\n") == 1


def test_ctrl_c_says_that_the_same_command_goes_on(monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "check_ready", stopped)
    assert bench.main([]) == 130
    assert "goes on" in capsys.readouterr().err
