"""Records from elsewhere: all of them are checked and added, or none is."""

import json

import pytest

from mtlhelpers.cli import main
from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.record import own_id
from mtlhelpers.study.records.store import pack_records, read_records, write_record
from mtlhelpers.study.running.submit import submit_lines


@pytest.fixture
def elsewhere(small, tmp_path):
    """The small study run through somewhere else; the one here has no record."""
    there = tmp_path / "elsewhere"
    assert not any((small.folder / "records").iterdir())
    (there / "records").mkdir(parents=True)
    extra = {"seconds": {"total": 1.0}, "revision": None, "peak_memory_bytes": None}
    for record in small.records:
        first = record["first"] and record["first"] | {"seconds": {"total": 1.0}}
        write_record(there, record | extra | {"first": first})
    return there


def ids(folder) -> set[str]:
    return {record["id"] for record in read_records(folder)}


def changed(folder, **changes) -> str:
    """Write one record of the folder again with changes, under the id they give."""
    path = min((folder / "records").glob("*.json"))
    record = json.loads(path.read_text(encoding="utf-8")) | changes
    path.unlink()
    record["id"] = own_id(record)
    write_record(folder, record)
    return record["id"]


def test_a_folder_is_added_and_adding_it_twice_changes_nothing(
    small, elsewhere, capsys
):
    command = ["study", "submit", str(small.folder), str(elsewhere)]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "6 records read, 6 of them new: all sound and declared"
    assert "the same scores, to the last digit" in lines
    assert ids(small.folder) == ids(elsewhere)
    before = (small.folder / "records.parquet").read_bytes()
    assert main(command) == 0
    assert "0 of them new" in capsys.readouterr().out
    assert (small.folder / "records.parquet").read_bytes() == before


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_one_file_is_added_without_a_rerun(small, elsewhere, kind):
    one = min((elsewhere / "records").glob("*.json"))
    source = one if kind == "json" else pack_records(elsewhere)
    *_, trust, packed = submit_lines(small.folder, source, rerun=False)
    assert "on trust" in trust and packed.startswith("packed")
    assert ids(small.folder) == ({one.stem} if kind == "json" else ids(elsewhere))


def test_a_score_that_a_rerun_does_not_reach_is_refused(small, elsewhere):
    path = min((elsewhere / "records").glob("*.json"))
    scores = json.loads(path.read_text(encoding="utf-8"))["scores"]
    worse = {"accuracy": (scores["accuracy"] + 0.5) % 1}
    changed(elsewhere, scores=scores | worse, seconds={"total": 0.0})
    with pytest.raises(StudyError, match="off by more"):
        list(submit_lines(small.folder, elsewhere))
    assert not ids(small.folder)


def test_a_damaged_record_keeps_all_others_out(small, elsewhere):
    path = min((elsewhere / "records").glob("*.json"))
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(StudyError, match=f"nothing was added: .*{path.name}"):
        list(submit_lines(small.folder, elsewhere))
    assert not ids(small.folder)


def test_what_the_grid_does_not_declare_is_named(small, elsewhere):
    key = changed(elsewhere, corpus_sha256="f" * 64, corpus="another")
    with pytest.raises(StudyError, match=f"does not declare {key} .* on another"):
        list(submit_lines(small.folder, elsewhere, rerun=False))
    assert not ids(small.folder)


def test_an_id_with_other_contents_is_refused(small, elsewhere):
    list(submit_lines(small.folder, elsewhere, rerun=False))
    key = changed(elsewhere, notes=["changed"])
    with pytest.raises(StudyError, match=f"holds {key} with other contents"):
        list(submit_lines(small.folder, elsewhere, rerun=False))


def test_nothing_to_read_is_said(small, tmp_path):
    with pytest.raises(StudyError, match="is missing"):
        list(submit_lines(small.folder, tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="holds no record"):
        list(submit_lines(small.folder, tmp_path / "empty"))
