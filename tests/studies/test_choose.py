"""The grid that tuning chooses: by validation alone, whole, the same each time."""

import math
from pathlib import Path

import pytest
from helpers import outcomes
from helpers.records import record

from mtlhelpers.data.load import load_corpus
from mtlhelpers.errors import StudyError
from mtlhelpers.study.protocol import ENDS, sizes_of
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.training.plan import Plan
from studies.choose import Choice, choose, choose_together, grid_text, write_grid

STUDIES = Path(__file__).parents[2] / "studies"
# From which a whole grid is chosen; test_templates.py has those that a template makes.
TUNED = ["bert_base_tuning", "transfer_tuning"]
GRID = """
threads = 1

[[block]]
arm = "heads"
corpus = ["hwu64", "newsdesk"]
backbone = "minilm"
plan = { scenario = "backbone_frozen", train_size = [300, 3000], seed = [100, 101], batch_size = 32, head_lr = 1e-3, epochs = 10, layers = [[3], [3, 4]] }

[[block]]
arm = "all"
corpus = ["hwu64", "newsdesk"]
backbone = "minilm"
plan = { scenario = "none_frozen", train_size = [300, 3000], seed = [100, 101], batch_size = 16, head_lr = 1e-3, epochs = 4, backbone_lr = [1e-5, 1e-4] }
"""  # noqa: E501
SOME = outcomes.labels("10")
VALID = {"accuracy": 0.9, "ner_f1": 0.9, "macro_f1": None, "exact_match": None}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A study without a grid; beside it its tuning, two choices a corpus and arm."""
    tuning = tmp_path / "mine_tuning"
    tuning.mkdir()
    (tuning / "grid.toml").write_text(GRID, encoding="utf-8")
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def jobs_of(folder: Path) -> list[Job]:
    return read_grid(folder.with_name("mine_tuning") / "grid.toml")


def note(folder: Path, job: Job, accuracy: float | None, ner: float | None) -> None:
    """Record a job of the tuning study, with these scores on validation."""
    steps = job.plan.epochs * math.ceil(job.plan.train_size / job.plan.batch_size)
    key = f"{jobs_of(folder).index(job):016x}"
    scores = dict.fromkeys(("macro_f1", "exact_match"))
    validation = scores | {"accuracy": accuracy, "ner_f1": ner}
    found = record(key, job, SOME, validation=validation, steps=steps)
    write_record(folder.with_name("mine_tuning"), found)


def note_all(folder: Path, corpus: str, better: dict) -> None:
    """Record every run on a corpus; plans with one of the `better` settings win."""
    for job in jobs_of(folder):
        if job.corpus == corpus:
            wins = any(getattr(job.plan, k) == v for k, v in better.items())
            # One seed alone, and one task alone, would say otherwise.
            luck = 0.45 if (not wins and job.plan.seed == 100) else 0.0
            note(folder, job, 0.5 + luck, 0.9 if wins else 0.5)


def test_the_mean_of_both_tasks_and_seeds_decides(folder):
    note_all(folder, "hwu64", {"layers": (3, 4), "backbone_lr": 1e-4})
    found = choose(folder.with_name("mine_tuning"))
    assert {(one.arm, one.corpus, one.plan.train_size) for one in found} == {
        (arm, "hwu64", size) for arm in ("heads", "all") for size in (300, 3000)
    }
    assert {one.plan.layers for one in found if one.arm == "heads"} == {(3, 4)}
    assert {one.plan.backbone_lr for one in found if one.arm == "all"} == {1e-4}


def test_the_mean_over_seeds_decides_for_an_arm_of_two_stages_too(folder):
    stages = "[[block]]" + GRID.split("[[block]]")[2]
    stages = stages.replace("epochs = 4", 'epochs = 4, first = { tasks = [["ner"]] }')
    (folder.with_name("mine_tuning") / "grid.toml").write_text(stages, "utf-8")
    # The first rate has the best single run, the second the best mean.
    note_all(folder, "hwu64", {"backbone_lr": 1e-4})
    found = choose(folder.with_name("mine_tuning"))
    assert [(one.plan.train_size, one.plan.backbone_lr) for one in found] == [
        (300, 1e-4),
        (3000, 1e-4),
    ]


def test_of_equal_ones_the_first_in_the_grid_wins(folder):
    note_all(folder, "hwu64", {})
    found = choose(folder.with_name("mine_tuning"))
    assert {one.plan.layers for one in found if one.arm == "heads"} == {(3,)}


def test_a_task_that_is_absent_does_not_count(folder):
    for job in jobs_of(folder):
        wins = job.plan.layers == (3, 4) or job.plan.backbone_lr == 1e-4
        note(folder, job, 0.6 if wins else 0.5, None)
    found = choose(folder.with_name("mine_tuning"))
    assert {one.plan.layers for one in found if one.arm == "heads"} == {(3, 4)}


def test_an_arm_with_a_run_to_come_is_left_out_and_its_corpus_not_compared(folder):
    note_all(folder, "hwu64", {})
    newsdesk = [job for job in jobs_of(folder) if job.corpus == "newsdesk"]
    for job in newsdesk[1:]:
        note(folder, job, 0.5, 0.5)
    tuning = folder.with_name("mine_tuning")
    arms = {(one.arm, one.corpus) for one in choose(tuning)}
    waiting = newsdesk[0].arm, "newsdesk"
    assert arms == {(job.arm, job.corpus) for job in jobs_of(folder)} - {waiting}
    assert {one.corpus for one in choose_together(tuning)} == {"hwu64"}


def test_a_run_of_two_arms_is_recorded_once_and_tunes_both(folder):
    (folder.with_name("mine_tuning") / "grid.toml").write_text(
        """
