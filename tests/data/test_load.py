from dataclasses import replace
from pathlib import Path

import pytest
from datasets import DatasetDict, List, Value

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.variants import combine_corpora
from mtlhelpers.errors import CorpusError

TAGS = ["O", "B-person", "I-person", "B-place", "I-place"]


def test_a_folder_becomes_splits_names_and_notes(write_folder, splits):
    corpus = load_corpus(write_folder(splits))
    assert (corpus.name, corpus.licence, corpus.notes) == ("mine", "", ())
    assert corpus.labels == ["music", "phone", "travel"]
    assert corpus.tags == TAGS  # I-person too, which does not occur
    assert corpus.tasks == ("sentence", "ner")
    assert list(corpus.splits) == ["train", "validation", "test"]
    for split, rows in splits.items():
        found = corpus.splits[split].to_list()
        expected = [fields | {"group": fields["id"]} for fields in rows]
        assert found == sorted(expected, key=lambda fields: fields["id"])


@pytest.mark.parametrize(
    ("left_out", "tasks", "names"),
    [("label", ("ner",), ([], TAGS)), ("tags", ("sentence",), (["a"], []))],
)
def test_a_corpus_may_have_one_task(write_folder, splits, left_out, tasks, names):
    for rows in splits.values():
        for fields in rows:
            fields["label"] = "a"
            del fields[left_out]
    corpus = load_corpus(str(write_folder(splits)))
    assert corpus.tasks == tasks
    assert (corpus.labels, corpus.tags) == names
    assert set(corpus.splits["test"][left_out]) == {None}
    # The columns have their types even where they hold nothing.
    features = corpus.splits["test"].features
    assert features["label"] == Value("string")
    assert features["tags"] == List(Value("string"))


def test_fingerprint_follows_content_alone(write_folder, splits):
    reference = load_corpus(write_folder(splits))
    assert len(reference.fingerprint) == 64
    for rows in splits.values():
        rows.reverse()
    again = load_corpus(write_folder(splits))
    assert again.splits["train"]["id"][:] == ["t1", "t2", "t3", "t4"]
    assert again.fingerprint == reference.fingerprint
    mixed = DatasetDict(
        {
            split: rows.select(reversed(range(len(rows))))
            for split, rows in reference.splits.items()
        }
    )
    other = replace(reference, name="else", splits=mixed, notes=("note",))
    assert other.fingerprint == reference.fingerprint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "t9"),
        ("tokens", ["Bo", "left", "Rome"]),
        ("tags", ["B-person", "B-person", "B-place"]),
        ("label", "music"),
        ("group", "t2"),
    ],
)
def test_fingerprint_changes_with_each_field(write_folder, splits, field, value):
    before = load_corpus(write_folder(splits)).fingerprint
    splits["train"].append(splits["train"][0] | {"id": "t5"})  # keeps all names
    with_one_more = load_corpus(write_folder(splits)).fingerprint
    splits["train"][0][field] = value
    changed = load_corpus(write_folder(splits)).fingerprint
    assert len({before, with_one_more, changed}) == 3


def test_fingerprint_changes_with_the_names(write_folder, splits):
    corpus = load_corpus(write_folder(splits))
    more = replace(corpus, labels=[*corpus.labels, "z"])
    assert more.fingerprint != corpus.fingerprint
    fewer = replace(corpus, tags=corpus.tags[:-2])
    assert fewer.fingerprint != corpus.fingerprint


def test_without_label(write_folder, splits):
    splits["test"][0]["label"] = "phone"
    whole = replace(load_corpus(write_folder(splits)), licence="L", source="S")
    corpus = whole.without_label("music")
    assert (corpus.name, corpus.licence, corpus.source) == ("mine", "L", "S")
    assert corpus.labels == ["phone", "travel"]
    assert corpus.splits["train"]["id"][:] == ["t1", "t3", "t4"]
    assert len(corpus.splits["test"]) == 2
    assert corpus.notes == ("label music left out, and with it 1 of the sentences",)
    with pytest.raises(CorpusError, match="no label 'music' .* phone, travel"):
        corpus.without_label("music")
    with pytest.raises(CorpusError, match="validation: no sentences"):
        corpus.without_label("travel")


@pytest.fixture
def by_label(write_folder, splits) -> Corpus:
    rows = {
        split: [
            {key: fields[key] for key in ("id", "tokens", "label")} for fields in all
        ]
        for split, all in splits.items()
    }
    return replace(load_corpus(write_folder(rows)), name="one")


