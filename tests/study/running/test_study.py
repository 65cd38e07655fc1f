"""Studies: whole records, skipped when there, the same after a stop as without one."""

import json
from pathlib import Path

import pytest
from helpers import tiny
from helpers.studies import corpus_folder, stable

from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.schema import FIELDS
from mtlhelpers.study.records.store import pack_records, read_with_faults
from mtlhelpers.study.running.study import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Two scenarios and two seeds on the tiny corpus, from folders."""
    backbone = tiny.save_backbone(tmp_path / "backbone")
    text = f"""
        [[block]]
        arm = "both"
        corpus = {corpus_folder(tmp_path / "corpus")}
        backbone = {json.dumps(str(backbone))}
        [block.plan]
        scenario = ["backbone_frozen", "none_frozen"]
        seed = [0, 1]
        epochs = 1
        batch_size = 8
    """
    (tmp_path / "grid.toml").write_text(text, encoding="utf-8")
    return Study(tmp_path)


def test_a_study_runs_what_is_left_and_nothing_else(study):
    assert len(study.left()) == 4
    records = list(study.run())
    assert {record["id"] for record in records} == set(study.jobs)
    assert list(study.run()) == []
    for record in records:
        assert set(record) == set(FIELDS)
        assert record["proof"]["max_change"] == 0.0


def test_stopped_and_started_again_equals_run_through(study):
    list(study.run())
    through = stable(study.folder)
    for path in (study.folder / "records").glob("*.json"):
        path.unlink()
    next(study.run())  # one run, then the study is dropped
    half = Study(study.folder)
    assert len(half.left()) == 3
    list(half.run())
    assert stable(study.folder) == through


def test_a_row_added_to_the_grid_runs_alone(study):
    list(study.run())
    path = study.folder / "grid.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[0, 1]", "[0, 1, 2]"), encoding="utf-8")
    added = list(Study(study.folder).run())
    assert {record["plan"]["seed"] for record in added} == {2}


def test_packed_records_are_done_too(study):
    list(study.run())
    pack_records(study.folder)
    for path in (study.folder / "records").glob("*.json"):
        path.unlink()
    assert not study.left()


def test_a_damaged_record_is_named_and_its_run_made_again(study):
    list(study.run())
    path = next((study.folder / "records").glob("*.json"))
    path.write_bytes(path.read_bytes()[:100])
    records, faults = read_with_faults(study.folder)
    assert len(records) == 3
    assert [path.name in fault for fault in faults] == [True]
    assert list(study.left()) == [path.stem]


def test_the_id_changes_with_plan_corpus_and_backbone(study):
    ids = set(study.jobs)
    backbone = tiny.save_backbone(study.folder / "other", seed=1)
    path = study.folder / "grid.toml"
    text = path.read_text(encoding="utf-8")
    old = json.dumps(str(study.folder / "backbone"))
    path.write_text(text.replace(old, json.dumps(str(backbone))), encoding="utf-8")
    assert not ids & set(Study(study.folder).jobs)
    path.write_text(text.replace("epochs = 1", "epochs = 2"), encoding="utf-8")
    assert not ids & set(Study(study.folder).jobs)


def test_a_folder_that_is_not_there_is_not_packed(tmp_path):
    with pytest.raises(StudyError, match="is no folder"):
        Study(tmp_path / "none").pack()
    assert not (tmp_path / "none").exists()
