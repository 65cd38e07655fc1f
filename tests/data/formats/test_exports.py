"""What annotation tools export: spans of characters, labels, and what breaks them."""

import json
import sys

import pytest

from mtlhelpers.data.rows import SPLITS
from mtlhelpers.errors import CorpusError
from tests.data.formats.conftest import shown

TEXT = "Bo left New York."
TAGS = "B-PER O B-LOC I-LOC O"
SPANS = [[0, 2, "PER"], [8, 16, "LOC"]]
NAMED = [{"start": start, "end": end, "label": label} for start, end, label in SPANS]
STUDIO = [
    {
        "type": "labels",
        "value": {"start": s, "end": e, "text": TEXT[s:e], "labels": [label]},
    }
    for s, e, label in SPANS
]
CHOICE = {"type": "choices", "value": {"choices": ["news"]}}
BILUO = [("Bo", "U-PER"), ("left", "O"), ("New", "B-LOC"), ("York", "L-LOC")]
BILUO.append((".", "O"))

# What one file holds, and the label that it gives beside the spans.
EXPORTS = {
    "doccano": [{"id": 1, "text": TEXT, "label": SPANS, "Comments": []}],
    "doccano-relations": [
        {
            "id": 1,
            "text": TEXT,
            "entities": [
                {"id": n, "label": label, "start_offset": start, "end_offset": end}
                for n, (start, end, label) in enumerate(SPANS)
            ],
            "relations": [],
        }
    ],
    "prodigy": [
        {"text": "no", "spans": [], "answer": "reject", "_task_hash": 1},
        {
            "text": TEXT,
            "_input_hash": 7,
            "tokens": [{"text": "Bo", "start": 0, "end": 2, "id": 0}],
            "spans": [{**span, "token_start": 0} for span in NAMED],
            "answer": "accept",
        },
    ],
    "label-studio": [
        {
            "id": 3,
            "data": {"text": TEXT},
            "annotations": [{"result": STUDIO}, {"was_cancelled": True, "result": []}],
        }
    ],
    "label-studio-min": [
        {
            "text": TEXT,
            "id": 3,
            "annotator": 1,
            "label": [one["value"] for one in STUDIO],
        }
    ],
    "spacy": [
        {"text": TEXT, "ents": NAMED, "tokens": [{"id": 0, "start": 0, "end": 2}]}
    ],
    "spacy-pairs": [[TEXT, {"entities": SPANS}]],
    "spacy-2": [
        {
            "id": 0,
            "paragraphs": [
                {
                    "raw": TEXT,
                    "sentences": [
                        {"tokens": [{"orth": word, "ner": tag} for word, tag in BILUO]}
                    ],
                }
            ],
        }
    ],
}


def lines(values: list) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


@pytest.mark.parametrize("tool", EXPORTS)
@pytest.mark.parametrize("form", ["array", "lines"])
def test_spans_of_each_tool(read_both, tool, form):
    content = json.dumps(EXPORTS[tool], indent=1)
    if form == "lines":
        content = lines(EXPORTS[tool])
    ending = ".json" if form == "array" else ".jsonl"
    assert shown(read_both(ending, content)) == [("Bo left New York .", TAGS, None)]


@pytest.mark.parametrize(
    "values",
    [
        [{"text": TEXT, "label": ["news"]}],
        [{"text": TEXT, "label": "news", "answer": "accept", "_input_hash": 1}],
        [{"text": TEXT, "accept": ["news"], "options": [], "answer": "accept"}],
        [{"data": {"text": TEXT}, "annotations": [{"result": [CHOICE]}], "id": 1}],
        [[TEXT, {"cats": {"news": 1.0, "sport": 0.0}}]],
        [{"text": TEXT, "cats": {"news": 0.9, "sport": 0.1}, "tokens": []}],
        [{"sentence": TEXT, "intent": "news"}],
    ],
)
def test_labels_of_each_tool(read_both, values):
    assert shown(read_both(".json", json.dumps(values))) == (
        [("Bo left New York .", None, "news")]
    )


def test_a_text_without_spans_is_tagged_where_others_have_some(read_both):
    values = [*EXPORTS["doccano"], {"id": 2, "text": "none here", "label": []}]
    assert shown(read_both(".jsonl", lines(values)))[1] == ("none here", "O O", None)


