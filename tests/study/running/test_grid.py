"""A study's grid: crossed lists, stages that share seeds, faults that are named."""

from pathlib import Path

import pytest

from mtlhelpers.errors import GridError
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


def changed(old: str, new: str) -> str:
    assert old in BLOCK
    return BLOCK.replace(old, new)


FIRST = 'seed = 0, first = { scenario = "none_frozen", seeds = 1 } }'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[block]\n", "line 1"),
        ("", r"no \[\[block\]\]: declare a run"),
        ("[block]\n", r"block is no list of tables: begin each with \[\[block\]\]"),
        ("block = [1]\n", "block is no list of tables"),
        ("thread = 1\n" + BLOCK, "no key 'thread' is known here; did you mean threads"),
        ("threads = 0\n" + BLOCK, "threads = 0: write a whole number from 1 up"),
        ("threads = true\n" + BLOCK, "threads = True: write"),
        ("threads = 1.5\n" + BLOCK, "threads = 1.5: write"),
        (changed('arm = "heads"\n', ""), "block 1: no arm: every block needs"),
        (changed("arm", "arms"), "block 1: no key 'arms' .* did you mean arm"),
        (changed('"heads"', "1"), "block 1: arm = 1: write a name, such as arm ="),
        (changed('"heads"', '""'), "block 1: arm = '': write a name"),
        (changed('["snips", "newsdesk"]', "{}"), r"block 1: corpus = {}: write a name"),
        (changed('"newsdesk"', "2"), "block 1: corpus = 2: write a name"),
        (changed('"minilm"', "1979-05-27"), r"block 1: backbone = .*date.*: write"),
        (changed('["snips", "newsdesk"]', "[]"), r"corpus = \[\]: no runs come of"),
        (changed("[0, 1, 2]", "[]"), r"block 1: seed = \[\]: no runs come of"),
        (BLOCK + BLOCK.replace("head_lr", "heads_lr"), "block 2: plan: no key 'heads_"),
        (changed("head_lr", "heads_lr"), "no key 'heads_lr' .* did you mean head_lr"),
        (changed("head_lr", "x"), "no key 'x' is known here; it is scenario, epochs"),
        (
            changed("seed = [0, 1, 2], head_lr = [1e-3, 1e-2] }", FIRST),
            "plan.first: no",
        ),
        (BLOCK[: BLOCK.index("plan")] + "plan = 3", "block 1: plan = 3: write a table"),
        (changed("backbone_frozen", "frozen"), "block 1.*unknown scenario"),
        (changed("[0, 1, 2]", "-1"), "block 1: seed"),
        (BLOCK + 'measure = ["probe"]', r"measure = 'probe': write a list of lists"),
        ("threads = " + "[" * 9_999, "nested too deeply for a grid"),
        ("threads = " + "9" * 9_999, "digits"),
        (changed("[0, 1, 2]", str([*range(5_000)])), "20,000 runs, and 10,000 are"),
        (BLOCK + "measure = [[1]]", r"measure = 1: write a name"),
        (BLOCK + 'measure = [["prob"]]', "no measure 'prob': there are probe"),
    ],
)
def test_a_fault_is_named_with_file_block_key_and_what_to_do(tmp_path, text, fault):
    with pytest.raises(GridError, match=f"grid.toml.*{fault}"):
        read_grid(grid(tmp_path, text))


def test_a_file_that_is_no_text_is_named_with_the_line(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_bytes(b"threads = 1\n# caf\xe9\n" + BLOCK.encode())
    with pytest.raises(GridError, match="grid.toml, line 2: not UTF-8; save it as"):
        read_grid(path)


def test_a_folder_without_a_grid_is_no_study(tmp_path):
    with pytest.raises(GridError, match="grid.toml is missing"):
        read_grid(tmp_path / "grid.toml")


def test_the_committed_grids_can_be_read():
    for path in sorted(Path(__file__).parents[3].glob("studies/*/grid.toml")):
        assert read_grid(path), path
