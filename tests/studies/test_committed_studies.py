"""Studies whose records are committed: what one takes from another is what it says."""

from dataclasses import replace
from pathlib import Path

from mtlhelpers.study.records.tables import study_table
from mtlhelpers.study.running.grid import read_grid

STUDIES = Path(__file__).parents[2] / "studies"


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
