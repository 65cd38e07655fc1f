from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.words import split_words
from mtlhelpers.errors import CorpusError
from studies.newsdesk.lexicon import Lexicon, Line, read_lexicon, read_lines
from studies.newsdesk.marks import (
    Mention,
    read_pieces,
    read_sentences,
    words_and_tags,
)

PLACE = Path("politics.txt")
GOOD = "[Lena Ortiz|person]'s hearing in [Tallinn|location] opens on [Friday|date]."
MANY = settings(max_examples=300, deadline=None)


@pytest.fixture(scope="session")
def lexicon(tmp_path_factory) -> Lexicon:
    folder = tmp_path_factory.mktemp("lists")
    for name, members in {
        "person/woman": ["Lena Ortiz", "Ada Åberg"],
        "person/surname": ["de Vries", "Stone"],
        "location/city": ["Tallinn", "New York"],
        "date/weekday": ["Tuesday", "Friday"],
        "date/past": ["last week", "yesterday"],
        "money/small": ["£4.50", "12 euros"],
    }.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(members) + "\n", encoding="utf-8")
    return read_lexicon(folder)


def line(text: str) -> Line:
    return Line(text, PLACE, 7)


def fault(text: str, lexicon: Lexicon) -> str:
    with pytest.raises(CorpusError) as caught:
        read_pieces(line(text), lexicon)
    return str(caught.value)


def test_words_and_tags_of_a_sentence(lexicon):
    words, tags = words_and_tags(read_pieces(line(GOOD), lexicon))
    assert " ".join(words) == "Lena Ortiz ' s hearing in Tallinn opens on Friday ."
    marked = [(word, tag) for word, tag in zip(words, tags, strict=True) if tag != "O"]
    assert marked == [
        ("Lena", "B-person"),
        ("Ortiz", "I-person"),
        ("Tallinn", "B-location"),
        ("Friday", "B-date"),
    ]


def test_marks_that_touch_punctuation_and_one_another(lexicon):
    text = '"([Stone|person]-[Stone|person])" paid [£4.50|money]; why on [Friday|date]?'
    words, tags = words_and_tags(read_pieces(line(text), lexicon))
    spans = [word for word, tag in zip(words, tags, strict=True) if tag != "O"]
    assert spans == ["Stone", "Stone", "£", "4", ".", "50", "Friday"]


def test_a_capital_at_the_start_is_undone_where_the_list_has_none(lexicon):
    pieces = read_pieces(line("[Last week|date] nobody could say who won."), lexicon)
    assert pieces[0] == Mention("last week", lexicon.classes["date", "last week"])
    text = "Nobody could say who won, [Last week|date] said."
    assert "'Last week' stands in no list of date" in fault(text, lexicon)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("The hearing in [Tallinn|location opened on a day.", 16, "not closed"),
        ("In [Tallinn|location the [Stone|person] case goes on.", 26, "inside another"),
        ("In [the [Tallinn|location]|location] the case goes on.", 9, "inside another"),
        ("The hearing in [Tallinn|city] opened on a day.", 25, "unknown type 'city'"),
        ("The hearing in [Tallinn] opened on a day.", 17, "names no type"),
        ("The hearing in [|location] opened on a day.", 17, "is empty"),
        ("The hearing in [ |location] opened on a day.", 17, "is empty"),
        ("The hearing in [Tallinn |location] opened on a day.", 17, "blank"),
        ("The hearing in [Narva|location] opened on a day.", 17, "no list of location"),
        ("The hearing in Tallinn|location opened on a day.", 23, "'|' outside"),
        ("The hearing in Tallinn] opened on a day.", 23, "']' outside"),
        ("The pre[Friday|date] hearing opened on a day.", 7, "'e' touches"),
        ("The [Stone|person]s opened on a very fine day.", 19, "'s' touches"),
        ("The hearing\topened on a very fine day.", 12, "control character"),
        ("The hearing opened today.", 1, "4 words"),
        ("so " * 23 + "on", 1, "24 words"),
    ],
)
def test_a_fault_names_file_line_column_and_what_is_wrong(text, column, says, lexicon):
    message = fault(text, lexicon)
    assert message.startswith(f"politics.txt, line 7, column {column}: ")
    assert says in message


def test_an_unlisted_surface_is_told_where_it_could_be_added(lexicon):
    message = fault("The hearing in [Narva|location] opened on a day.", lexicon)
    assert message.endswith("Add it to one of lists/location/: city (.txt).")


