"""Grids from templates: what tuning chose goes in, what the template says stands."""

import tomllib
from pathlib import Path

import pytest
from helpers import outcomes
from helpers.records import record

from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.training.plan import Plan
from studies.choose import filled, main

STUDIES = Path(__file__).parents[2] / "studies"
TEMPLATES = sorted(STUDIES.glob("*/template.toml"))
TUNING = """
threads = 1

[[block]]
arm = "all"
corpus = "hwu64"
backbone = "minilm"
plan = { scenario = "none_frozen", train_size = [300, 3000], seed = [100, 101], batch_size = 16, head_lr = 1e-3, epochs = 4, backbone_lr = [1e-5, 1e-4] }
"""  # noqa: E501
TEMPLATE = """
threads = 1

[[block]]
arm = "stages"
corpus = ["hwu64"]
backbone = "minilm"
[block.plan]
like = ["mine_tuning", "all"]
scenario = "sentence_head_frozen"
train_size = [300, 3000]
skip = "train_size"
epochs = 7
seed = [0, 1]
[block.plan.first]
like = ["mine_tuning", "all"]
scenario = "none_frozen"
tasks = [["sentence"]]

[[block]]
arm = "half"
corpus = ["hwu64"]
backbone = "random:minilm"
[block.plan]
train_size = [300]
seed = [0]
[block.plan.scenario]
train = [["backbone.layer.5", "ner_classifier"]]
"""
SOME = outcomes.labels("10")


@pytest.fixture
def folder(tmp_path) -> Path:
    """A template beside its tuning: the low rate wins at 300, the high one at 3,000."""
    tuning = tmp_path / "mine_tuning"
    for place, name, text in (
        (tuning, "grid.toml", TUNING),
        (tmp_path / "mine", "template.toml", TEMPLATE),
    ):
        place.mkdir()
        (place / name).write_text(text, encoding="utf-8")
    for number, job in enumerate(read_grid(tuning / "grid.toml")):
        small, low = job.plan.train_size == 300, job.plan.backbone_lr == 1e-5
        score = {"accuracy": 0.9 if small == low else 0.5, "ner_f1": 0.5}
        validation = {**dict.fromkeys(("macro_f1", "exact_match")), **score}
        found = record(f"{number:016x}", job, SOME, validation=validation)
        write_record(tuning, found)
    return tmp_path / "mine"


def chosen(folder: Path) -> dict[tuple[str, int], Job]:
    """The jobs of seed 0 that `studies.choose` writes, by arm and size."""
    assert main(folder) == 0
    jobs = read_grid(folder / "grid.toml")
    return {(j.arm, j.plan.train_size): j for j in jobs if j.plan.seed == 0}


def test_a_plan_takes_what_tuning_chose_at_its_size(folder):
    jobs = chosen(folder)
    assert jobs["stages", 300].plan.backbone_lr == 1e-5
    assert jobs["stages", 3000].plan.backbone_lr == 1e-4
    assert {job.plan.batch_size for job in jobs.values()} == {16, None}


def test_what_the_template_says_itself_stands(folder):
    plan = chosen(folder)["stages", 300].plan
    assert (plan.epochs, plan.scenario) == (7, "sentence_head_frozen")


def test_a_stage_before_takes_its_own_and_shares_no_sentence(folder):
    for size in (300, 3000):
        plan = chosen(folder)["stages", size].plan
        assert (plan.first.epochs, plan.first.tasks) == (4, ("sentence",))
        assert (plan.first.train_size, plan.first.skip, plan.skip) == (size, 0, size)


def test_a_block_without_like_is_as_it_says(folder):
    job = chosen(folder)["half", 300]
    assert job.backbone == "random:minilm"
    assert job.plan.scenario.train == ("backbone.layer.5", "ner_classifier")
    assert job.plan == Plan(job.plan.scenario, train_size=300)


def test_an_arm_that_is_not_tuned_names_the_study(folder, capsys):
    path = folder / "template.toml"
    path.write_text(TEMPLATE.replace('"all"]', '"none"]'), encoding="utf-8")
    assert main(folder) == 2
    assert "mine_tuning does not tune none on hwu64" in capsys.readouterr().err
    assert not (folder / "grid.toml").exists()


def test_an_arm_whose_tuning_is_not_whole_is_left_out_and_told(folder, capsys):
    next((folder.with_name("mine_tuning") / "records").glob("*.json")).unlink()
    assert set(chosen(folder)) == {("half", 300)}
    assert "left out, not tuned yet: stages on hwu64" in capsys.readouterr().out
    grid = (folder / "grid.toml").read_text(encoding="utf-8")
    assert "# Not tuned yet, so left out: stages on hwu64.\n" in grid


def test_before_any_arm_is_tuned_no_grid_is_written(folder, capsys):
    next((folder.with_name("mine_tuning") / "records").glob("*.json")).unlink()
    path, stages = (
        folder / "template.toml",
        TEMPLATE.partition('\n[[block]]\narm = "half'),
    )
    path.write_text(stages[0], encoding="utf-8")
    assert main(folder) == 2
    assert "is tuned yet: run its tuning first" in capsys.readouterr().err
    assert not (folder / "grid.toml").exists()


@pytest.mark.parametrize(
    "text", ["threads = ", "threads = 1", "threads = 1\n[[block]]"]
)
def test_a_template_that_cannot_be_read_is_named(folder, capsys, text):
    (folder / "template.toml").write_text(text, encoding="utf-8")
    assert main(folder) == 2
    said = capsys.readouterr().err
    assert "template.toml" in said and said.count("\n") == 1


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_committed_templates_name_studies_and_arms_that_exist(path):
    for block in tomllib.loads(path.read_text(encoding="utf-8"))["block"]:
        for plan in (block["plan"], block["plan"].get("first", {})):
            if "like" in plan:
                study, arm = plan["like"]
                for name in study.split(" + "):
                    files = [STUDIES / name / n for n in ("grid.toml", "template.toml")]
                    texts = [
                        p.read_text(encoding="utf-8") for p in files if p.is_file()
                    ]
                    assert any(f'arm = "{arm}"' in text for text in texts), plan["like"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_a_committed_grid_is_what_its_template_makes(path):
    grid = path.with_name("grid.toml")
    if not grid.is_file():
        pytest.skip(f"what {path.parent.name} takes is not tuned yet")
    assert grid.read_text(encoding="utf-8") == filled(path).text


def test_each_arm_of_a_committed_tuning_tries_as_many_settings():
    """Eight a size, whatever is crossed."""
    path = STUDIES / "further_tuning" / "template.toml"
    tried: dict[str, int] = {}
    for block in tomllib.loads(path.read_text(encoding="utf-8"))["block"]:
        for size in block["plan"]["train_size"]:
            crossed = 1
            for key, value in block["plan"].items():
                if key in ("seed", "train_size", "like"):
                    continue
                inner = value.values() if isinstance(value, dict) else [value]
                if key != "first":
                    for one in inner:
                        crossed *= len(one) if isinstance(one, list) else 1
            key = f"{block['arm']} {size}"
            tried[key] = tried.get(key, 0) + crossed
    assert set(tried.values()) == {8}
