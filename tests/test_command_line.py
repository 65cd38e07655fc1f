"""`python -m mtlhelpers`: what it prints, what it writes, and how it fails."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import tiny
from helpers.stored import passes_for

import mtlhelpers as mtl
from mtlhelpers.cli import main
from mtlhelpers.study import compare as comparison
from mtlhelpers.training import plan


def write_corpus(folder: Path, **kind: bool) -> Path:
    """A folder of JSONL with tiny sentences."""
    folder.mkdir()
    for split, size in {"train": 24, "validation": 6, "test": 6}.items():
        lines = [row._asdict() for row in tiny.rows(split, size, **kind)]
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "mine")


@pytest.fixture
def options(tmp_path: Path, folder: Path, monkeypatch) -> list[str]:
    """A comparison that takes few steps, and writes rows.json."""
    for name in ("HEADS_ALONE", "WITH_BACKBONE"):
        few = replace(getattr(plan, name), epochs=1, steps=1)
        monkeypatch.setattr(plan, name, few)
    backbone = tiny.save_backbone(tmp_path / "tiny")
    return [
        *("compare", "--corpus", str(folder), "--backbone", str(backbone)),
        *("--json", str(tmp_path / "rows.json")),
    ]


def written(tmp_path: Path) -> list[dict]:
    return json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))


def refused(arguments: list[str], capsys) -> str:
    """The one line that a command which cannot run leaves, on stderr."""
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.filterwarnings("ignore:nothing can train")
def test_compare_writes_a_row_for_each_scenario_and_seed(options, tmp_path, capsys):
    assert main([*options, "--seeds", "2", "--train-size", "12"]) == 0
    rows = written(tmp_path)
    expected = [(name, seed) for seed in (0, 1) for name in mtl.SCENARIOS]
    assert [(row["scenario"], row["seed"]) for row in rows] == expected
    for row in rows:
        assert set(row) == set(tiny.ROW_KEYS)
        assert row["frozen_max_change"] == 0.0
        for name in ("accuracy", "ner_f1", "exact_match"):
            assert 0 <= row[name] <= 1
            assert 0 <= row[f"{name}_before"] <= 1
    still = next(row for row in rows if row["scenario"] == "all_frozen")
    assert still["trainable_parameters"] == 0
    assert still["accuracy"] == still["accuracy_before"]
    printed = capsys.readouterr().out
    for name in mtl.SCENARIOS:
        assert name in printed
    assert "±" in printed


@pytest.mark.filterwarnings("ignore:nothing can train")
def test_compare_writes_null_for_an_absent_task(options, tmp_path):
    folder = write_corpus(tmp_path / "labels", tags=False)
    assert main([*options, "--corpus", str(folder)]) == 0
    rows = written(tmp_path)
    assert [row["scenario"] for row in rows] == list(mtl.SCENARIOS)[:3]
    for row in rows:
        assert row["ner_f1"] is row["exact_match"] is row["ner_f1_before"] is None
        assert row["accuracy"] is not None


def test_scenarios_that_the_corpus_cannot_show_are_named(options, tmp_path, capsys):
    folder = write_corpus(tmp_path / "labels", tags=False)
    only = ["--scenarios", "sentence_head_frozen", "--corpus", str(folder)]
    assert "sentence_head_frozen" in refused([*options, *only], capsys)


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        (["--corpus", "no-such-corpus"], ["no corpus 'no-such-corpus'", "snips"]),
        (["--backbone", "./no-such"], ["'./no-such'", "no such folder"]),
        (["--train-size", "25"], ["24 sentences", "Choose a size"]),
    ],
)
def test_a_fault_is_one_line_without_a_trace(options, tmp_path, capsys, changed, parts):
    said = refused([*options, *changed], capsys)
    for part in parts:
        assert part in said
    assert not (tmp_path / "rows.json").exists()


def test_a_faulty_line_of_a_corpus_is_named(options, folder, capsys):
    with (folder / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"tokens": ["a"], "tags": ["I-x"]}\n')
    said = refused(options, capsys)
    for part in ("test.jsonl, line 7", "'I-x' after 'O'"):
        assert part in said


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (
            ["compare", "--corpus", "x", "--scenarios", "frozen"],
            ["frozen", "none_frozen"],
        ),
        (["compare", "--corpus", "x", "--seeds", "0"], ["--seeds", "at least 1"]),
        (["compare", "--corpus", "x", "--train-size", "-1"], ["--train-size"]),
        (["compare"], ["--corpus"]),
        (["fine-tune"], ["fine-tune"]),
        ([], ["COMMAND"]),
    ],
)
def test_an_option_that_is_wrong_ends_with_status_2(capsys, arguments, parts):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    for part in parts:
        assert part in last


@pytest.mark.parametrize("place", ["a folder", "under a file"])
def test_json_that_cannot_be_written_is_refused_before_training(
    options, tmp_path, capsys, monkeypatch, place
):
    def train(*_, **__):
        raise AssertionError("it trained first")

    monkeypatch.setattr(comparison, "train", train)
    (tmp_path / "file").touch()
    path = tmp_path if place == "a folder" else tmp_path / "file" / "rows.json"
    assert str(path) in refused([*options, "--json", str(path)], capsys)


def test_ctrl_c_leaves_the_finished_rows(options, tmp_path, capsys, monkeypatch):
    train, count = comparison.train, 0

    def interrupted(*arguments, **named):
        nonlocal count
        count += 1
        if count == 3:
            signal.raise_signal(signal.SIGINT)
        return train(*arguments, **named)

    monkeypatch.setattr(comparison, "train", interrupted)
    names = ["none_frozen", "backbone_frozen", "ner_head_frozen", "all_frozen"]
    assert main([*options, "--scenarios", *names]) == 130
    assert [row["scenario"] for row in written(tmp_path)] == names[:2]
    printed = capsys.readouterr()
    assert "backbone_frozen" in printed.out
    assert printed.err.splitlines() == ["stopped; whatever was written is whole"]


def test_a_trace_is_shown_to_those_who_ask(options):
    with pytest.raises(ValueError, match="no corpus"):
        main(["--trace", *options, "--corpus", "no-such-corpus"])


def test_the_doctor_is_content(data_folder):
    done = subprocess.run(
        [sys.executable, "-m", "mtlhelpers", "doctor"],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "OK"
    assert "22,565,376 parameters" in done.stdout
    assert done.stderr == ""


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == mtl.__version__


@pytest.fixture
def features(tmp_path: Path, monkeypatch) -> Path:
    """A cache of the test's own, with the hidden states of eight sentences in it."""
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path / "cache"))
    passes_for(mtl.FeatureStore.on_disk(), range(8))
    return tmp_path / "cache" / "features"


def test_the_cache_is_shown_and_cleared(features, capsys):
    [path] = features.iterdir()
    size = f"{path.stat().st_size:,}"
    assert main(["cache", "show"]) == 0
    head, line, total = capsys.readouterr().out.splitlines()
    shown = dict(zip(head.replace("last used", "used").split(), line.split()))
    assert (shown["layers"], shown["sentences"], shown["bytes"]) == ("4", "8", size)
    assert len(shown["backbone"]) == 12
    assert total.startswith(f"files in {features}: 1, {size} bytes")

    assert main(["cache", "clear"]) == 0
    assert f"files in {features}: 0, 0 bytes" in capsys.readouterr().out
    assert list(features.iterdir()) == []


def test_a_limit_that_is_no_number_is_one_line(features, capsys, monkeypatch):
    monkeypatch.setenv("MTLHELPERS_CACHE_GB", "five")
    assert "MTLHELPERS_CACHE_GB is 'five'" in refused(["cache", "show"], capsys)
