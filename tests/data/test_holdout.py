import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.data.holdout import carve_validation
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.rows import Row
from mtlhelpers.errors import CorpusError


def row(number: int, label: str | None = "a", tags=None, group: str = "") -> Row:
    name = f"{number:05}"
    return Row(name, ["word"] * len(tags or "x"), tags, label, group or name, name)


def test_validation_is_carved_and_a_note_says_so(write_folder, splits):
    del splits["validation"]
    splits["train"] += [splits["train"][n % 4] | {"id": f"u{n}"} for n in range(9)]
    corpus = load_corpus(write_folder(splits))
    sizes = {split: len(rows) for split, rows in corpus.splits.items()}
    assert sizes == {"train": 11, "validation": 2, "test": 2}
    assert corpus.notes == ("validation: 2 sentences carved from train (seed 0)",)


@pytest.mark.parametrize(("given", "carved"), [(91, 10), (100, 10), (7_500, 700)])
def test_size_of_what_is_carved(given, carved):
    train = [row(n) for n in range(given)]
    rest, validation = carve_validation(train)
    assert len(validation) == carved
    assert sorted(rest + validation) == train


def test_whole_groups_are_carved():
    train = [row(n, group=f"g{n // 7}") for n in range(140)]
    rest, validation = carve_validation(train)
    assert len(validation) == 14
    assert not {one.group for one in rest} & {one.group for one in validation}


def test_the_last_sentences_of_a_name_are_not_carved():
    rare = [row(n, f"label {n}", ["B-once"] if n == 0 else ["O"]) for n in range(30)]
    rare[0] = rare[0]._replace(label="label 1")
    common = [row(n, "label 1", ["O"]) for n in range(30, 34)]
    rest, validation = carve_validation(rare + common)
    assert len(validation) == 4
    assert {one.label for one in rest} == {f"label {n}" for n in range(1, 30)}
    assert ["B-once"] in [one.tags for one in rest]


def test_of_two_sentences_with_a_name_one_stays():
    pairs = [row(n, f"label {n // 2}") for n in range(400)]
    rest, validation = carve_validation(pairs)
    assert len(validation) == 40
    assert len({one.label for one in rest}) == 200


@pytest.mark.parametrize(
    "train",
    [
        [row(0), row(1, "b"), row(2, "c")],
        [row(0, None, ["O"], "g"), row(1, None, ["O"], "g")],
    ],
)
def test_where_nothing_can_be_carved(train):
    with pytest.raises(CorpusError, match="Add a validation split"):
        carve_validation(train)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_sentences(chance: random.Random):
    rows = [row(n, "ab"[n % 2], group=f"g{n // 3}") for n in range(40)]
    test = [row(n) for n in range(100, 103)]
    reference = build_corpus("x", {"train": rows, "test": test})
    again = {"train": chance.sample(rows, 40), "test": chance.sample(test, 3)}
    assert build_corpus("x", again).fingerprint == reference.fingerprint
