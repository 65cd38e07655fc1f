"""Words against word pieces: the one place where a label can land on the wrong one."""

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtlhelpers.data.encoding import IGNORED, collate, encode, length_note

FEW = settings(max_examples=60, deadline=None)
# Halves of surrogate pairs cannot be stored, and the loader refuses blank words.
CHARACTERS = st.characters(exclude_categories=["Cs"])
WORDS = st.text(CHARACTERS, min_size=1, max_size=8).filter(str.strip)
SENTENCES = st.lists(
    st.lists(WORDS | st.sampled_from(["playing", "Ada", "\ufe0f", "\x00"]), min_size=1),
    min_size=1,
    max_size=4,
)


def sentences(words: list[list[str]], tagged: bool = True) -> Dataset:
    """Sentences that tag every word by its own place: t0, t1, …"""
    tags = [[f"t{i}" for i in range(len(one))] if tagged else None for one in words]
    return Dataset.from_dict(
        {"tokens": words, "tags": tags, "label": ["a"] * len(words)}
    )


def names(words: list[list[str]]) -> list[str]:
    return [f"t{i}" for i in range(max(map(len, words)))]


# pitfalls 8 and 27
@FEW
@given(SENTENCES)
@example([["Ada", "\ufe0f", "playing", "\x00", "unaffable"]])
@example([["\u200b"]])
def test_each_word_with_a_piece_is_labelled_once_on_its_first(tokenizer, words):
    encoded = encode(sentences(words), tokenizer, ["a"], names(words), max_length=16)
    batch = collate(encoded, range(len(words)))
    for i, sentence in enumerate(words):
        # Each word by itself, as the tokenizer cuts it, laid end to end after [CLS].
        pieces = [tokenizer.tokenize(word) for word in sentence]
        at, expected = 1, {}
        for number, own in enumerate(pieces):
            if own and at < 15:
                expected[at] = number
            at += len(own)
        labels = batch["ner_labels"][i].numpy()
        labelled = np.flatnonzero(labels != IGNORED)
        assert {int(p): int(labels[p]) for p in labelled} == expected
        assert len(labelled) == len(encoded.kept_words[i])
        assert len(encoded.kept_words[i]) + encoded.lost_words[i] == len(sentence)
        assert encoded.truncated[i] == (at > 15)


# pitfall 8
def test_the_label_stands_on_the_first_piece_alone(tokenizer):
    words = [["Ada", "unaffable", "sang"]]
    encoded = encode(sentences(words), tokenizer, [], names(words))
    pieces = tokenizer.convert_ids_to_tokens(encoded.input_ids[0].tolist())
    assert pieces == ["[CLS]", "ada", "una", "##ffa", "##ble", "sang", "[SEP]"]
    labels = collate(encoded, [0])["ner_labels"][0].tolist()
    assert labels == [IGNORED, 0, 1, IGNORED, IGNORED, 2, IGNORED]


# pitfall 27
@pytest.mark.parametrize("word", ["\ufe0f", "\x00", "\u200b", "\u0301"])
def test_a_word_without_a_piece_shifts_no_other(tokenizer, word):
    encoded = encode(
        sentences([["Ada", word, "sang"]]), tokenizer, [], ["t0", "t1", "t2"]
    )
    assert encoded.kept_words[0].tolist() == [0, 2]
    assert encoded.tag_ids[0].tolist() == [0, 2]
    assert encoded.lost_words.tolist() == [1]
    assert not encoded.truncated[0]


# pitfall 10
def test_words_beyond_the_cut_are_counted(tokenizer):
    words = [["Ada"] * 40, ["Ada"] * 3]
    encoded = encode(sentences(words), tokenizer, max_length=10)
    assert encoded.lengths.tolist() == [10, 5]
    assert encoded.lost_words.tolist() == [32, 0]
    assert encoded.truncated.tolist() == [True, False]


def test_a_note_counts_what_is_cut_and_nothing_else(tokenizer):
    words = [["Ada"] * 40, ["Ada"] * 3, ["\ufe0f"] * 2 + ["Ada"] * 10, ["\ufe0f"]]
    encoded = encode(sentences(words), tokenizer, max_length=10)
    assert encoded.lost_words.tolist() == [32, 0, 4, 1]
    assert encoded.cut_words.tolist() == [32, 0, 2, 0]
    assert length_note(encoded, "train") == (
        "train: 2 of 4 sentences are longer than 10 word pieces; 34 words beyond are "
        "not read (they count as O in scores). Split the sentences, or "
        "raise the model's max_length (up to what its backbone holds)."
    )
    assert length_note(encode(sentences(words), tokenizer), "train") is None
    assert length_note(encode(sentences([["x"]])[:0], tokenizer), "train") is None


def test_sentences_may_come_as_lists_by_column(tokenizer):
    words = [["Ada", "sang"], ["\ufe0f"]]
    columns = {"tokens": words, "tags": [["O", "B-x"], None], "label": ["a", None]}
    encoded = encode(columns, tokenizer, ["a"], ["O", "B-x"])
    assert [ids.tolist() for ids in encoded.tag_ids] == [[0, 1], []]
    assert encoded.label_ids.tolist() == [0, IGNORED]


# pitfall 13
def test_padding_is_masked_and_carries_no_label(tokenizer):
    words = [["Ada", "sang"], ["Ada"]]
    encoded = encode(sentences(words), tokenizer, ["a"], names(words))
    batch = collate(encoded, [0, 1])
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch["input_ids"][1, 3] == tokenizer.pad_token_id
    assert batch["ner_labels"].tolist() == [
        [IGNORED, 0, 1, IGNORED],
        [IGNORED, 0, IGNORED, IGNORED],
    ]


# pitfall 19
def test_an_absent_label_is_ignored(tokenizer):
    rows = Dataset.from_dict(
        {"tokens": [["a"], ["b"]], "tags": [None, ["O"]], "label": ["x", None]}
    )
    batch = collate(encode(rows, tokenizer, ["x"], ["O"]), [0, 1])
    assert batch["sentence_labels"].tolist() == [0, IGNORED]
    assert batch["ner_labels"].tolist() == [[IGNORED] * 3, [IGNORED, 0, IGNORED]]


def test_an_unknown_name_is_an_error_and_no_names_leave_the_column_out(tokenizer):
    rows = Dataset.from_dict({"tokens": [["a"]], "tags": [["B-x"]], "label": ["new"]})
    with pytest.raises(KeyError, match="new"):
        encode(rows, tokenizer, ["old"])
    with pytest.raises(KeyError, match="B-x"):
        encode(rows, tokenizer, [], ["O"])
    encoded = encode(rows, tokenizer)
    assert encoded.label_ids.tolist() == [IGNORED]
    assert encoded.tag_ids[0].tolist() == [IGNORED]


def test_rows_are_batched_in_the_order_asked(tokenizer):
    words = [["Ada"], ["Bo", "sang"], ["Cy"]]
    encoded = encode(sentences(words), tokenizer, ["a"])
    batch = collate(encoded, np.array([2, 1]))
    assert batch["input_ids"][0, :3].tolist() == encoded.input_ids[2].tolist()
    assert batch["input_ids"][1].tolist() == encoded.input_ids[1].tolist()
    assert batch["sentence_labels"].tolist() == [0, 0]
