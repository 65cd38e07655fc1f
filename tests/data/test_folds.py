"""Folds: each sentence is tested once, and nothing leaks between train and test."""

import pytest
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.corpus import build_corpus, rows_of
from mtlhelpers.data.folds import deal_folds
from mtlhelpers.data.words import letters_of
from mtlhelpers.errors import CorpusError


def corpus_of(kinds: list[tuple[str, int]]):
    """Sentences by label and group; a group's sentences say other things."""
    words = ("Ada", "Bo", "Cy", "Rome", "York", "song")
    rows = [
        tiny.row(
            f"s{at:03}",
            f"{label} {words[at % 6]} {words[at // 6 % 6]} {words[at // 36]}",
            label=label,
        )._replace(group=f"g{group}{label}")
        for at, (label, group) in enumerate(kinds)
    ]
    base = [tiny.row(f"b{label}", f"{label} now", label=label) for label in "abc"]
    test = [tiny.row(f"t{label}", f"{label} again", label=label) for label in "abc"]
    return build_corpus(
        "made", {"train": [*base, *rows], "validation": test[:1], "test": test[1:]}
    )


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=60),
    st.integers(2, 5),
    st.integers(0, 3),
)
@settings(max_examples=25, deadline=None)
def test_each_sentence_is_tested_once_and_groups_stay_whole(kinds, folds, seed):
    corpus = corpus_of(kinds)
    try:
        dealt = deal_folds(corpus, folds, seed)
    except CorpusError as error:
        assert "fold" in str(error) or "validation" in str(error)
        return
    tested = [row.id for fold in dealt for row in rows_of(fold)["test"]]
    assert len(tested) == len(set(tested))
    everything = {row.id for rows in rows_of(corpus).values() for row in rows}
    for fold in dealt:
        rows = rows_of(fold)
        assert {row.id for own in rows.values() for row in own} == everything
        learned = [*rows["train"], *rows["validation"]]
        for of in (lambda row: row.group, lambda row: letters_of(row.tokens)):
            assert not set(map(of, learned)) & set(map(of, rows["test"]))
    assert len({fold.fingerprint for fold in dealt}) == folds
    always = everything - set(tested)
    assert bool(always) == any("never tested" in n for n in dealt[0].notes)


def test_sentences_that_say_the_same_stay_together():
    corpus = tiny.corpus()
    for fold in deal_folds(corpus, 3):
        rows = rows_of(fold)
        said = {letters_of(row.tokens) for row in rows["test"]}
        assert not said & {letters_of(row.tokens) for row in rows["train"]}


def test_a_label_that_one_sentence_has_is_trained_with_and_never_tested():
    rows = rows_of(tiny.corpus())
    rare = tiny.row("rare", "left now", "O O", "rare")
    corpus = tiny.corpus().with_rows(rows | {"train": [*rows["train"], rare]})
    dealt = deal_folds(corpus, 3)
    assert all(rare.id in one.splits["train"]["id"][:] for one in dealt)
    assert "1 sentences never tested" in dealt[0].notes[-1]


def test_too_many_folds_are_refused():
    with pytest.raises(CorpusError, match="too few for 40 folds"):
        deal_folds(tiny.corpus(), 40)