@pytest.fixture
def by_tags(write_folder, splits) -> Corpus:
    rows = {
        split: [
            {
                "id": f"x{fields['id']}",
                "tokens": fields["tokens"],
                "tags": fields["tags"],
            }
            for fields in all
        ]
        for split, all in splits.items()
    }
    return replace(load_corpus(write_folder(rows)), name="two")


def test_a_disjoint_corpus(by_label, by_tags):
    first = replace(by_label, licence="L", notes=("n",))
    second = replace(by_tags, licence="M", citation="C")
    both = combine_corpora(first, second)
    assert (both.name, both.tasks) == ("one+two", ("sentence", "ner"))
    assert (both.labels, both.tags) == (by_label.labels, by_tags.tags)
    test = both.splits["test"]
    assert test["id"][:] == ["e1", "e2", "xe1", "xe2"]
    assert test["label"][:] == ["music", "phone", None, None]
    assert test["tags"][:] == [None, None, *by_tags.splits["test"]["tags"]]
    assert both.licence == "one: L; two: M"
    assert both.notes == ("one: n",)
    assert both.fingerprint == combine_corpora(second, first).fingerprint


def test_what_cannot_be_combined(by_label, by_tags):
    both = combine_corpora(by_label, by_tags)
    pairs = [
        (by_label, by_label),
        (by_tags, by_tags),
        (both, by_tags),
        (by_label, both),
    ]
    for pair in pairs:
        with pytest.raises(CorpusError, match="one corpus with labels alone and one"):
            combine_corpora(*pair)


def test_ids_that_clash_are_not_combined(by_label, by_tags):
    same_ids = DatasetDict(
        {
            split: rows.map(lambda fields: {"id": fields["id"][1:]})
            for split, rows in by_tags.splits.items()
        }
    )
    fault = "two, train, t1: id 't1' was used before, in one, train, t1"
    with pytest.raises(CorpusError, match=fault):
        combine_corpora(by_label, replace(by_tags, splits=same_ids))


def test_two_joined_names(write_folder, splits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, field in (("one", "tags"), ("two", "label")):
        rows = {
            split: [
                {k: v for k, v in fields.items() if k != field}
                | {"id": name + fields["id"]}
                for fields in splits[split]
            ]
            for split in splits
        }
        write_folder(rows).rename(tmp_path / name)
    both = load_corpus("one+two")
    assert both.name == "one+two"
    assert len(both.splits["train"]) == 8


def test_a_tilde_is_the_home_folder(write_folder, splits, tmp_path, monkeypatch):
    write_folder(splits)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # the same on Windows
    assert load_corpus("~/mine").name == "mine"
    assert load_corpus(Path("~/mine")).name == "mine"
    with pytest.raises(CorpusError, match=r"mine has sentence and ner, mine has sent"):
        load_corpus("~/mine+~/mine")
    columns = {"tokens": "tokens", "tags": "tags"}
    assert load_corpus("~/mine", columns=columns).name == "mine"


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(CorpusError) as caught:
        load_corpus("no/such")
    message = str(caught.value)
    names = "clinc150, hwu64, newsdesk, snips, wnut17"
    for part in ("'no/such'", names, "train.jsonl", "columns"):
        assert part in message


def test_a_revision_is_for_a_hub_alone(write_folder, splits):
    with pytest.raises(CorpusError, match="revision is of a data set on a hub"):
        load_corpus(write_folder(splits), revision="main")


def test_a_folder_of_the_users_replaces_the_download(
    own_cache, write_folder, splits, monkeypatch, tmp_path
):
    write_folder(splits).rename(tmp_path / "snips")
    monkeypatch.setenv("MTLHELPERS_DATA", str(tmp_path))
    corpus = load_corpus("snips")
    assert corpus.splits["train"]["id"][:] == ["t1", "t2", "t3", "t4"]
    assert (corpus.name, corpus.licence) == ("snips", "CC0 1.0")
    # What it does not hold is still downloaded.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CorpusError, match="OFFLINE is set"):
        load_corpus("wnut17")


def test_description(write_folder, splits):
    del splits["train"][3]["label"]
    corpus = load_corpus(write_folder(splits))
    corpus = replace(corpus, source="")
    facts = {"licence": "CC0", "citation": "Some " * 40, "notes": ("first", "second")}
    text = replace(corpus, **facts).describe()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 88
    cells = [line.split() for line in lines]
    assert ["train", "4", "12", "3", "5"] in cells
    assert ["test", "2", "5", "2", "2"] in cells
    assert ["3", "labels", "music,", "phone,", "travel"] in cells
    assert ["2", "types", "person,", "place"] in cells
    assert ["licence", "CC0"] in cells
    assert ["note", "second"] in cells
    assert not any(line.startswith("source") for line in lines)  # unknown
    assert str(corpus) == corpus.describe()
