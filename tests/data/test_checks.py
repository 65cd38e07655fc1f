"""Faults between the sentences of a corpus."""

import pytest

from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.rows import Row, check_splits
from mtlhelpers.errors import CorpusError


def test_an_id_that_occurs_twice_in_a_split(write_folder, splits):
    splits["train"][3]["id"] = "t2"
    with pytest.raises(CorpusError) as caught:
        load_corpus(write_folder(splits))
    assert "train.jsonl, line 4: id 't2' was used before, in " in str(caught.value)
    assert "train.jsonl, line 2. Give" in str(caught.value)


def test_the_very_same_sentence_twice():
    row = Row("t1", ["Ada"], None, "a", "t1", "here")
    with pytest.raises(CorpusError, match="here: id 't1' was used before, in here"):
        check_splits({"train": [row, row], "test": [row._replace(id="e")]})


def test_an_id_that_occurs_in_two_splits(write_folder, splits):
    splits["test"][1]["id"] = "t3"
    with pytest.raises(CorpusError) as caught:
        load_corpus(write_folder(splits))
    assert "test.jsonl, line 2: id 't3' was used before, in " in str(caught.value)
    assert "train.jsonl, line 3. Give" in str(caught.value)


def test_a_group_in_two_splits(write_folder, splits):
    splits["train"][1]["group"] = splits["test"][0]["group"] = "g"
    fault = r"test.jsonl, line 1: group 'g' is in train too \(.*train.jsonl, line 2\)"
    with pytest.raises(CorpusError, match=fault):
        load_corpus(write_folder(splits))


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("label", "chess", "label 'chess' is not in train"),
        ("tags", ["B-planet", "O"], "tag 'B-planet' is not in train"),
    ],
)
def test_a_name_that_train_has_not(write_folder, splits, split, field, value, fault):
    splits[split][0][field] = value
    with pytest.raises(CorpusError, match=f"{split}.jsonl, line 1: {fault}"):
        load_corpus(write_folder(splits))


def test_tags_where_train_has_none_at_all(write_folder, splits):
    for fields in splits["train"]:
        del fields["tags"]
    splits["validation"][0]["tags"] = ["O", "O"]
    with pytest.raises(CorpusError, match="tag 'O' is not in train"):
        load_corpus(write_folder(splits))
