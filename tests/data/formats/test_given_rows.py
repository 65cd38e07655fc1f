"""Sentences in memory: dicts, data sets, tables; and data sets that were saved."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

import mtlhelpers as mtl
from mtlhelpers.data.load import load_corpus
from mtlhelpers.errors import CorpusError
from tests.data.formats.conftest import shown

FEATURES = Features(
    tokens=List(Value("string")), ner_tags=List(ClassLabel(names=["O", "B-x", "I-x"]))
)
CELLS = {"tokens": [["to", "Oslo"], ["New", "York"]], "ner_tags": [[0, 1], [1, 2]]}
ROWS = [("to Oslo", "O B-x", None), ("New York", "B-x I-x", None)]
TEXTS = [
    {"text": f"{word} it", "label": "a" if at % 2 else "b"}
    for at, word in enumerate(["play", "sing", "hum", "call", "ring", "dial"])
]


@pytest.fixture
def splits() -> DatasetDict:
    own = Dataset.from_dict(CELLS, features=FEATURES)
    return DatasetDict({"train": own, "dev": own, "test": own})


def rows_of(split: Dataset) -> list[tuple]:
    cells = zip(split["tokens"], split["tags"], split["label"], strict=True)
    return [(" ".join(tokens), " ".join(tags), label) for tokens, tags, label in cells]


def test_a_data_set_in_memory_and_saved(splits, tmp_path):
    corpus = mtl.Corpus.from_rows(splits, name="mine")
    assert (corpus.name, corpus.tags) == ("mine", ["O", "B-x", "I-x"])
    assert [rows_of(corpus.splits[name]) for name in corpus.splits] == [ROWS] * 3
    splits.save_to_disk(str(tmp_path / "mine"))
    saved = load_corpus(tmp_path / "mine")
    assert saved.fingerprint == corpus.fingerprint
    assert saved.source.endswith("read as save_to_disk")


@pytest.mark.parametrize("writer", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_files_and_streams(splits, read_both, writer):
    table, buffer = splits["train"].data.table, pa.BufferOutputStream()
    with writer(buffer, table.schema) as file:
        file.write_table(table)
    assert shown(read_both(".arrow", buffer.getvalue().to_pybytes())) == ROWS


def test_parquet_files(splits, tmp_path, read_both):
    splits["train"].to_parquet(tmp_path / "one.parquet")
    assert shown(read_both(".parquet", (tmp_path / "one.parquet").read_bytes())) == ROWS


def test_rows_and_a_table_are_one_corpus():
    corpus = mtl.Corpus.from_rows(TEXTS)
    assert [len(rows) for rows in corpus.splits.values()] == [3, 1, 2]
    frame = pd.DataFrame(TEXTS)
    frame.loc[6] = {"text": "whistle it", "label": "a", "note": float("nan")}
    frame.loc[6, "label"] = None
    with pytest.raises(CorpusError, match="frame, row 6: neither tags nor label"):
        mtl.Corpus.from_pandas(frame)
    again = mtl.Corpus.from_pandas(frame[:6])
    assert again.fingerprint == corpus.fingerprint
    with pytest.raises(CorpusError, match="a split is called 'fold'"):
        mtl.Corpus.from_rows({"fold": TEXTS})
    named = mtl.Corpus.from_rows({"train": TEXTS, "test": TEXTS[:1]}, name="x")
    assert len(named.splits["test"]) == 1


def plain(**changes: list) -> Dataset:
    return Dataset.from_dict(CELLS | changes)


BROKEN = [
    (plain(), "row 0: item 1 of tags is of type int.* number stands for"),
    (plain(ner_tags=[["O", "B-x"], ["B-x"]]), "row 1: 2 tokens but 1 tags"),
    (plain(ner_tags=[["O", "B-x"], ["I-x", "I-x"]]), "row 1: tag 1 is 'I-x' after 'O'"),
    (plain(ner_tags=[["O", "x"], ["O", "O"]]), "row 0: tag 2 is 'x'"),
    (plain(ner_tags=[None, None]), "row 0: neither tags nor label"),
    (plain(ner_tags=[[None, "O"], ["O", "O"]]), "row 0: item 1 of tags is null"),
    (plain(tokens=[[], ["a", "b"]], ner_tags=[[], ["O", "O"]]), "row 0: no tokens"),
    (plain(tokens=[None, ["a", "b"]], ner_tags=[["O"], ["O"] * 2]), "row 0: no tokens"),
    (plain(tokens=[["a", ""], ["a", "b"]], ner_tags=[["O"] * 2] * 2), "2 is blank"),
    (plain(tokens=["to Oslo", "New York"]), "row 0: tokens is of type str"),
    (plain(label=[7, 8], ner_tags=[None] * 2), "row 0: label is of type int"),
    (
        plain(label=[["a", "b"], ["a"]], ner_tags=[["O"] * 2] * 2),
        r"row 0: 2 labels \(a, b\). One per sentence can be learned",
    ),
    (Dataset.from_dict({"words_": [["a"]], "x": [1]}), "its keys are words_, x"),
    (Dataset.from_dict({"tokens": []}), r"train\S*: no sentences|mine: cannot be read"),
]


@pytest.mark.parametrize(("rows", "fault"), BROKEN)
def test_broken_data_sets_are_refused(rows, fault):
    with pytest.raises(CorpusError, match=fault) as caught:
        mtl.Corpus.from_rows({"train": rows, "test": rows}, name="mine")
    assert str(caught.value).startswith("mine, train")


def save_arrow(rows: Dataset, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file:
        table = rows.data.table
        with pa.ipc.new_file(file, table.schema) as written:
            written.write_table(table)


SAVED = {
    "train.parquet": lambda rows, path: rows.to_parquet(path),
    "train.arrow": save_arrow,
    "": lambda rows, path: DatasetDict(train=rows, test=rows).save_to_disk(path),
}


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize(("rows", "fault"), BROKEN)
def test_broken_files_of_each_form_are_refused(name, rows, fault, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    SAVED[name](rows, folder / name)
    with pytest.raises(CorpusError, match=fault) as caught:
        load_corpus(folder)
    assert str(caught.value).startswith(str(folder / name))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("a.parquet", b"", "cannot be read as Parquet"),
        ("a.arrow", b"ARROW1", "cannot be read as Arrow"),
        ("a.arrow", b"", "cannot be read as Arrow"),
    ],
)
def test_files_that_are_cut_off(read, name, content, fault):
    with pytest.raises(CorpusError, match=f"{name}: {fault}"):
        read(name, content)


@pytest.mark.parametrize("name", ["state.json", "dataset_dict.json"])
def test_a_saved_data_set_that_is_not_whole(tmp_path, name):
    (tmp_path / name).write_text('{"splits": ["train"]}', encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be read as save_to_disk"):
        load_corpus(tmp_path)