def test_a_text_that_was_not_asked_for_spans_has_no_tags(read_both):
    values = [{"text": TEXT, "entities": SPANS}, {"text": "hi", "label": "news"}]
    assert shown(read_both(".jsonl", lines(values)))[1] == ("hi", None, "news")


def test_prodigy_leaves_out_what_is_empty(read_both):
    values = [*EXPORTS["prodigy"], {"text": "none here", "answer": "accept"}]
    assert shown(read_both(".jsonl", lines(values)))[1] == ("none here", "O O", None)


def test_a_key_without_a_name_is_left_out_as_any_other(read_both):
    values = [{**one, "": 1} for one in EXPORTS["prodigy"]]
    plain = read_both(".jsonl", lines(EXPORTS["prodigy"]))
    assert shown(read_both(".jsonl", lines(values))) == shown(plain)


def test_spans_of_tokens_are_refused_and_tags_count_before_spans(read):
    record = {"tokens": ["Bo"], "entities": [[0, 2, "PER"]]}
    with pytest.raises(CorpusError, match="line 1: spans, but no text"):
        read("a.jsonl", lines([record]))
    both = [record | {"text": "Bo", "tags": ["B-PER"], "split": s} for s in SPLITS]
    found = read("a.jsonl", lines(both))
    assert found.notes == ("3 sentences with tags and spans, of which the tags count",)


def test_what_was_not_accepted_is_counted(read):
    accepted = [
        {"text": f"text {n}", "label": "a", "answer": "accept"} for n in range(4)
    ]
    content = lines([*accepted, {"text": "x", "label": "a", "answer": "ignore"}])
    assert "1 examples left out, since they were not accepted" in (
        read("a.jsonl", content, format="prodigy").notes
    )


def spans(*given: object, text: str = TEXT) -> str:
    return lines([EXPORTS["doccano"][0], {"id": 2, "text": text, "label": list(given)}])


BROKEN = [
    (spans([0, 2]), r"a span is \[0, 2\]"),
    (spans([0, "2", "PER"]), r"a span is \[0, '2', 'PER'\]"),
    (spans([0.0, 2, "PER"]), r"a span is \[0.0, 2, 'PER'\]"),
    (spans([0, 2, " "]), r"a span is \[0, 2, ' '\]"),
    (spans([0, 2, None]), r"a span is \[0, 2, None\]"),
    (
        spans([5, 2, "PER"]),
        "is not inside the text, which has 17 characters",
    ),
    (spans([0, 18, "PER"]), "is not inside the text"),
    (spans([-1, 2, "PER"]), "is not inside the text"),
    (spans([2, 3, "PER"]), r"span 2-3 \(' '\) holds no word"),
    (spans([0, 7, "a"], [3, 9, "b"]), "breaks a word of 'left New'"),
    (spans([0, 7, "a"], [3, 11, "b"]), r"spans 0-7 \('Bo left'\) and 3-11 .* overlap"),
    (spans([8, 16, "a"], [8, 16, "b"]), "overlap"),
    (spans([0, 1, "PER"]), r"span 0-1 \('B'\) breaks a word of 'Bo'"),
    (
        lines([EXPORTS["doccano"][0], {"text": "a", "label": ["x", "y"]}]),
        "2 labels .x, y",
    ),
    (lines([EXPORTS["doccano"][0], {"text": 7, "label": []}]), "text is of type int"),
    (lines([EXPORTS["doccano"][0], {"text": " ", "label": []}]), "text is blank"),
    (lines([EXPORTS["doccano"][0], {"label": []}]), "no text. Fill it in"),
    (lines([EXPORTS["doccano"][0], 7]), "not an object but of type int"),
    (lines([EXPORTS["spacy-pairs"][0], ["x"]]), "not a pair"),
    (
        lines([EXPORTS["label-studio"][0], {"id": 4, "data": {}, "annotations": []}]),
        "task 4 has 0 annotations",
    ),
    (
        lines([EXPORTS["spacy"][0], {"text": "a", "cats": {"x": 1, "y": 1}}]),
        "2 labels .x, y",
    ),
    (lines(EXPORTS["doccano"]) + "{", "malformed JSON at column 2"),
]


