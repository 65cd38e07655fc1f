"""What is odd in the publishers' files, on small ones that hold nothing else."""

import json

import pytest

from mtlhelpers.data.published import parsers
from mtlhelpers.data.words import tag_segments


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        # no space between two spans, or between a span and a word
        ([("one pm", "time"), ("near", "place")], "one/B-time pm/I-time near/B-place"),
        ([("Bo", "who"), ("s", None)], "Bo/B-who s/O"),
        # white space at the edges of a span, or nothing else in it
        ([("to", None), (" Rome  ", "place"), (" ", "x")], "to/O Rome/B-place"),
        # marks are tokens; letters in two characters become one
        ([("don't", None), ("Cafe\u0301!", "p")], "don/O '/O t/O Café/B-p !/I-p"),
    ],
)
def test_segments(segments, expected):
    tokens, tags = tag_segments(segments)
    found = [f"{token}/{tag}" for token, tag in zip(tokens, tags, strict=True)]
    assert found == expected.split()


SNIPS = "2017-06-custom-intent-engines/PlayMusic/{}_PlayMusic{}.json"


def snips_files(text: bytes) -> dict[str, bytes]:
    entry = b'{"data": [{"text": "play "}, {"text": "%s", "entity": "track"}]}' % text
    content = b'{"PlayMusic": [%s, %s]}' % (entry, entry)
    return {
        SNIPS.format("train", "_full"): content,
        SNIPS.format("validate", ""): content,
    }


def test_snips_repairs_a_surrogate_pair_that_was_encoded_by_halves():
    sentences = parsers.parse_snips(
        snips_files(b"caf\xc3\xa9 \xed\xa0\xbc\xed\xbd\x95")
    )
    assert sentences["test"][1] == {
        "id": "snips-test-PlayMusic-0001",
        "tokens": ["play", "café", "\U0001f355"],
        "tags": ["O", "B-track", "I-track"],
        "label": "PlayMusic",
    }


@pytest.mark.parametrize("broken", [b"\xed\xa0\xbc", b"caf\xe9"])
def test_snips_repairs_nothing_else(broken):
    with pytest.raises(UnicodeError):
        parsers.parse_snips(snips_files(broken))


def test_snips_deals_out_the_pool_by_ids(monkeypatch):
    chosen = {
        "validation": {"snips-train-PlayMusic-0000"},
        "dropped": {"snips-train-PlayMusic-0001"},
    }
    monkeypatch.setattr(parsers, "snips_ids", lambda: chosen)
    sentences = parsers.parse_snips(snips_files(b"x"))
    ids = {split: [fields["id"] for fields in sentences[split]] for split in sentences}
    assert ids == {
        "train": [],
        "validation": ["snips-train-PlayMusic-0000"],
        "test": ["snips-test-PlayMusic-0000", "snips-test-PlayMusic-0001"],
    }


def test_snips_has_700_ids_for_validation_and_28_dropped():
    chosen = parsers.snips_ids()
    assert len(chosen["validation"]) == 700
    assert len(chosen["dropped"]) == 28
    assert not chosen["validation"] & chosen["dropped"]


def test_hwu64_reads_brackets_and_numbers_its_rows():
    head = "answerid;scenario;intent;answer_annotation;answer_from_anno\n"
    rows = '7;alarm;set;"wake [person : bo\'s] cat at [time:six]";"x"\n7;alarm;set;hi;x'
    contents = {
        "a/trainset/alarm_set.csv": (head + rows).encode(),
        "a/testset/csv/alarm_set.csv": (head + rows).encode(),
    }
    train = parsers.parse_hwu64(contents)["train"]
    words = "wake bo ' s cat at six"
    tags = "O B-person I-person I-person O O B-time"
    assert train == [
        {
            "id": "hwu64-train-alarm_set-0000-a7",
            "tokens": words.split(),
            "tags": tags.split(),
            "label": "alarm",
            "intent": "alarm_set",
        },
        {
            "id": "hwu64-train-alarm_set-0001-a7",
            "tokens": ["hi"],
            "tags": ["O"],
            "label": "alarm",
            "intent": "alarm_set",
        },
    ]


def test_hwu64_takes_files_in_any_order():
    head = b"answerid;scenario;intent;answer_annotation\n7;alarm;set;"
    contents = {
        f"a/{folder}/{name}.csv": head + name.encode()
        for folder in ("trainset", "testset/csv")
        for name in ("alarm_set", "alarm_query")
    }
    parsed = parsers.parse_hwu64(contents)
    assert [fields["tokens"][2] for fields in parsed["test"]] == ["query", "set"]
    assert parsers.parse_hwu64(dict(reversed(contents.items()))) == parsed


def test_wnut17_parts_sentences_at_blank_lines_and_lines_with_a_tab():
    content = "a\tB-x\nb\tI-x\n\t\n\n\u2028c\u2028\tO\n\nd\tO".encode()
    files = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
    found = parsers.parse_wnut17(dict.fromkeys(files, content))["validation"]
    assert found == [
        {"id": "wnut17-validation-0000", "tokens": ["a", "b"], "tags": ["B-x", "I-x"]},
        {"id": "wnut17-validation-0001", "tokens": ["\u2028c\u2028"], "tags": ["O"]},
        {"id": "wnut17-validation-0002", "tokens": ["d"], "tags": ["O"]},
    ]


def test_bc5cdr_reads_the_publishers_three_files():
    files = {f"data/BC5CDR-IOB/{file}.tsv": b"a\tO" for file in ("train", "test")}
    found = parsers.parse_bc5cdr(files | {"data/BC5CDR-IOB/devel.tsv": b"b\tB-x\n\n"})
    assert found["validation"] == [
        {"id": "bc5cdr-validation-00000", "tokens": ["b"], "tags": ["B-x"]}
    ]


def test_clinc150_joins_what_is_out_of_scope():
    parts = {part: [["pay it!", "pay"]] for part in ("train", "val", "test")}
    parts |= {f"oos_{part}": [["hm", "oos"]] for part in parts}
    contents = {
        "data/data_full.json": json.dumps(parts).encode(),
        "data/domains.json": json.dumps({"banking": ["pay"]}).encode(),
    }
    assert parsers.parse_clinc150(contents)["validation"] == [
        {
            "id": "clinc150-val-00000",
            "tokens": ["pay", "it", "!"],
            "label": "banking",
            "intent": "pay",
        },
        {
            "id": "clinc150-oos_val-00000",
            "tokens": ["hm"],
            "label": "oos",
            "intent": "oos",
        },
    ]
