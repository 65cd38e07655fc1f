"""Raw text to words, and rows of tags to spans."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.words import is_mark, spans_of, split_words

FEW = settings(max_examples=150, deadline=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TYPES = st.sampled_from(["person", "place", "music_item", "first-name"])
TAGS = st.lists(st.just("O") | st.builds("{}-{}".format, st.sampled_from("BI"), TYPES))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't, at 6:30", ["don", "'", "t", ",", "at", "6", ":", "30"]),
        ("  Ada\tLovelace\nwrote ", ["Ada", "Lovelace", "wrote"]),
        ("5€?!", ["5", "€", "?", "!"]),
        ("cafe\u0301", ["caf\u00e9"]),
        ("", []),
        (" \u2003 ", []),
    ],
)
def test_known_texts(text, words):
    assert split_words(text) == words


@FEW
@given(TEXT)
def test_nothing_is_lost_and_nothing_added(text):
    whole = "".join(unicodedata.normalize("NFC", text).split())
    assert "".join(split_words(text)) == whole


@FEW
@given(TEXT)
def test_a_mark_is_a_word_and_a_word_holds_no_other(text):
    for word in split_words(text):
        assert word.split() == [word]
        assert len(word) == 1 or not any(map(is_mark, word))


@FEW
@given(TEXT)
def test_words_joined_by_spaces_split_into_themselves(text):
    words = split_words(text)
    assert split_words(" ".join(words)) == words


# pitfall 11
@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O B-x I-x O", [(1, 3, "x")]),
        ("B-x B-x", [(0, 1, "x"), (1, 2, "x")]),
        ("B-x I-y", [(0, 1, "x"), (1, 2, "y")]),
        ("O I-x I-x", [(1, 3, "x")]),
        ("B-first-name I-first-name", [(0, 2, "first-name")]),
        ("O O", []),
        ("", []),
    ],
)
def test_known_spans(tags, spans):
    assert spans_of(tags.split()) == spans


@FEW
@given(TAGS)
def test_spans_as_the_scorer_of_conll_reads_them(tags):
    found, begun = [], None
    for at, tag in enumerate([*tags, "O"]):
        mark, kind = tag[0], tag[2:]
        if begun and (mark in "BO" or kind != begun[1]):
            found.append((begun[0], at, begun[1]))
            begun = None
        if mark != "O" and not begun:
            begun = (at, kind)
    assert spans_of(tags) == found