@pytest.mark.parametrize(("content", "fault"), BROKEN)
def test_a_broken_export_is_refused(read, content, fault):
    with pytest.raises(CorpusError, match=f"line 2: .*{fault}") as caught:
        read("a.jsonl", content)
    assert str(caught.value).startswith("a.jsonl") and str(caught.value).endswith(".")


def named(span: list) -> dict:
    return dict(zip(("start", "end", "label"), span, strict=True))


# The same sentence as each tool writes it.
FORMS = {
    "doccano": lambda text, spans: {"text": text, "label": spans},
    "prodigy": lambda text, spans: {
        "text": text,
        "spans": list(map(named, spans)),
        "answer": "accept",
    },
    "label-studio": lambda text, spans: {
        "data": {"text": text},
        "annotations": [
            {
                "result": [
                    {"value": {"start": start, "end": end, "labels": [label]}}
                    for start, end, label in spans
                ]
            }
        ],
    },
    "spacy": lambda text, spans: {"text": text, "ents": list(map(named, spans))},
    "spacy-pairs": lambda text, spans: [text, {"entities": spans}],
}
FAULTS = [
    (TEXT, [[0, "2", "PER"]], "a span is "),
    (TEXT, [[0.0, 2, "PER"]], "a span is "),
    (TEXT, [[None, 2, "PER"]], "a span is "),
    (TEXT, [[0, 2, " "]], "a span is "),
    (TEXT, [[0, 2, None]], "a span is "),
    (TEXT, [[0, 2, 7]], "a span is "),
    (TEXT, [[5, 2, "PER"]], "is not inside the text"),
    (TEXT, [[3, 3, "PER"]], "is not inside the text"),
    (TEXT, [[0, 18, "PER"]], "is not inside the text"),
    (TEXT, [[-1, 2, "PER"]], "is not inside the text"),
    (TEXT, [[2, 3, "PER"]], "holds no word"),
    (TEXT, [[0, 7, "a"], [3, 11, "b"]], "overlap"),
    (TEXT, [[0, 1, "PER"]], "breaks a word of 'Bo'"),
    (7, [], "text is of type int"),
    (" ", [], "text is blank"),
]


@pytest.mark.parametrize("tool", FORMS)
@pytest.mark.parametrize(("text", "given", "fault"), FAULTS)
def test_a_broken_sentence_of_each_tool_is_refused(read, tool, text, given, fault):
    form = FORMS[tool]
    content = lines([form(TEXT, SPANS), form(text, given)])
    with pytest.raises(CorpusError, match=f"a.jsonl, line 2: .*{fault}") as caught:
        read("a.jsonl", content)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("span", "tags"),
    [
        ([0, 1, "PER"], "B-PER O O O O"),
        ([10, 13, "LOC"], "O O B-LOC I-LOC O"),
        ([2, 7, "x"], "O B-x O O O"),  # white space at its edge breaks nothing
        ([12, 17, "LOC"], "O O O B-LOC I-LOC"),
    ],
)
def test_spans_that_break_words_are_widened_if_asked(read_both, span, tags):
    values = [{"text": TEXT, "label": [span]}]
    assert shown(read_both(".jsonl", lines(values), repair=True))[0][1] == tags


def test_what_was_widened_is_counted(read):
    values = [{"text": f"Bert {n} left", "label": [[0, 2, "PER"]]} for n in range(4)]
    notes = read("a.jsonl", lines(values), repair=True).notes
    assert "4 spans that broke words, widened to whole words" in notes


def test_docbin_without_spacy_says_what_to_install(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(CorpusError, match="a.spacy: DocBin is read by spaCy, .*pip "):
        read("a.spacy", b"\x78\x9c")


def test_docbin(read_both, tmp_path):
    spacy = pytest.importorskip("spacy")
    doc = spacy.blank("xx")(TEXT)
    doc.ents = [doc.char_span(start, end, label) for start, end, label in SPANS]
    content = spacy.tokens.DocBin(docs=[doc]).to_bytes()
    assert shown(read_both(".spacy", content)) == [("Bo left New York .", TAGS, None)]
    for cut in range(0, len(content), len(content) // 10):
        with pytest.raises(CorpusError, match="cannot be read as DocBin"):
            read_both(".spacy", content[:cut])
