"""Files that would take all memory or all time, or that a library chokes on."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mtlhelpers as mtl
from mtlhelpers.data.formats import arrow, items, jsonl
from mtlhelpers.errors import CorpusError

DEEP, LONG = "[" * 100_000, "9" * 5_000


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (DEEP, "a.jsonl: malformed JSON .nested too deeply"),
        ('{"text": ' + DEEP, "a.jsonl, line 1: malformed JSON .nested too deeply"),
        ('{"text": ' + LONG + "}", "line 1: malformed JSON .a number of too many"),
        (f"[{LONG}]", "a.jsonl: malformed JSON .a number of too many"),
    ],
)
def test_json_that_python_cannot_take_is_refused(read, content, fault):
    with pytest.raises(CorpusError, match=fault):
        read("a.jsonl", content)


def test_a_line_and_a_value_beyond_the_limit_are_refused(read, monkeypatch):
    monkeypatch.setattr(items, "LONGEST_LINE", 100)
    monkeypatch.setattr(jsonl, "MOST_JSON", 300)
    row = {"text": "a " * 40, "label": "x"}
    with pytest.raises(CorpusError, match=r"a.jsonl, line 2: 106 char.*at most 100 "):
        read("a.jsonl", f'{{"text": "a", "label": "x"}}\n{json.dumps(row)}')
    with pytest.raises(CorpusError, match=r"a.json: one JSON value of 432 .*300 are"):
        read("a.json", json.dumps([row] * 4))


def arrow_file() -> bytes:
    table = pa.table({"text": ["play songs"] * 4, "label": ["x"] * 4})
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue()


def test_an_arrow_file_that_points_beyond_itself_is_refused(read):
    whole = arrow_file()
    at = whole.index((10).to_bytes(4, "little") + (20).to_bytes(4, "little"))
    damaged = whole[:at] + (2**30).to_bytes(4, "little") + whole[at + 4 :]
    with pytest.raises(CorpusError, match=r"a.arrow: cannot be read as Arrow"):
        read("a.arrow", damaged)
    with pytest.raises(CorpusError, match=r"a.arrow: cannot be read as Arrow"):
        read("a.arrow", whole.replace(b"play songs", b"play \xff\xff\xff\xffs", 1))


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(read, monkeypatch):
    monkeypatch.setattr(arrow, "MOST_UNPACKED", 1000)
    sink = io.BytesIO()
    texts = [f"{number} songs" for number in range(1000)]
    pq.write_table(pa.table({"text": texts, "label": texts}), sink)
    with pytest.raises(CorpusError, match="unpacked it would take .* bytes"):
        read("a.parquet", sink.getvalue())


@pytest.mark.parametrize("rows", [None, 1, True, "train", {}, []])
def test_what_are_no_rows_is_refused(rows):
    with pytest.raises(CorpusError, match="^rows: "):
        mtl.Corpus.from_rows(rows)
