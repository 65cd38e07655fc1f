"""What is read of a study's records, what is not, and who is told."""

import shutil
import warnings
from pathlib import Path

import pytest

from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.store import read_records, read_with_faults
from mtlhelpers.study.verdicts.crossover import compare_arms, find_crossover

DEFAULTS = Path(__file__).parents[3] / "studies" / "defaults"


@pytest.fixture
def damaged(tmp_path) -> Path:
    """A copy of a committed study with one line cut."""
    folder = tmp_path / "defaults"
    shutil.copytree(DEFAULTS, folder)
    path = folder / "records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], lines[4][:100] + b"\n", *lines[5:]]))
    return folder


def test_a_damaged_record_is_left_out_and_told_with_file_and_line(damaged):
    with pytest.warns(UserWarning, match=r"records\.jsonl, line 5: .*: left out"):
        assert len(read_records(damaged)) == len(read_records(DEFAULTS)) - 1
    records, [fault] = read_with_faults(damaged)
    assert "line 5" in fault


@pytest.mark.parametrize(
    "read",
    [
        lambda folder: Studies.below(folder.parent).all(folder.name),
        lambda folder: compare_arms(folder, "snips"),
        lambda folder: find_crossover(folder, "snips", "accuracy"),
    ],
)
def test_whoever_reads_a_study_is_warned(damaged, read):
    with pytest.warns(UserWarning, match="line 5"):
        read(damaged)


def test_a_fault_is_told_once_however_often_it_is_read(damaged):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(3):
            read_records(damaged)
    assert len(told) == 1