@MANY
@given(text=st.text("[]|ab ' .", max_size=12), at=st.integers(0, len(GOOD)))
def test_whatever_is_typed_is_either_kept_to_the_letter_or_refused(text, at, lexicon):
    whole = GOOD[:at] + text + GOOD[at:]
    try:
        pieces = read_pieces(line(whole), lexicon)
    except CorpusError as error:
        place, _, rest = str(error).partition(", column ")
        assert place == "politics.txt, line 7"
        assert 1 <= int(rest.partition(":")[0]) <= len(whole) + 1
    else:
        assert "".join(map(written, pieces)) == whole


@MANY
@given(
    sign=st.sampled_from("[]|"),
    at=st.integers(0, len(GOOD)),
    lost=st.sampled_from([place for place, sign in enumerate(GOOD) if sign in "[]|"]),
)
def test_a_mark_that_gains_or_loses_a_sign_is_refused(sign, at, lost, lexicon):
    assert fault(GOOD[:at] + sign + GOOD[at:], lexicon)
    assert fault(GOOD[:lost] + GOOD[lost + 1 :], lexicon)


@MANY
@given(parts=st.lists(st.sampled_from(["Stone", "de Vries", "a b", "x, y:", "o'c"])))
def test_words_are_those_of_the_whole_text(parts, lexicon):
    pieces = [
        Mention(part, lexicon.classes["person", part])
        if ("person", part) in lexicon.classes
        else part
        for part in parts
        for part in (part, " ")
    ]
    words, tags = words_and_tags(pieces)
    plain = "".join(one if isinstance(one, str) else one.surface for one in pieces)
    assert words == split_words(plain)
    assert len(tags) == len(words)


def written(piece: str | Mention) -> str:
    if isinstance(piece, str):
        return piece
    return f"[{piece.surface}|{piece.kind.type}]"


def write(folder: Path, **topics: str) -> Path:
    folder.mkdir(exist_ok=True)
    for topic, text in topics.items():
        (folder / f"{topic}.txt").write_bytes(text.encode("utf-8"))
    return folder


def test_comments_and_blank_lines_are_skipped_and_lines_may_end_as_on_windows(
    tmp_path, lexicon
):
    text = f"# Notes\r\n\r\n{GOOD}\r\n\n# More\nNobody here had ever said that aloud.\n"
    topics = read_sentences(write(tmp_path / "a", sport=text), lexicon)
    assert [one.group for one in topics["sport"]] == ["sport-001", "sport-002"]
    assert [one.line.number for one in topics["sport"]] == [3, 6]


def test_a_skeleton_twice_names_both_places(tmp_path, lexicon):
    again = GOOD.replace("Tallinn", "New York").replace("hearing", "Hearing")
    folder = write(tmp_path / "b", health=f"{GOOD}\n", sport=f"# Here\n{again}\n")
    with pytest.raises(CorpusError) as caught:
        read_sentences(folder, lexicon)
    assert "sport.txt, line 2, column 1" in str(caught.value)
    assert "the same as health.txt, line 1" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Nobody had \xff said", "line 2, column 12: not UTF-8"),
        (b" Nobody had said it", "line 2, column 1: the line begins with a blank"),
        (b"Nobody had said it \n", "line 2, column 19: the line ends with a blank"),
    ],
)
def test_faults_of_the_file(content, says, tmp_path):
    path = tmp_path / "sport.txt"
    path.write_bytes(b"# First\n" + content)
    with pytest.raises(CorpusError, match=says):
        list(read_lines(path))


def test_folders_without_sentences(tmp_path, lexicon):
    with pytest.raises(CorpusError, match="no sentences. Put them in"):
        read_sentences(tmp_path, lexicon)
    with pytest.raises(CorpusError, match="sport.txt: no sentences"):
        read_sentences(write(tmp_path / "c", sport="# None yet\n"), lexicon)


def test_a_member_twice_in_a_type_and_lists_that_are_too_short(tmp_path):
    lists = tmp_path / "lists"
    lists.mkdir()
    write(lists / "date", a="Friday\nMonday\n")
    write(lists / "date", b="May\nFriday\n")
    with pytest.raises(CorpusError, match="'Friday' stands in a.txt, line 1, too"):
        read_lexicon(lists)
    write(lists / "date", b="May\n")
    with pytest.raises(CorpusError, match="needs two members at least"):
        read_lexicon(lists)
    with pytest.raises(CorpusError, match="no lists"):
        read_lexicon(tmp_path / "nowhere")
