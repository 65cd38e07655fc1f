"""A study's grid: crossed lists, stages that share seeds, faults that are named."""

from pathlib import Path

import pytest

from mtlhelpers.study.errors import GridError
from mtlhelpers.study.running.grid import read_grid

BLOCK = """
[[block]]
arm = "heads"
corpus = ["snips", "newsdesk"]
backbone = "minilm"
plan = { scenario = "backbone_frozen", seed = [0, 1, 2], head_lr = [1e-3, 1e-2] }
"""


def grid(folder: Path, text: str) -> Path:
    path = folder / "grid.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_entry_of_every_list_is_taken_once(tmp_path):
    jobs = read_grid(grid(tmp_path, BLOCK + BLOCK))
    assert len(jobs) == 2 * 3 * 2
    found = {(job.corpus, job.plan.seed, job.plan.head_lr) for job in jobs}
    assert len(found) == len(jobs)
    assert {job.arm for job in jobs} == {"heads"}


def test_a_stage_takes_seed_and_size_of_the_plan_around_it(tmp_path):
    block = """
        [[block]]
        arm = "3A"
        corpus = "snips"
        backbone = "minilm"
        [block.plan]
        scenario = "sentence_head_frozen"
        train_size = 100
        seed = [3, 4]
        first = { scenario = "none_frozen", tasks = [["sentence"]], skip = 100 }
    """
    jobs = read_grid(grid(tmp_path, block))
    assert [job.plan.first.seed for job in jobs] == [3, 4]
    assert {job.plan.first.train_size for job in jobs} == {100}
    assert jobs[0].plan.first.tasks == ("sentence",)
    assert jobs[0].plan.first.skip == 100


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[block]\n", "line 1"),
        ("", "no \\[\\[block\\]\\]"),
        (BLOCK.replace('arm = "heads"\n', ""), "block 1.*missing or unknown: arm"),
        (BLOCK.replace("head_lr", "heads_lr"), "block 1.*no heads_lr"),
        (BLOCK.replace("backbone_frozen", "frozen"), "block 1.*unknown scenario"),
    ],
)
def test_a_fault_is_named_with_file_and_block(tmp_path, text, fault):
    with pytest.raises(GridError, match=f"grid.toml.*{fault}"):
        read_grid(grid(tmp_path, text))


def test_a_folder_without_a_grid_is_no_study(tmp_path):
    with pytest.raises(GridError, match="grid.toml is missing"):
        read_grid(tmp_path / "grid.toml")


def test_the_committed_grids_can_be_read():
    for path in sorted(Path(__file__).parents[3].glob("studies/*/grid.toml")):
        assert read_grid(path), path