[[block]]
arm = "two rates"
corpus = "hwu64"
backbone = "minilm"
plan = { train_size = 300, batch_size = 16, epochs = 1, backbone_lr = [1e-4, 1e-3], head_lr = 1e-3 }

[[block]]
arm = "one rate"
corpus = "hwu64"
backbone = "minilm"
plan = { train_size = 300, batch_size = 16, epochs = 1, backbone_lr = 1e-3, head_lr = 1e-3 }
""",  # noqa: E501
        encoding="utf-8",
    )
    low, shared, again = jobs_of(folder)
    assert shared.plan == again.plan
    note(folder, low, 0.5, 0.5)
    note(folder, again, 0.9, 0.9)  # under the name of one of the two
    chosen = {
        c.arm: c.plan.backbone_lr for c in choose(folder.with_name("mine_tuning"))
    }
    assert chosen == {"two rates": 1e-3, "one rate": 1e-3}


def test_before_any_corpus_is_whole_no_grid_is_written(folder):
    with pytest.raises(StudyError, match="mine_tuning has no corpus with all"):
        write_grid(folder)
    assert not (folder / "grid.toml").exists()


def test_the_grid_holds_every_size_and_seed_of_the_choices(folder):
    note_all(folder, "hwu64", {"layers": (3, 4), "backbone_lr": 1e-4})
    write_grid(folder)
    path = folder / "grid.toml"
    jobs = read_grid(path)
    assert {job.threads for job in jobs} == {1}
    assert {job.plan.train_size for job in jobs} == set(sizes_of("hwu64"))
    for arm in ("heads", "all"):
        for size in sizes_of("hwu64"):
            own = [j.plan for j in jobs if (j.arm, j.plan.train_size) == (arm, size)]
            assert [plan.seed for plan in own] == list(range(10 if size < 3000 else 5))
            assert {plan.layers for plan in own} == {(3, 4) if arm == "heads" else None}
            assert {plan.backbone_lr for plan in own} == {
                None if arm == "heads" else 1e-4
            }
    before = path.read_bytes()
    write_grid(folder)
    assert path.read_bytes() == before


def test_measures_are_taken_where_claims_are_decided(folder):
    note_all(folder, "hwu64", {"layers": (3, 4), "backbone_lr": 1e-4})
    write_grid(folder)
    for job in read_grid(folder / "grid.toml"):
        expected = ("probe",) if job.arm == "heads" else ("probe", "gradient_cosines")
        tuned = job.plan.train_size in (300, 3_000)
        assert job.measure == (expected if tuned else ())


def test_runs_on_newsdesk_need_no_other_corpus(folder):
    note_all(folder, "newsdesk", {"layers": (3, 4), "backbone_lr": 1e-4})
    write_grid(folder)
    jobs = read_grid(folder / "grid.toml")
    assert not any("probe" in job.measure for job in jobs)


def choice(size: int, epochs: int, steps: int, head_lr: float = 1e-3) -> Choice:
    plan = Plan(train_size=size, epochs=epochs, batch_size=16, head_lr=head_lr)
    return Choice("all", "hwu64", "minilm", plan, steps)


@pytest.mark.parametrize(
    ("size", "epochs"),
    [(300, 20), (100, 55), (10, 380), (1_000, 20), (3_000, 20)],
)
def test_smaller_sizes_take_as_many_steps_and_larger_ones_as_many_epochs(size, epochs):
    tuned = choice(300, 20, 20 * 19)
    assert tuned.at(size).epochs == epochs
    assert tuned.at(size).train_size == size


def test_an_epoch_of_both_tasks_is_counted_as_it_was():
    # 300 sentences of each of two tasks: 38 batches an epoch.
    assert choice(300, 10, 380).at(10).epochs == 190


def test_sizes_between_take_the_nearest_as_ratios_go(tmp_path):
    path = tmp_path / "grid.toml"
    choices = [choice(300, 1, 19, 0.03), choice(3_000, 1, 188, 0.3)]
    path.write_text(grid_text(choices, 1), encoding="utf-8")
    taken = {job.plan.train_size: job.plan.head_lr for job in read_grid(path)}
    assert [size for size in taken if taken[size] == 0.03] == [10, 30, 100, 300]
    assert [size for size in taken if taken[size] == 0.3] == [1_000, 3_000, 9_260]


@pytest.mark.parametrize("name", ["hwu64", "snips+2000"])
def test_the_last_size_is_all_of_the_corpus(name, data_folder):
    assert len(load_corpus(name).splits["train"]) == ENDS[name]


@pytest.mark.parametrize("name", TUNED)
def test_each_arm_tries_as_many_configurations_as_the_other(name):
    tried: dict[tuple, dict[str, set]] = {}
    for job in read_grid(STUDIES / name / "grid.toml"):
        assert job.plan.seed >= 100
        arms = tried.setdefault((job.corpus, job.plan.train_size), {})
        settings = job.plan.layers, job.plan.backbone_lr, job.plan.epochs
        arms.setdefault(job.arm, set()).add(settings)
    for arms in tried.values():
        assert {len(one) for one in arms.values()} == {8}


@pytest.mark.parametrize("name", TUNED)
def test_a_committed_grid_is_what_the_records_choose(name):
    choices = choose_together(STUDIES / name)
    if not choices:
        pytest.skip(f"no corpus of {name} is recorded whole")
    path = STUDIES / name.removesuffix("_tuning") / "grid.toml"
    assert path.read_text(encoding="utf-8") == grid_text(choices, threads=1)


def test_several_studies_are_one_grid(folder):
    other = folder.with_name("grown_tuning")
    other.mkdir()
    grown = GRID.replace("backbone_lr = [1e-5, 1e-4]", "backbone_lr = 1e-3")
    (other / "grid.toml").write_text(grown, encoding="utf-8")
    jobs = read_grid(other / "grid.toml")
    for number, job in enumerate(jobs_of(folder)):
        note(folder, job, 0.5 + number / 1000, 0.5)
    with pytest.raises(StopIteration):  # what the second offers is not recorded yet
        next(
            one
            for one in choose(folder.with_name("mine_tuning"), other)
            if one.arm == "all"
        )
    for number, job in enumerate(jobs):
        made = record(f"{number + 100:016x}", job, SOME, validation=VALID, steps=10)
        write_record(other, made)
    rates = {
        one.plan.backbone_lr
        for one in choose(folder.with_name("mine_tuning"), other)
        if one.arm == "all"
    }
    assert rates == {1e-3}


def test_heads_are_handed_on_as_a_grid_has_them(tmp_path):
    head = {"kind": "context", "layers": (3, 4), "combine": "join"}
    plan = Plan(train_size=300, scenario="backbone_frozen", heads={"ner": head})
    choice = Choice("heads", "hwu64", "minilm", plan.resolve(300), steps=0)
    text = grid_text([choice], threads=1)
    assert 'heads = { ner = { kind = "context", layers = [[3, 4]], comb' in text
    (tmp_path / "grid.toml").write_text(text, encoding="utf-8")
    jobs = read_grid(tmp_path / "grid.toml")
    assert {job.plan.heads["ner"].layers for job in jobs} == {(3, 4)}
    assert {job.plan.epochs for job in jobs} == {plan.resolve(300).epochs}
