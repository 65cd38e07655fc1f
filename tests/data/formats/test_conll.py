"""CoNLL of two to four columns, with marks, comments and other schemes."""

import pytest

from mtlhelpers.errors import CorpusError
from tests.data.formats.conftest import shown

ROWS = [("Ada left Rome", "B-PER O B-LOC", None), ("New York", "B-LOC I-LOC", None)]


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".conll", "Ada\tB-PER\nleft\tO\nRome\tB-LOC\n\nNew\tB-LOC\nYork\tI-LOC\n"),
        (".tsv", "Ada\tB-PER\r\nleft\tO\r\nRome\tB-LOC\r\n\t\nNew\tB-LOC\nYork\tI-LOC"),
        (
            ".txt",
            "Ada N B-PER\nleft V O\nRome N B-LOC\n\n\nNew N B-LOC\nYork N I-LOC",
        ),
        (
            ".bio",
            "-DOCSTART- X O O\n\nAda N I-NP I-PER\nleft V I-VP O\nRome N I-NP I-LOC\n"
            "\nNew N I-NP I-LOC\nYork N I-NP I-LOC\n",
        ),
        (".txt", "Ada B_PER\nleft O\nRome B_LOC\n\nNew B_LOC\nYork I_LOC\n"),
        (".iob", "Ada S-PER\nleft O\nRome S-LOC\n\nNew B-LOC\nYork E-LOC\n"),
        (".iob2", "Ada U-PER\nleft O\nRome U-LOC\n\nNew B-LOC\nYork L-LOC\n"),
    ],
)
def test_conll_is_read(read_both, ending, content):
    assert shown(read_both(ending, content)) == ROWS


def test_documents_are_groups_and_comments_are_keys(read):
    first = "-DOCSTART- O\n\n# label = go\n# x: y\nto O\nRome B-x\n\n# O\n"
    second = "-DOCSTART- O\n\n# label = go\n#a O\nb B-x\n\n"
    reading = read("train.conll", first + second)
    sentences = reading.splits["train"] + reading.splits["test"]
    assert {row.label for row in sentences} == {"go", None}
    assert {row.group for row in sentences} == {
        "train-document-1",
        "train-document-2",
    }
    assert ["#a", "b"] in [row.tokens for row in sentences]
    assert "keys not read (in so many sentences): x (1)" in reading.notes


def test_what_was_converted_is_said(read):
    sentences = "".join(f"{name} I-PER\n\n" for name in ("Ada", "Bo", "Cy", "Di"))
    reading = read("a.conll", sentences)
    assert "4 sentences with tags as in IOB1, turned into IOB2" in reading.notes[0]


GOOD = "Ada B-x\nleft O\n\n" * 3
BROKEN = [
    ("", "a.conll: no sentences"),
    ("\n\n-DOCSTART- O\n\n", "a.conll: no sentences"),
    (GOOD + "alone\n", "line 10: 1 columns"),
    (GOOD + "a b c d O\n", "line 10: 5 columns"),
    (GOOD + "a N O\n", "line 10: 3 columns, but 2 in the lines before"),
    (GOOD + "a x\n", "line 10: tag 1 is 'x'"),
    (GOOD + "a I-x\n", "line 10: tag 1 is 'I-x' after 'O'"),
    (GOOD + "a B-\n", "line 10: tag 1 is 'B-'"),
    (GOOD + "a B-x\nb I-y\n", "line 10: tag 2 is 'I-y' after 'B-x'"),
    (GOOD + "a b-x\n", "line 10: tag 1 is 'b-x'"),
    (GOOD.replace(" ", "\t") + "a O\n", "line 10: 1 columns"),
    (GOOD.replace(" ", "\t") + "\tO\n", "line 10: token 1 is blank"),
    (GOOD.encode() + b"caf\xe9 O\n", "line 10: not UTF-8"),
    ("a S-x\n\n" * 3 + "b B-x\nc O\n", "line 7: tag 2 is 'O' after 'B-x', which IOBES"),
    ("a U-x\n\n" * 3 + "b I-x\n", "line 7: tag 1 is 'I-x' after 'O', which BILOU"),
]


@pytest.mark.parametrize(("content", "fault"), BROKEN)
def test_broken_conll_is_refused(read, content, fault):
    with pytest.raises(CorpusError, match=fault) as caught:
        read("a.conll", content)
    assert str(caught.value).startswith("a.conll") and str(caught.value).endswith(".")
