import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.load import load_corpus, read_source
from mtlhelpers.data.rows import UNWRITTEN
from mtlhelpers.errors import CorpusError


def read_folder(folder):
    return read_source(str(folder)).splits


GOOD = {"id": "x", "tokens": ["to", "Rome"], "tags": ["O", "B-place"], "label": "phone"}
HALF_PAIR = "\ud83c"


def faulty(**changes) -> str:
    return json.dumps(GOOD | changes)


# The line, and what the message must say of it.
LINES = [
    ('{"id": "x", "tokens": ["a"', "malformed JSON"),
    ('{"id": "x"} {}', "malformed JSON"),
    ('["a", "b"]', "not an object but of type list"),
    ("null", "not an object but null"),
    (faulty(id=[7]), "id is of type list"),
    (faulty(id=" "), "id is blank"),
    (faulty(group=True), "group is of type bool"),
    (faulty(label=7), "label is of type int"),
    (faulty(label=" "), "label is blank"),
    (faulty(label=HALF_PAIR), "label holds half a surrogate pair"),
    (faulty(tokens="to Rome"), "tokens is of type str"),
    (faulty(tokens=["to", 1]), "item 2 of tokens is of type int"),
    (faulty(tokens=["to", None]), "item 2 of tokens is null"),
    (faulty(tokens=["to", HALF_PAIR]), "tokens holds half a surrogate pair"),
    (faulty(tokens=[]), "no tokens"),
    (faulty(tokens=None), "no tokens"),
    (faulty(tokens=["to", ""]), "token 2 is blank"),
    (faulty(tokens=["to", "\u2028 "]), "token 2 is blank"),
    (faulty(tags="O B-place"), "tags is of type str"),
    (faulty(tags=["O", 1]), "item 2 of tags is of type int"),
    (faulty(tags=["O"]), "2 tokens but 1 tags"),
    (faulty(tags=["O", "O", "O"]), "2 tokens but 3 tags"),
    (faulty(tags=["O", "place"]), "tag 2 is 'place'"),
    (faulty(tags=["O", "S-place"]), "tag 2 is 'S-place'"),
    (faulty(tags=["O", "b-place"]), "tag 2 is 'b-place'"),
    (faulty(tags=["O", "B-"]), "tag 2 is 'B-'"),
    (faulty(tags=["O", ""]), "tag 2 is ''"),
    (faulty(tags=["I-place", "O"]), "tag 1 is 'I-place' after 'O'"),
    (faulty(tags=["O", "I-place"]), "tag 2 is 'I-place' after 'O'"),
    (faulty(tags=["B-person", "I-place"]), "tag 2 is 'I-place' after 'B-person'"),
    (faulty(tags=None, label=None), "neither tags nor label"),
]


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize(("line", "fault"), LINES)
def test_a_fault_is_named_with_file_and_line(write_folder, splits, split, line, fault):
    splits[split].insert(1, line)
    splits["test"].append("{")  # a later fault, which is not reported
    folder = write_folder(splits)
    with pytest.raises(CorpusError) as caught:
        load_corpus(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / split}.jsonl, line 2: {fault}")
    assert message.endswith(".") and message.count(". ") >= 1  # and what to do


def test_bytes_that_are_not_utf8_are_named_and_not_replaced(write_folder, splits):
    folder = write_folder(splits)
    path = folder / "test.jsonl"
    content = path.read_bytes()
    at = content.index(b"New")
    path.write_bytes(content[:at] + b"\xe9" + content[at + 1 :])
    fault = f"test.jsonl, line 2: not UTF-8 at byte {at} of the file \\(0xe9; as cp1252"
    with pytest.raises(CorpusError, match=fault):
        load_corpus(folder)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_file_is_named(write_folder, splits, split):
    del splits[split]
    with pytest.raises(CorpusError, match=f"mine: no {split}, only "):
        load_corpus(write_folder(splits))


def test_a_file_that_cannot_be_read_is_named(write_folder, splits):
    folder = write_folder(splits)
    (folder / "test.jsonl").unlink()
    (folder / "test.jsonl").mkdir()
    with pytest.raises(CorpusError, match=r"test.jsonl: cannot be read"):
        load_corpus(folder)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_empty_file_is_named(write_folder, splits, split):
    splits[split] = ["", "  "]
    with pytest.raises(CorpusError, match=f"{split}.jsonl: no sentences"):
        load_corpus(write_folder(splits))


def test_other_line_ends_a_byte_order_mark_and_blank_lines_do_no_harm(
    write_folder, splits
):
    rows = read_folder(write_folder(splits))
    splits["train"].insert(0, "\ufeff")
    folder = write_folder(splits)
    path = folder / "train.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    again = read_folder(folder)
    assert [row[:-1] for row in again["train"]] == [row[:-1] for row in rows["train"]]


def test_a_byte_order_mark_may_stand_before_the_first_sentence(write_folder, splits):
    splits["train"][0] = "\ufeff" + json.dumps(splits["train"][0])
    assert read_folder(write_folder(splits))["train"][0].id == "t1"


def test_id_group_and_other_fields(write_folder, splits):
    del splits["train"][1]["id"]
    splits["train"][2] |= {"group": "g", "intent": 7, "text": None}
    rows = read_folder(write_folder(splits))["train"]
    assert [row.id for row in rows] == ["t1", "train-2", "t3", "t4"]
    assert [row.group for row in rows] == ["t1", "train-2", "g", "t4"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
# Labels and groups are shown: no control characters.
NAMES = TEXT.filter(lambda text: not UNWRITTEN.search(text))
TAGS = st.sampled_from(["O", "B-x", "B-y y", "I"])


@st.composite
def sentences(draw):
    tokens = draw(st.lists(TEXT, min_size=1, max_size=6))
    fields = {"tokens": tokens, "group": draw(NAMES)}
    if draw(st.booleans()):
        fields["label"] = draw(NAMES)
    if "label" not in fields or draw(st.booleans()):
        fields["tags"] = []
        for tag in draw(st.lists(TAGS, min_size=len(tokens), max_size=len(tokens))):
            before = fields["tags"][-1] if fields["tags"] else "O"
            inside = f"I-{before[2:]}" if before != "O" else "O"
            fields["tags"].append(inside if tag == "I" else tag)
    return fields


@settings(max_examples=50, deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=4), st.booleans())
def test_well_formed_sentences_come_back_as_they_went(tmp_path_factory, rows, escaped):
    folder = tmp_path_factory.mktemp("any")
    lines = [json.dumps(fields, ensure_ascii=escaped) for fields in rows]
    for split in ("train", "test"):
        path = folder / f"{split}.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    for row, fields in zip(read_folder(folder)["test"], rows, strict=True):
        assert row.tokens == fields["tokens"]
        assert row.tags == fields.get("tags")
        assert row.label == fields.get("label")
        assert row.group == fields["group"]
