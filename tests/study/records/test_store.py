"""What is read of a study's records, what is not, who is told; and what is packed."""

import json
import shutil
import warnings
from pathlib import Path

import pytest
from helpers import outcomes
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.errors import RecordError, StudyError
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import (
    PACKED,
    pack_records,
    read_records,
    read_with_faults,
    write_record,
)
from mtlhelpers.study.verdicts.crossover import compare_arms, find_crossover


def made(seed: int, **changes) -> dict:
    plan = mtl.Plan("backbone_frozen", train_size=10, epochs=1, seed=seed)
    job = Job("frozen", "snips", "minilm", plan)
    return record("0", job, outcomes.labels("101"), **changes)


THREE = sorted((made(seed) for seed in range(3)), key=lambda one: one["id"])


def stems(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "records").glob("*.json")}


def single(folder: Path, one: dict) -> Path:
    return folder / "records" / f"{one['id']}.json"


def lines(records: list[dict]) -> bytes:
    """As an earlier version packed them."""
    texts = [json.dumps(one, sort_keys=True, ensure_ascii=False) for one in records]
    return "".join(f"{text}\n" for text in texts).encode("utf-8")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A study of three records."""
    for one in THREE:
        write_record(tmp_path, one)
    return tmp_path


@pytest.fixture
def damaged(folder) -> Path:
    """The same, one of them cut."""
    path = single(folder, THREE[1])
    path.write_bytes(path.read_bytes()[:100])
    return folder


def test_single_records_are_read_sorted_by_id(folder):
    assert read_records(folder) == THREE
    assert stems(folder) == {one["id"] for one in THREE}


def test_packed_records_are_read_as_single_ones_are(folder):
    path = pack_records(folder)
    assert path.name == "records.parquet"
    assert read_records(folder) == THREE  # from both
    shutil.rmtree(folder / "records")
    assert read_records(folder) == THREE


def test_records_that_an_earlier_version_packed_are_read(tmp_path):
    (tmp_path / "records.jsonl").write_bytes(lines(THREE))
    assert read_records(tmp_path) == THREE


def test_a_packed_file_that_changed_is_read_again(folder):
    pack_records(folder)
    shutil.rmtree(folder / "records")
    assert len(read_records(folder)) == 3
    write_record(folder, made(7))
    pack_records(folder)
    shutil.rmtree(folder / "records")
    assert len(read_records(folder)) == 4


def test_what_is_no_record_is_not_written(tmp_path):
    with pytest.raises(RecordError, match="steps is -1"):
        write_record(tmp_path, made(0, steps=-1))
    assert not stems(tmp_path)


def test_a_damaged_record_is_left_out_and_told_with_its_file(damaged):
    with pytest.warns(UserWarning, match=rf"{THREE[1]['id']}\.json: .*: left out"):
        assert read_records(damaged) == [THREE[0], THREE[2]]
    records, [fault] = read_with_faults(damaged)
    assert records == [THREE[0], THREE[2]] and "(char 100)" in fault


def test_a_damaged_line_is_told_by_its_number(tmp_path):
    first, second, third = lines(THREE).splitlines(keepends=True)
    content = first + second[:100] + b"\n" + third
    (tmp_path / "records.jsonl").write_bytes(content)
    records, [fault] = read_with_faults(tmp_path)
    assert records == [THREE[0], THREE[2]]
    assert "records.jsonl, line 2: " in fault


def test_a_byte_that_is_no_text_is_a_fault_and_not_mended(tmp_path):
    content = lines(THREE).replace(b'"arm": "frozen"', b'"arm": "fr\xffzen"', 1)
    (tmp_path / "records.jsonl").write_bytes(content)
    records, [fault] = read_with_faults(tmp_path)
    assert records == THREE[1:]
    assert "can't decode byte 0xff" in fault


def test_a_damaged_table_is_one_fault(folder):
    path = pack_records(folder)
    shutil.rmtree(folder / "records")
    path.write_bytes(path.read_bytes()[:-50])
    records, [fault] = read_with_faults(folder)
    assert records == [] and fault.startswith(f"{path}: it cannot be read")


def test_a_record_under_another_name_is_a_fault(folder):
    single(folder, THREE[0]).rename(folder / "records" / "0123456789abcdef.json")
    records, [fault] = read_with_faults(folder)
    assert records == THREE[1:]
    assert f"it holds the record {THREE[0]['id']}" in fault


@pytest.mark.parametrize("nested", [b'{"first": ', b'{"a": '])
def test_deep_nesting_is_a_fault_of_one_record_alone(folder, nested):
    single(folder, THREE[0]).write_bytes(nested * 900 + b"null" + b"}" * 900)
    single(folder, THREE[1]).write_bytes(nested * 100_000)
    records, faults = read_with_faults(folder)
    assert records == THREE[2:] and len(faults) == 2


def test_stages_nested_ever_deeper_are_a_fault_and_no_crash(folder):
    one = made(0)
    text = json.dumps(one | {"first": "HERE"})
    for _ in range(400):
        text = text.replace('"HERE"', json.dumps(one | {"first": "HERE"}), 1)
    single(folder, one).write_text(text.replace('"HERE"', "null"), "utf-8")
    records, faults = read_with_faults(folder)
    assert len(records) == 2 and len(faults) == 1


@pytest.mark.parametrize(
    "read",
    [
        lambda folder: Studies.below(folder.parent).all(folder.name),
        lambda folder: compare_arms(folder, "snips"),
        lambda folder: find_crossover(folder, "snips", "accuracy"),
        mtl.study_table,
        mtl.study_history,
        mtl.study_gradients,
    ],
)
def test_whoever_reads_a_study_is_warned(damaged, read):
    with pytest.warns(UserWarning, match=THREE[1]["id"]):
        read(damaged)


def test_a_fault_is_told_once_however_often_it_is_read(damaged):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            read_records(damaged)
    assert len(caught) == 1


def test_the_same_id_twice_with_one_content_is_one_record(folder):
    pack_records(folder)
    (folder / "records.jsonl").write_bytes(lines(THREE))
    assert read_records(folder) == THREE


def test_the_same_id_with_other_contents_names_both_places(folder):
    pack_records(folder)
    other = THREE[1] | {"seconds": {"total": 9.0}}
    write_record(folder, other)
    with pytest.raises(RecordError, match="remove one of them") as error:
        read_records(folder)
    assert f"{folder / PACKED}, row 2 and {single(folder, other)}" in str(error.value)
    with pytest.raises(RecordError, match="remove one of them"):
        pack_records(folder)


def test_packing_gives_the_same_bytes_whatever_was_packed_before(folder, tmp_path):
    first = pack_records(folder).read_bytes()
    assert pack_records(folder).read_bytes() == first
    other = tmp_path / "other"
    for one in reversed(THREE):
        write_record(other, one)
        pack_records(other)
    assert (other / PACKED).read_bytes() == first
    assert stems(folder) == {one["id"] for one in THREE}  # none is removed


@pytest.mark.parametrize("before", [PACKED, "records.jsonl", None])
def test_packing_never_drops_a_record(damaged, before):
    if before == "records.jsonl":
        (damaged / before).write_bytes(lines(THREE)[:-10])
    if before == PACKED:
        (damaged / before).write_bytes(b"PAR1 and no more")
    files = {p: p.read_bytes() for p in damaged.rglob("*") if p.is_file()}
    with pytest.raises(StudyError, match=f"not packed: .*{THREE[1]['id']}"):
        pack_records(damaged)
    assert files == {p: p.read_bytes() for p in damaged.rglob("*") if p.is_file()}


def test_an_empty_folder_has_no_records(tmp_path):
    assert read_records(tmp_path) == read_records(tmp_path / "none") == []
