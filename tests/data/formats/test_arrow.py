"""Data sets with a column map, from a folder of Parquet."""

from pathlib import Path

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from mtlhelpers.data.load import load_corpus
from mtlhelpers.errors import CorpusError

COLUMNS = {"tokens": "words", "tags": "ner_tags", "label": "intent", "id": "uid"}
TAGS = ["O", "B-place", "I-place"]
FEATURES = Features(
    uid=Value("int64"),
    words=List(Value("string")),
    ner_tags=List(ClassLabel(names=TAGS)),
    intent=ClassLabel(names=["call", "go"]),
    extra=Value("float32"),
)


def rows(start: int) -> dict[str, list]:
    return {
        "uid": [start, start + 1],
        "words": [["to", "New", "York"], ["call"]],
        "ner_tags": [[0, 1, 2], [0]],
        "intent": [1, 0],
        "extra": [0.5, 0.5],
    }


@pytest.fixture
def write_parquet(tmp_path, monkeypatch):
    """Write splits of a data set as Parquet; give the folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")

    def write(splits: dict[str, dict], features: Features = FEATURES) -> Path:
        folder = tmp_path / "set"
        folder.mkdir()
        # A card, since without one `datasets` itself calls dev and valid validation.
        files = [f"  - {{split: {name}, path: {name}.parquet}}\n" for name in splits]
        card = "---\nconfigs:\n- config_name: default\n  data_files:\n"
        text = card + "".join(files) + "---\n"
        (folder / "README.md").write_text(text, encoding="utf-8")
        for name, columns in splits.items():
            split = Dataset.from_dict(columns, features=features)
            split.to_parquet(folder / f"{name}.parquet")
        return folder

    return write


@pytest.mark.parametrize("validation", ["validation", "dev", "valid"])
def test_numbers_become_names(write_parquet, validation):
    splits = {"train": rows(0), validation: rows(10), "test": rows(20)}
    folder = write_parquet(splits)
    corpus = load_corpus(folder, columns=COLUMNS)
    assert (corpus.name, corpus.source) == ("set", f"{folder}, read as parquet")
    assert (corpus.labels, corpus.tags) == (["call", "go"], TAGS)
    assert corpus.notes == ("keys not read (in so many sentences): extra (6)",)
    assert corpus.splits["validation"].to_list() == [
        {
            "id": "10",
            "tokens": ["to", "New", "York"],
            "tags": TAGS,
            "label": "go",
            "group": "10",
        },
        {"id": "11", "tokens": ["call"], "tags": ["O"], "label": "call", "group": "11"},
    ]


def test_fewer_columns_and_no_validation(write_parquet):
    doubled = {name: cells * 4 for name, cells in rows(0).items()}
    folder = write_parquet({"train": doubled, "test": rows(20)})
    corpus = load_corpus(folder, columns={"tokens": "words", "label": "intent"})
    assert corpus.tasks == ("sentence",)
    assert corpus.splits["test"]["id"][:] == ["test-0", "test-1"]
    assert corpus.notes == (
        "keys not read (in so many sentences): extra (10), ner_tags (10), uid (10)",
        "validation: 1 sentences carved from train (seed 0)",
    )


def test_a_fault_is_named_with_split_and_row(write_parquet):
    broken = rows(20) | {"ner_tags": [[0, 2, 2], [0]]}
    folder = write_parquet({"train": rows(0), "dev": broken, "test": rows(10)})
    with pytest.raises(
        CorpusError, match="dev.parquet, row 0: tag 2 is 'I-place' after 'O'"
    ):
        load_corpus(folder, columns=COLUMNS)


def test_minus_one_is_no_label(write_parquet):
    folder = write_parquet({"train": rows(0), "test": rows(20) | {"intent": [-1, 0]}})
    columns = {"tokens": "words", "label": "intent"}
    with pytest.raises(
        CorpusError, match="test.parquet, row 0: neither tags nor label"
    ):
        load_corpus(folder, columns=columns)


def test_numbers_without_names_are_no_tags(write_parquet):
    features = Features(FEATURES | {"ner_tags": List(Value("int64"))})
    folder = write_parquet({"train": rows(0), "test": rows(20)}, features)
    with pytest.raises(CorpusError, match="row 0: item 1 of tags is of type int"):
        load_corpus(folder, columns=COLUMNS)


def test_a_column_that_is_not_there(write_parquet):
    folder = write_parquet({"train": rows(0), "test": rows(20)})
    fault = "set: no column 'topic' for label, only uid, words, ner_tags, intent"
    with pytest.raises(CorpusError, match=fault):
        load_corpus(folder, columns=COLUMNS | {"label": "topic"})


@pytest.mark.parametrize("columns", [{}, {"label": "intent"}, COLUMNS | {"topic": "x"}])
def test_a_column_map_that_is_none(columns, tmp_path):
    with pytest.raises(CorpusError, match="Name the column of text or tokens"):
        load_corpus(tmp_path, columns=columns)


@pytest.mark.parametrize("missing", ["train", "test"])
def test_a_split_that_is_not_there(write_parquet, missing):
    there = {"train", "dev", "test"} - {missing}
    folder = write_parquet({split: rows(0) for split in there})
    with pytest.raises(CorpusError, match=f"set: no {missing}, only "):
        load_corpus(folder, columns=COLUMNS)


def test_a_folder_without_data(tmp_path):
    with pytest.raises(CorpusError, match="no file in it that can be read"):
        load_corpus(tmp_path, columns=COLUMNS)


def test_offline_a_data_set_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(CorpusError) as caught:
        load_corpus("owner/name", columns=COLUMNS, revision="v1")
    for part in (
        "owner/name: neither a file",
        "revision v1",
        "Offline",
        "give its folder",
    ):
        assert part in str(caught.value)
