"""Raw text to words, and rows of tags to spans."""

import subprocess
import sys
import unicodedata
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

import mtlhelpers
from mtlhelpers.data.words import is_mark, locate_words, spans_of, split_words

FEW = settings(max_examples=150, deadline=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TYPES = st.sampled_from(["person", "place", "music_item", "first-name", "B-x", "O"])
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


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (" at  5:30pm", ["at", "5", ":", "30pm"]),
        ("cafe\u0301s, oui", ["cafe\u0301s", ",", "oui"]),  # decomposed
        ("a=\u0338b", ["a", "=\u0338", "b"]),  # a mark that composes
        ("x,\u0301y", ["x", ",", "\u0301y"]),  # one that does not
        ("\u1112\u1161\u11ab!", ["\u1112\u1161\u11ab", "!"]),  # one syllable
        ("\u0958.", ["\u0958", "."]),  # comes apart
        ("😀ok", ["😀", "ok"]),
    ],
)
def test_known_places(text, pieces):
    assert [text[slice(*place)] for _, place in locate_words(text)] == pieces


# Accents, parts of syllables, marks, letters that come apart or are renamed.
ODD = st.text("ab e\u0301\u0323\u0338=,.'\u1112\u1161\u11ab\u0958\u212b\u2000\x1c😀")


@FEW
@given(TEXT | ODD)
def test_places_are_in_order_and_hold_the_words(text):
    found = locate_words(text)
    assert [word for word, _ in found] == split_words(text)
    assert split_words(text) == split_words(unicodedata.normalize("NFC", text))
    for word, (start, end) in found:
        assert 0 <= start < end <= len(text)
        if unicodedata.is_normalized("NFC", text):
            assert text[start:end] == word
    starts = [start for _, (start, _) in found]
    assert starts == sorted(starts)


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


def as_seqeval_reads(tags: list[str]) -> list[tuple[int, int, str]]:
    return [(start, end + 1, kind) for kind, start, end in get_entities(tags)]


# pitfall 11
def test_every_short_sequence_of_tags_gives_the_spans_that_seqeval_scores():
    names = ["O", "B-x", "I-x", "B-y", "I-y"]
    for length in range(7):
        for tags in product(names, repeat=length):
            assert spans_of(tags) == as_seqeval_reads(list(tags))


@FEW
@given(TAGS)
def test_any_sequence_of_tags_gives_the_spans_that_seqeval_scores(tags):
    assert spans_of(tags) == as_seqeval_reads(tags)


def test_loading_corpora_does_not_wait_for_the_scorer():
    code = (
        "import sys, types; package = types.ModuleType('mtlhelpers'); "
        "package.__path__ = [sys.argv[1]]; sys.modules['mtlhelpers'] = package; "
        "import mtlhelpers.data.load; "
        "print(sorted({'sklearn', 'seqeval', 'torch', 'pooch'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *mtlhelpers.__path__]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
