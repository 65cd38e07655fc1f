"""The commands: what they print, what they write, and how they fail."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import tiny
from helpers.stored import passes_for

import mtlhelpers as mtl
from mtlhelpers.cli import main
from mtlhelpers.model.scenarios import WHOLE_PARTS
from mtlhelpers.study.running import worker
from mtlhelpers.training import recipes

STUDIES = str(Path(__file__).parents[1] / "studies")


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
def options(tmp_path: Path, monkeypatch) -> list[str]:
    """Of a comparison that takes few steps, and writes rows.json."""
    for name in ("HEADS_ALONE", "WITH_BACKBONE"):
        few = replace(getattr(recipes, name), epochs=1, steps=1)
        monkeypatch.setattr(recipes, name, few)
    backbone = str(tiny.save_backbone(tmp_path / "tiny"))
    rows, output = str(tmp_path / "rows.json"), str(tmp_path / "out")
    given = ["--backbone", backbone, "--json", rows, "--output", output]
    return [*given, "--seeds", "1", "--scenarios", *WHOLE_PARTS]


def written(tmp_path: Path) -> list[dict]:
    return json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))


def refused(arguments: list[str], capsys) -> str:
    """The one line that a command which cannot run leaves, on stderr."""
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.filterwarnings("ignore:nothing can train")
def test_compare_writes_a_row_for_each_scenario_and_seed(
    folder, options, tmp_path, capsys
):
    given = ["compare", str(folder), *options, "--seeds", "2", "--train-size", "12"]
    assert main(given) == 0
    rows = written(tmp_path)
    expected = [(name, seed) for name in WHOLE_PARTS for seed in (0, 1)]
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
    assert "±" in printed and "6 test sentences can't tell" in printed
    assert all(name in printed for name in WHOLE_PARTS)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Most frequent confusions" in page and "raining everything" in page


@pytest.mark.filterwarnings("ignore:nothing can train")
def test_compare_writes_null_for_an_absent_task(options, tmp_path):
    labels = write_corpus(tmp_path / "labels", tags=False)
    given = ["compare", str(labels), *options, "--scenarios", *WHOLE_PARTS[:3]]
    assert main(given) == 0
    rows = written(tmp_path)
    assert [row["scenario"] for row in rows] == list(WHOLE_PARTS)[:3]
    for row in rows:
        assert row["ner_f1"] is row["exact_match"] is row["ner_f1_before"] is None
        assert row["accuracy"] is not None


def test_json_without_a_file_is_all_that_standard_output_gets(folder, options, capsys):
    one = ["--scenarios", "backbone_frozen", "--json"]
    assert main(["compare", "--corpus", str(folder), *options, *one]) == 0
    printed = capsys.readouterr()
    assert [row["scenario"] for row in json.loads(printed.out)] == one[1:2]
    assert "`compare --corpus X` is `compare X` now" in printed.err
    assert "backbone_frozen" in printed.err


def test_scenarios_that_the_corpus_cannot_show_are_named(options, tmp_path, capsys):
    labels = write_corpus(tmp_path / "labels", tags=False)
    given = ["compare", str(labels), *options, "--scenarios", "sentence_head_frozen"]
    assert "sentence_head_frozen" in refused(given, capsys)


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        (
            ["--backbone", "./no-such"],
            ["compare: backbone './no-such'", "no such folder"],
        ),
        (["--train-size", "25"], ["24 sentences", "Choose a size"]),
        (["--scenarios", "frozen"], ["'frozen'", "none_frozen"]),
    ],
)
def test_a_fault_is_one_line_without_a_trace(
    folder, options, tmp_path, capsys, changed, parts
):
    line = refused(["compare", str(folder), *options, *changed], capsys)
    assert all(part in line for part in parts)
    assert not (tmp_path / "rows.json").exists()


def test_a_corpus_that_is_none_is_named(capsys):
    line = refused(["compare", "no-such-corpus"], capsys)
    assert line.startswith("compare: no corpus 'no-such-corpus'") and "snips" in line


def test_a_faulty_line_of_a_corpus_is_named(folder, capsys):
    with (folder / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"tokens": ["a"], "tags": ["I-x"]}\n')
    line = refused(["corpus", str(folder)], capsys)
    assert "test.jsonl, line 7" in line and "'I-x' after 'O'" in line


def test_a_trace_is_shown_to_those_who_ask(capsys):
    assert main(["--trace", "corpus", "no-such-corpus"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback") and "load_corpus" in printed
    assert printed.splitlines()[-1].startswith("corpus: no corpus 'no-such-corpus'")


@pytest.mark.parametrize("place", ["a folder", "under a file"])
def test_json_that_cannot_be_written_is_refused_before_training(
    folder, options, tmp_path, capsys, monkeypatch, place
):
    def train(*_, **__):
        raise AssertionError("it trained first")

    monkeypatch.setattr(worker, "train", train)
    (tmp_path / "file").touch()
    path = tmp_path if place == "a folder" else tmp_path / "file" / "rows.json"
    given = ["compare", str(folder), *options, "--json", str(path)]
    assert str(path) in refused(given, capsys)


def test_ctrl_c_leaves_the_finished_rows(
    folder, options, tmp_path, capsys, monkeypatch
):
    train, count = worker.train, 0

    def interrupted(*arguments, **named):
        nonlocal count
        count += 1
        if count == 3:
            signal.raise_signal(signal.SIGINT)
        return train(*arguments, **named)

    monkeypatch.setattr(worker, "train", interrupted)
    names = ["none_frozen", "backbone_frozen", "ner_head_frozen", "all_frozen"]
    assert main(["compare", str(folder), *options, "--scenarios", *names]) == 130
    assert [row["scenario"] for row in written(tmp_path)] == names[:2]
    printed = capsys.readouterr()
    assert "backbone_frozen" in printed.out
    assert printed.err.splitlines() == ["stopped; whatever was written is whole"]


def test_a_budget_that_is_no_time_is_refused(folder, options, capsys):
    line = refused(["compare", str(folder), *options, "--budget", "soon"], capsys)
    assert line.startswith("compare: a budget is a time such as 15m")


def test_a_file_of_any_format_is_compared(options, tmp_path, capsys):
    lines = ["text,category"] + [f"{v} ada {i},{v}" for v in "ab" for i in range(20)]
    (tmp_path / "mine.csv").write_text("\n".join(lines), encoding="utf-8")
    given = [*options, "--scenarios", "backbone_frozen", "--folds", "2"]
    assert main(["compare", str(tmp_path / "mine.csv"), *given]) == 0
    printed = capsys.readouterr()
    assert "read as csv" in printed.out and "is all that was run" in printed.out


@pytest.mark.parametrize("escape", ["\x1b[2J", "\u202e", "\r"])
def test_what_a_terminal_would_obey_is_shown_escaped(tmp_path, capsys, escape):
    """In labels, tokens and names of folders, whether they are read or refused."""
    corpus = write_corpus(tmp_path / f"e{escape}vil")
    for split in ("train", "validation", "test"):
        path = corpus / f"{split}.jsonl"
        text = path.read_text(encoding="utf-8")
        label = json.dumps(f"la{escape}bel")
        path.write_text(text.replace('"label": "play"', f'"label": {label}'), "utf-8")
    status = main(["corpus", str(corpus)])
    (corpus / "test.jsonl").write_text("{", encoding="utf-8")
    assert main(["corpus", str(corpus)]) == 2
    printed = capsys.readouterr()
    assert escape not in printed.out + printed.err
    shown = ascii(escape)[1:-1]
    assert f"e{shown}vil" in printed.err
    assert status == 2 or f"la{shown}bel" in printed.out


def test_a_corpus_is_described_with_samples(folder, capsys):
    assert main(["corpus", str(folder), "--samples", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("corpus mine\n")
    labels = mtl.load_corpus(folder).labels
    assert all(f"\n{label}: " in printed for label in labels)


def test_claims_are_written_for_machines(tmp_path, capsys):
    path = tmp_path / "claims.json"
    assert main(["claims", "4.0", "--studies", STUDIES, "--json", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["claims", "--json", "4.0", "--studies", STUDIES]) == 0
    [claim] = json.loads(capsys.readouterr().out)
    assert [claim] == json.loads(path.read_text(encoding="utf-8"))
    assert claim["id"] == "4.0"


def test_a_recommendation_is_written_for_machines(capsys):
    given = ["recommend", "800", "--keep", "ner", "--studies", STUDIES, "--json"]
    assert main(given) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["scenario"] == "ner_head_and_backbone_frozen"
    assert set(answer) == {
        *("case", "scenario", "why", "differences", "kept", "seconds", "plan"),
        *("plans", "needed", "records"),
    }


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
    line = refused(["cache", "show"], capsys)
    assert line.startswith("cache show: MTLHELPERS_CACHE_GB is 'five'")
