"""Each scheme of tagging is found out, and becomes IOB2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlhelpers.data.formats.schemes import find_scheme, scheme_fault, to_iob2
from mtlhelpers.data.words import spans_of

# One sentence with a long span, two that touch, and a single one.
IOB2 = ["B-x", "I-x", "I-x", "B-x", "O", "B-y", "B-x", "I-x"]
SAME = {
    "IOB1": "I-x I-x I-x B-x O I-y I-x I-x",
    "IOBES": "B-x I-x E-x S-x O S-y B-x E-x",
    "BILOU": "B-x I-x L-x U-x O U-y B-x L-x",
}


@pytest.mark.parametrize("scheme", SAME)
def test_a_scheme_is_found_and_turned(scheme):
    tags = SAME[scheme].split()
    assert find_scheme([["O"], tags]) == scheme
    assert to_iob2(tags, scheme) == IOB2
    assert scheme_fault(tags, scheme) is None


def test_iob2_stays_and_underscores_become_hyphens():
    assert find_scheme([IOB2]) == "IOB2"
    assert to_iob2(IOB2, "IOB2") == IOB2
    assert to_iob2([tag.replace("-", "_") for tag in IOB2], "IOB2") == IOB2


def test_the_scheme_is_that_of_most_sentences():
    assert find_scheme([IOB2, IOB2, ["O", "I-x"]]) == "IOB2"
    assert find_scheme([SAME["IOBES"].split(), SAME["IOBES"].split(), ["B-x"]]) == (
        "IOBES"
    )


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ("B-x", "tag 2 is 'the end' after 'B-x'"),
        ("I-x E-x", "tag 1 is 'I-x' after 'O'"),
        ("B-x E-y", "tag 2 is 'E-y' after 'B-x'"),
        ("B-x O", "tag 2 is 'O' after 'B-x'"),
        ("S-x I-x", "tag 2 is 'I-x' after 'S-x'"),
        ("x", "tag 1 is 'x' after 'O'"),
    ],
)
def test_a_break_of_a_scheme_is_named(tags, fault):
    assert scheme_fault(tags.split(), "IOBES").startswith(fault)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["", "x", "y"])), max_size=6)
)
def test_spans_survive_every_scheme(pieces):
    schemes = {"IOB2": [], "IOBES": [], "BILOU": []}
    for length, kind in pieces:
        for name, tags in schemes.items():
            if not kind:
                tags += ["O"] * length
                continue
            first, inside, last, one = {
                "IOB2": "BIIB",
                "IOBES": "BIES",
                "BILOU": "BILU",
            }[name]
            marks = [one] if length == 1 else [first, *inside * (length - 2), last]
            tags += [f"{mark}-{kind}" for mark in marks]
    for name, tags in schemes.items():
        assert to_iob2(tags, name) == schemes["IOB2"]
    assert len(spans_of(schemes["IOB2"])) == sum(bool(kind) for _, kind in pieces)
