"""Records go into a table and come back as they were, by the same bytes each time."""

import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.errors import RecordError
from mtlhelpers.study.records.store import (
    COLUMNS,
    OUTCOMES,
    from_json,
    from_row,
    read_rows,
    to_json,
    to_table,
)

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.floats(0, 1)
VALUES = st.recursive(
    LEAVES, lambda some: st.lists(some) | st.dictionaries(st.text(), some)
)
TEXTS = {name: st.text() for name in ("id", "arm", "corpus")}
RECORDS = st.builds(
    lambda named, outcomes, others: others | named | {"outcomes": outcomes},
    st.fixed_dictionaries(TEXTS),
    st.fixed_dictionaries({name: st.text() for name in OUTCOMES}),
    st.dictionaries(st.text(min_size=1), VALUES, max_size=4),
)


@settings(deadline=None)
@given(records=st.lists(RECORDS, max_size=3))
def test_records_come_back_from_a_table_to_the_last_digit(records, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "records.parquet"
    path.write_bytes(to_table(records))
    assert [from_row(row) for row in read_rows(path)] == records
    assert to_table(records) == path.read_bytes()


def test_what_stands_beside_the_four_outcomes_is_kept(tmp_path):
    outcomes = dict.fromkeys(OUTCOMES, "0") | {"novel": [1]}
    record = {"id": "a", "arm": "b", "corpus": "c", "outcomes": outcomes}
    path = tmp_path / "records.parquet"
    path.write_bytes(to_table([record]))
    assert [from_row(row) for row in read_rows(path)] == [record]


def test_a_field_that_is_named_as_an_outcome_is_kept(tmp_path):
    record = {"id": "a", "arm": "b", "corpus": "c", "predicted_spans": 3}
    record["outcomes"] = dict.fromkeys(OUTCOMES, "0")
    path = tmp_path / "records.parquet"
    path.write_bytes(to_table([record]))
    assert [from_row(row) for row in read_rows(path)] == [record]


@given(VALUES)
def test_json_comes_back_on_one_line(value):
    text = to_json(value)
    assert "\n" not in text
    assert from_json(text.encode("utf-8")) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_number_that_json_lacks_is_written(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json([value])


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b'{"a": "\xff"}', "can't decode byte 0xff"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b'{"a": "\\ud800"}', "surrogates not allowed"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b"1" * 5_000, "Exceeds the limit"),
        (b'{"a": ', "Expecting value"),
        (b"", "Expecting value"),
    ],
)
def test_what_is_no_json_is_a_fault_whatever_it_is(raw, match):
    with pytest.raises(ValueError, match=match):
        from_json(raw)


def table(path, columns: dict) -> None:
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"id": ["a"]}, "its columns are not id, arm"),
        (dict.fromkeys(COLUMNS, [1]), "all texts"),
        (dict.fromkeys((*COLUMNS, "more"), ["a"]), "its columns are not"),
        (dict.fromkeys(COLUMNS, ["a", None]), "it has empty cells"),
    ],
)
def test_another_table_is_refused(tmp_path, columns, match):
    table(tmp_path / "it.parquet", columns)
    with pytest.raises(RecordError, match=match):
        list(read_rows(tmp_path / "it.parquet"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + 100 * b"\0" + b"PAR1"])
def test_what_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "it.parquet"
    path.write_bytes(content)
    with pytest.raises(RecordError, match="it cannot be read"):
        list(read_rows(path))


def test_a_table_cut_or_changed_anywhere_is_refused_or_read_as_it_was(tmp_path):
    record = {"id": "a", "arm": "b", "corpus": "c"}
    record["outcomes"] = dict.fromkeys(OUTCOMES, "0101")
    whole, path = to_table([record] * 20), tmp_path / "it.parquet"
    for at in range(0, len(whole), 7):
        for content in (whole[:at], whole[:at] + b"\xff" + whole[at + 1 :]):
            path.write_bytes(content)
            with suppress(RecordError):
                assert [from_row(row) for row in read_rows(path)] == [record] * 20


@pytest.mark.parametrize("rest", [b"1", b"[]", b"{}", b'{"outcomes": 1}'])
def test_a_row_whose_rest_is_none_is_a_fault(rest):
    row = dict.fromkeys(COLUMNS, b"") | {"rest": rest}
    with pytest.raises(RecordError, match="no JSON object with outcomes"):
        from_row(row)


def test_a_damaged_text_is_the_fault_of_its_row_alone(tmp_path):
    columns = {name: pa.array([b"a", b"a"]) for name in COLUMNS}
    columns["rest"] = pa.array([b'{"outcomes": {}}'] * 2)
    columns["arm"] = pa.array([b"a", b"\xff"])
    texts = {
        name: pa.Array.from_buffers(pa.string(), 2, column.buffers())
        for name, column in columns.items()
    }
    table(tmp_path / "it.parquet", texts)
    sound, damaged = read_rows(tmp_path / "it.parquet")
    assert from_row(sound)["arm"] == "a"
    with pytest.raises(UnicodeDecodeError):
        from_row(damaged)


def test_the_same_records_take_an_order_of_magnitude_less_than_as_text():
    record = {"id": "a", "arm": "b", "corpus": "c"}
    record["outcomes"] = dict.fromkeys(OUTCOMES, "0101" * 500)
    records = [record | {"id": str(number)} for number in range(100)]
    assert len(to_table(records)) < len(json.dumps(records)) / 100
