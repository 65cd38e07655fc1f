"""CSV and TSV, as people and as Excel write them."""

import pytest

from mtlhelpers.errors import CorpusError
from tests.data.formats.conftest import shown

ROWS = [("play it , loud", None, "music"), ('say " hi "', None, "phone")]
CSV = 'text,label\n"play it, loud",music\n"say ""hi""",phone\n'


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".csv", CSV),
        (".csv", CSV.replace("\n", "\r\n")),
        (".csv", "\ufeff" + CSV),
        (".csv", 'text;label\nplay it, loud;music\n\n"say ""hi""";phone\n'),
        (".csv", 'sep=;\ntext;label\nplay it, loud;music\nsay "hi";phone\n'),
        (".tsv", 'Text\tLabel\nplay it, loud\tmusic\nsay "hi"\tphone\n'),
        (".txt", 'sentence|intent\nplay it, loud|music\nsay "hi"|phone\n'),
    ],
)
def test_a_table_is_read(read_both, ending, content):
    assert shown(read_both(ending, content)) == ROWS


def test_columns_may_be_named(read_both):
    content = CSV.replace("text,label", "what it is,kind")
    columns = {"text": "what it is", "label": "kind"}
    assert shown(read_both(".csv", content, columns=columns)) == ROWS


def test_other_columns_are_named_and_cells_may_hold_lines(read):
    reading = read("a.csv", 'text,label,note\n"one\ntwo",a,x\nb,a,\nc,a,y\n')
    both = reading.splits["train"] + reading.splits["test"]
    assert ("one two", None, "a") in shown(both)
    assert reading.notes[-1] == "keys not read (in so many sentences): note (2)"
    assert {row.id for row in both} == {"a-2", "a-4", "a-5"}


def test_words_and_tags_and_the_split_may_stand_in_cells(read):
    content = "tokens,tags,split\nto Rome,O B-x,train\nto Oslo,O B-x,Test\n"
    assert shown(read("a.csv", content).splits["test"]) == [("to Oslo", "O B-x", None)]


HEAD = "text,label\ngood,a\n"
BROKEN = [
    ("", "a.csv: no sentences"),
    ("text,label\n", "a.csv: no sentences"),
    ("text,label,text\nx,a,y\n", "line 1: two columns are called 'text'"),
    ("text,\nx,a\n", "line 1: column 2 has no name"),
    (HEAD + "bad\n", "line 3: 1 cells, but the first line names 2"),
    (HEAD + "to Rome, please,a\n", "line 3: 3 cells, but the first line names 2"),
    (HEAD + '"never closed,a\nx,b\n', "line 3: not CSV"),
    (HEAD + '"shut"too early,a\n', "line 3: not CSV"),
    (HEAD + "x,\n", "line 3: neither tags nor label"),
    (HEAD + ",a\n", "line 3: no text. Fill it in"),
    ("a,b\nx,y\n", "line 2: no tokens, and no text: its keys are a, b"),
    (HEAD.encode() + b"caf\xe9,b\n", "line 3: not UTF-8 at byte .*cp1252"),
    (HEAD.encode("utf-16"), "line 1: UTF-16"),
    ("text,label,split\nx,a,fold1\n", "line 2: split is 'fold1'"),
    (
        "text,label,split\nx,a,train\ny,a,\n",
        "line 3: in no split, while",
    ),
    ("text,label,split\nx,a,train\ny,a,dev\n", "a.csv: no test, only train and vali"),
    ("tokens,tags\na b,O\n", "line 2: 2 tokens but 1 tags"),
]


@pytest.mark.parametrize(("content", "fault"), BROKEN)
def test_a_broken_table_is_refused(read, content, fault):
    with pytest.raises(CorpusError, match=fault) as caught:
        read("a.csv", content)
    assert str(caught.value).startswith("a.csv") and str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["a.xlsx", "a.gz", "a.pkl"])
def test_what_is_no_table_is_refused_with_what_to_do(read, name):
    with pytest.raises(CorpusError, match=f"{name}: (an Excel|packed|a pickle)"):
        read(name, b"PK")


def test_all_faults_of_sentences_are_listed_if_asked(read):
    faults: list[str] = []
    reading = read("a.csv", "text,label\nx,a\n,a\nz,\ny,a\nw,a\n", faults=faults)
    assert [one.partition(":")[0] for one in faults] == [
        "a.csv, line 3",
        "a.csv, line 4",
    ]
    assert sum(map(len, reading.splits.values())) == 3
