"""Studies whose records are committed: what one takes from another is what it says."""

from dataclasses import replace
from pathlib import Path

import pytest

from mtlhelpers.study.records.store import read_with_faults
from mtlhelpers.study.records.tables import study_table
from mtlhelpers.study.running.grid import read_grid

STUDIES = Path(__file__).parents[2] / "studies"
WITH_GRIDS = sorted(path.parent.name for path in STUDIES.glob("*/grid.toml"))


def test_strengths_of_retention_are_those_that_validation_chose():
    tried = study_table(STUDIES / "retention_strengths")
    scores = tried.accuracy_validation + tried.ner_f1_validation
    mean = scores.groupby([tried.arm, tried.corpus, tried.retention_strength]).mean()
    chosen = {key[:2]: key[2] for key in mean.groupby(level=[0, 1]).idxmax()}
    used = {
        (job.plan.retention, job.corpus): job.plan.retention_strength
        for job in read_grid(STUDIES / "one_head_frozen" / "grid.toml")
        if job.plan.retention in ("l2sp", "ewc", "lwf")
    }
    assert used == chosen


def test_short_plans_are_those_of_the_transfer_study_with_a_sixth_of_the_steps():
    def plans(study, shorter):
        return [
            (job.corpus, replace(job.plan, epochs=round(job.plan.epochs / shorter)))
            for job in read_grid(STUDIES / study / "grid.toml")
            if job.arm == "none_frozen"
        ]

    short, sixths = plans("short", 1), plans("transfer", 6)
    assert len(short) == 60
    assert all(plan in sixths for plan in short)


@pytest.mark.parametrize("name", WITH_GRIDS)
def test_committed_records_are_whole_and_of_what_the_grid_declares(name):
    records, faults = read_with_faults(STUDIES / name)
    assert not faults
    declared = {
        (job.arm, job.corpus, job.plan.seed)
        for job in read_grid(STUDIES / name / "grid.toml")
    }
    found = {(r["arm"], r["corpus"], r["plan"]["seed"]) for r in records}
    assert found <= declared
