"""Studies of several stages: the order of the work, and what runs share."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from helpers import tiny
from helpers.studies import corpus_folder, stable

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job, own_id
from mtlhelpers.study.records.store import read_records
from mtlhelpers.study.running.queue import in_turn
from mtlhelpers.study.running.study import Study
from mtlhelpers.training import loop

SMALL = "train_size = 8, skip = 8, epochs = 1, batch_size = 8, head_lr = 1e-2"


@pytest.fixture
def staged(tmp_path: Path) -> Study:
    """Stages that several arms share, at two rates each; seeds in the wrong order."""
    backbone = json.dumps(str(tiny.save_backbone(tmp_path / "backbone")))
    corpus = corpus_folder(tmp_path / "corpus")
    rates = "epochs = 1, batch_size = 8, backbone_lr = [1e-3, 2e-3]"
    first = f'{{ scenario = "none_frozen", tasks = [["sentence"]], {rates} }}'
    head = first.replace("none_frozen", "backbone_frozen").replace("sentence", "ner")
    chain = f'{{ scenario = "sentence_head_and_backbone_frozen", {SMALL}, first = X }}'
    arms = {
        "3A": ("sentence_head_frozen", first),
        "first alone": ("none_frozen", None),
        "head first": ("sentence_head_frozen", chain.replace("X", first)),
        "3B": ("sentence_head_and_backbone_frozen", first),
        "mirror": ("ner_head_frozen", head),
    }
    blocks = [
        f"""
        [[block]]
        arm = "{arm}"
        corpus = {corpus}
        backbone = {backbone}
        [block.plan]
        scenario = "{scenario}"
        seed = [1, 0]
        {SMALL.replace(", ", chr(10))}
        """
        + (f"first = {before}" if before else 'tasks = [["sentence"]]')
        for arm, (scenario, before) in arms.items()
    ]
    (tmp_path / "grid.toml").write_text("\n".join(blocks), encoding="utf-8")
    return Study(tmp_path)


def chain(plan: mtl.Plan | None) -> Iterator[mtl.Plan]:
    """A plan's stages, the first one first."""
    if plan is not None:
        yield from chain(plan.first)
        yield plan


def test_work_goes_from_small_sizes_to_all_sentences_with_every_seed_of_each():
    sizes = None, 300, 10, 3_000
    plans = [
        mtl.Plan(scenario="none_frozen", train_size=size, seed=seed)
        for seed in (1, 0)
        for size in sizes
    ]
    jobs = {str(at): Job("any", "any", "any", plan) for at, plan in enumerate(plans)}
    turns = [(job.plan.train_size, job.plan.seed) for job in in_turn(jobs).values()]
    assert turns == [(size, seed) for size in (10, 300, 3_000, None) for seed in (0, 1)]


def test_work_of_one_size_goes_seed_by_seed_and_along_the_stages(staged):
    jobs = list(staged.left().values())
    assert len(jobs) == len(staged.jobs) == 2 * (2 + 1 + 2 + 2 + 2)
    seeds = [job.plan.seed for job in jobs]
    assert seeds == sorted(seeds)
    for depth in (1, 2):  # who shares so many stages follow one another
        shared = [(job.plan.seed, tuple(chain(job.plan))[:depth]) for job in jobs]
        runs = [key for key, _ in groupby(shared)]
        assert len(runs) == len({str(key) for key in runs})


def test_a_study_makes_shared_stages_once_and_the_records_of_runs_alone(
    staged, monkeypatch
):
    plans, train_epochs = [], loop.train_epochs

    def noting(model, corpus, sentences, plan, *rest):
        plans.append(plan)
        train_epochs(model, corpus, sentences, plan, *rest)

    monkeypatch.setattr(loop, "train_epochs", noting)
    ids = [record["id"] for record in staged.run()]
    # For each seed two stages alone, and two of the other head before the mirror; 3B is
    # the middle of the chain.
    assert len(plans) == len(ids) + 2 * (2 + 2)
    together = stable(staged.folder)
    for path in (staged.folder / "records").glob("*.json"):
        path.unlink()
    del plans[:]
    for key in ids:
        alone = Study(staged.folder)
        alone.left = lambda key=key, alone=alone: {key: alone.jobs[key]}
        assert [record["id"] for record in alone.run()] == [key]
    assert len(plans) == 2 * (2 * 2 + 1 + 3 * 2 + 2 * 2 + 2 * 2)
    assert stable(staged.folder) == together


def test_ids_and_table_of_a_study_are_those_of_its_records(staged):
    list(staged.run())
    table = mtl.study_table(staged.folder).set_index("id")
    records = read_records(staged.folder)
    assert set(table.index) == set(staged.jobs)
    for record in records:
        assert own_id(record) == record["id"]
        row = table.loc[record["id"]]
        assert row["ner_f1_train"] == record["train_scores"]["ner_f1"]
        assert row["accuracy_before"] == record["before"]["accuracy"]
        assert row["arm"] == staged.jobs[record["id"]].arm
