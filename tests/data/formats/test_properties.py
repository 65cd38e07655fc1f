"""What must hold of any file and any text."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.formats.exports import EXPORTS
from mtlhelpers.data.formats.recognition import FORMATS
from mtlhelpers.data.formats.spans import Span, tag_text
from mtlhelpers.data.load import read_source
from mtlhelpers.data.words import spans_of, split_words
from mtlhelpers.errors import CorpusError

# Close enough to files that readers get far into them.
PIECES = st.sampled_from(
    [*"{}[],:\"'|;\t\n\r =_-#", "text", "label", "tokens", "tags", "O", "B-x", "I-x"]
    + ['{"text": "a b", "label": [[0, 1, "x"]]}\n', '"label": [', "-DOCSTART-", "é"]
    + ['{"data": {"text": "a"}, "annotations": [', "null", "7", "sep=;\n", "\ud83c"]
    + ['{"paragraphs": [{"sentences": [{"tokens": [', '["a", {"entities": [']
)
CONTENTS = st.lists(PIECES, max_size=20).map("".join)


@pytest.mark.parametrize("format_", [None, *FORMATS])
@settings(max_examples=60, deadline=None)
@given(content=CONTENTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_file_is_read_or_refused_with_its_name(tmp_path_factory, format_, content):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(content)
    try:
        read_source(str(path), format=format_)
    except CorpusError as error:
        assert str(error).startswith(str(path)) and str(error).endswith(".")
    faults: list[str] = []
    read_source(str(path), format=format_, faults=faults)


NAMES = """text label labels entities spans data annotations result value choices start
end start_offset paragraphs sentences tokens orth ner cats ents accept answer tags id
_input_hash group split words intent x"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 0.5, "", "a b", "O", "B-x", "accept", "train"]),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("format_", [None, *EXPORTS])
@settings(max_examples=100, deadline=None)
@given(values=st.lists(VALUES, min_size=1, max_size=3))
def test_any_json_is_read_or_refused_with_its_place(tmp_path_factory, format_, values):
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), "utf-8")
    try:
        read_source(str(path), format=format_)
    except CorpusError as error:
        assert str(error).startswith(str(path)) and str(error).endswith(".")


TEXTS = st.text(string.ascii_lowercase + "  .'-é\u0301€😀\u2028", max_size=30)


@given(TEXTS, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=3))
@settings(deadline=None)
def test_words_of_a_text_with_spans_are_those_of_prediction(text, edges):
    spans = [Span(min(pair), max(pair), "x") for pair in edges]
    for repair in (False, True):
        try:
            words, tags, widened = tag_text(text, spans, repair)
        except CorpusError:
            continue
        assert words == split_words(text)
        assert len(spans_of(tags)) == len({(span.start, span.end) for span in spans})
        assert repair or not widened
