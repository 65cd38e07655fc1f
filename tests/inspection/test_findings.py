"""Each finding on sentences that have nothing else."""

import pytest

from mtlhelpers.data.rows import Row
from mtlhelpers.inspection.findings import Finding, find_faults, find_in_splits


def row(name: str, text: str, label: str | None = "a", tags: str = "") -> Row:
    marks = tags.split() or None
    return Row(name, text.split(), marks, label, name, f"file, line {name}")


def rows(start: int, count: int, label: str = "a") -> list[Row]:
    return [
        row(f"{n}", f"sentence number {n}", label) for n in range(start, start + count)
    ]


def fine() -> dict[str, list[Row]]:
    """A corpus in which there is nothing to find."""
    train = rows(0, 10) + rows(10, 10, "b")
    return {"train": train, "test": rows(100, 50) + rows(150, 50, "b")}


def found(splits: dict[str, list[Row]]) -> list[Finding]:
    return list(find_in_splits(splits))


def test_nothing_is_found_where_nothing_is_wrong():
    assert found(fine()) == []
    assert list(find_faults([])) == []


LAST = row("900", "the last one")
CASES = [
    ("train", row("0", "another"), True, "1 id used before"),
    ("test", row("901", "sentence number 3"), True, "1 sentence of test (1.0%) say"),
    ("test", row("901", "Sentence, number-3!"), True, "1 sentence of test (1.0%) say"),
    ("test", row("901", "odd", "c"), True, "1 label or type of validation or test not"),
    ("test", row("901", "odd", "a", "B-x"), True, "2 labels or types of"),
    (
        "train",
        row("901", "sentence number 3", "b"),
        False,
        "1 sentence labelled in",
    ),
    ("train", row("901", "sentence number 3"), False, "1 sentence repeated"),
    ("train", row("901", "rare", "c"), False, "1 label with fewer than 5 in train"),
    ("train", row("901", "rare", "a", "B-x"), False, "1 type with fewer than 5 in"),
    ("train", row("901", "odd", "A"), False, "1 name in two spellings"),
    ("train", row("901", "odd", "a|b"), False, "1 label joined of others"),
]


@pytest.mark.parametrize(("split", "sentence", "mend", "what"), CASES)
def test_what_is_wrong_is_found(split, sentence, mend, what):
    splits = fine()
    splits[split] = splits[split][:-1] + [sentence]
    kept = [one for one in found(splits) if one.what.startswith(what)]
    assert len(kept) == 1, found(splits)
    assert kept[0].mend is mend
    assert kept[0].remedy
    assert str(kept[0]).startswith("✗ " if mend else "- ")


def test_a_group_in_two_splits_must_be_mended():
    splits = fine()
    for split in splits:
        splits[split][0] = splits[split][0]._replace(group="g")
    assert [one.what for one in found(splits)] == (
        ["1 sentence of a group that another split has"]
    )


def test_few_leaks_are_advice():
    splits = fine()
    splits["test"] = (
        rows(100, 150) + rows(250, 150, "b") + [row("901", "sentence number 3")]
    )
    assert [one.mend for one in found(splits)] == [False, False]


def test_a_small_test_a_majority_and_one_label():
    splits = fine()
    splits["test"] = splits["test"][:99]
    assert found(splits)[0].what.startswith("test has 99 sentences")
    splits = fine()
    splits["train"] += rows(20, 30)
    assert found(splits)[-1].what.startswith("80% of train have the label 'a'")
    alone = {"train": rows(0, 10), "test": rows(100, 100)}
    assert found(alone)[-1].what == "all sentences of train have the label 'a'"


def test_spans_that_break_words_are_apart_from_other_faults():
    broken = "line 1: span 0-2 ('Be') breaks a word of 'Bert'. Let it begin there."
    other, spans = find_faults([broken, "line 2: no text."])
    assert other.places == ["line 2: no text."]
    assert spans.places == [broken] and "--repair" in spans.remedy


def test_places_are_cut_and_counted():
    [one] = find_faults([f"line {n}: no text." for n in range(9)])
    assert str(one).splitlines() == [
        "✗ 9 places cannot be read. Each says what to do.",
        *(f"    line {n}: no text." for n in range(5)),
        "    and 4 more",
    ]
