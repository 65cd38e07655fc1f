"""Files, folders, patterns and standard input; and which split a name means."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mtlhelpers.data.load import load_corpus, read_source
from mtlhelpers.errors import CorpusError

WORDS = ("play", "sing", "hum", "call", "ring", "dial")
SENTENCES = [f"{word} it,{'music' if word < 'd' else 'phone'}" for word in WORDS]
CSV = "\n".join(["text,label", *SENTENCES])


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CSV, encoding="utf-8")


def sizes(source: str) -> dict[str, int]:
    return {name: len(rows) for name, rows in read_source(source).splits.items()}


@pytest.mark.parametrize(
    "names",
    [
        ("train.csv", "dev.csv", "test.csv"),
        ("my-train.csv", "my-valid.csv", "my-test.csv"),
        ("en_training.csv", "en_val.csv", "en_testing.csv"),
        ("en.train.csv", "en.devel.csv", "en.test.csv"),
        ("train/0.csv", "validation/0.csv", "test/0.csv"),
        ("data/train-0-of-1.csv", "data/validation-0-of-1.csv", "data/test-0-of-1.csv"),
    ],
)
def test_names_say_the_split(names):
    write(*(f"mine/{name}" for name in names))
    assert sizes("mine") == {"train": 6, "validation": 6, "test": 6}


def test_a_pattern_takes_what_fits_it():
    write("a/train.csv", "a/test.csv", "b/other.csv")
    assert sizes("*/t*.csv") == {"train": 6, "test": 6}
    assert load_corpus("a/t*.csv").name == "a"


def test_files_of_no_split_are_named_where_others_are_of_one():
    write("mine/train.csv", "mine/test.csv", "mine/notes.csv")
    assert read_source("mine").notes[0] == (
        f"not read, since their names are of no split: {Path('mine/notes.csv')}"
    )


def test_several_files_of_one_split_are_one_split():
    write("mine/train-1.csv", "mine/train-2.csv", "mine/test.csv")
    assert sizes("mine") == {"train": 12, "test": 6}


def test_files_without_a_split_are_dealt_out():
    write("mine/a.csv", "mine/b.csv")
    found = read_source("mine")
    assert len(found.splits["test"]) >= 3
    said = [{row.tokens[0] for row in found.splits[split]} for split in found.splits]
    assert not said[0] & said[1]  # each sentence is there twice, and stays together
    assert "drawn as test (seed 0), since no split was given" in found.notes[-1]
    assert found.splits == read_source("mine").splits


def test_groups_are_dealt_out_whole():
    lines = [f"say {n},a,g{n // 4}" for n in range(40)]
    Path("a.csv").write_text("\n".join(["text,label,group", *lines]), encoding="utf-8")
    corpus = load_corpus("a.csv")
    groups = [set(rows["group"]) for rows in corpus.splits.values()]
    assert not groups[0] & groups[1] and not groups[0] & groups[2]
    assert [len(rows) for rows in corpus.splits.values()] == [28, 4, 8]


@pytest.mark.parametrize("name", ["ab/{}/0000.csv", "ab/{}/en/0000.csv"])
def test_files_of_one_name_in_several_folders_are_told_apart(name):
    write(name.format("train"), name.format("test"))
    assert len(load_corpus("ab").splits["train"]) == 5  # one is validation
    ids = [row.id for rows in read_source("ab").splits.values() for row in rows]
    assert len(set(ids)) == 12 and {one.split("-")[0] for one in ids} == {
        "train",
        "test",
    }


def test_numbers_as_ids_count_in_their_file():
    """As doccano and data sets on a hub have them; a name is one of the corpus."""
    for split in ("train", "test"):
        lines = [f"{at},{one}" for at, one in enumerate(SENTENCES)]
        write(f"mine/{split}.csv")
        Path(f"mine/{split}.csv").write_text("\n".join(["id,text,label", *lines]))
    found = read_source("mine")
    assert found.splits["test"][0].id == "test-0"
    assert "12 ids that several files have, put after the file's name" in found.notes
    Path("mine/test.csv").write_text("\n".join(["id,text,label", *lines[1:], lines[1]]))
    with pytest.raises(CorpusError, match="id 'test-1' was used before"):
        load_corpus("mine")
    Path("mine/test.csv").write_text("\n".join(["id,text,label", f"x1,{SENTENCES[0]}"]))
    assert read_source("mine").splits["train"][0].id == "0"


def test_standard_input(monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(CSV.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    corpus = load_corpus("-")
    assert (corpus.name, corpus.source) == ("stdin", "-, read as csv")
    assert corpus.labels == ["music", "phone"]


def test_a_format_may_be_forced():
    Path("a.odd").write_text("Ada B-x\nleft O\n\nBo B-x\n", encoding="utf-8")
    found = read_source("a.odd", format="conll")
    assert found.source == "a.odd, read as conll"
    with pytest.raises(CorpusError, match="no format 'xml'. There are arrow, conll"):
        read_source("a.odd", format="xml")


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ((), "mine: no file in it that can be read"),
        (("mine/notes.md",), "mine: no file in it that can be read"),
        (("mine/.hidden.csv",), "mine: no file in it that can be read"),
        (("mine/train-test.csv", "mine/a.csv"), "the name is of several splits"),
        (("mine/dev.csv", "mine/test.csv"), "mine: no train, only validation and test"),
        (
            ("mine/train.csv", "mine/dev.csv"),
            "mine: no test, only train and vali",
        ),
    ],
)
def test_a_folder_that_is_no_corpus(names, fault):
    Path("mine").mkdir()
    write(*names)
    with pytest.raises(CorpusError, match=fault):
        load_corpus("mine")
