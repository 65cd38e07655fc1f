"""The committed records: whole, as their grids declare, and made again by a run."""

from pathlib import Path

import pytest

from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import PACKED, read_records, read_with_faults
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.rerun import rerun_lines
from mtlhelpers.training.plan import Plan

STUDIES = Path(__file__).parents[3] / "studies"
RECORDED = sorted(path.parent.name for path in STUDIES.glob(f"*/{PACKED}"))
# By the corpus of the record that is made again: newsdesk comes with the package.
ON_NEWSDESK = ["backbone_frozen", "one_head_frozen", "transfer", "transfer_tuning"]
ON_OTHERS = ["defaults", "frozen_heads_tuning", "further", "short", "steps"]
DEAR = ["further_tuning", "retention_strengths"]  # a minute and more of fine-tuning


@pytest.mark.parametrize("name", RECORDED)
def test_records_are_whole_and_the_grid_declares_their_runs(name):
    records, faults = read_with_faults(STUDIES / name)
    assert records and not faults
    declared = {
        (job.arm, job.corpus, job.backbone, job.plan.train_size, job.plan.seed)
        for job in read_grid(STUDIES / name / "grid.toml")
    }
    jobs = [Job.of(record) for record in records]
    assert declared >= {
        (job.arm, job.corpus, job.backbone, job.plan.train_size, job.plan.seed)
        for job in jobs
    }
    for job, record in zip(jobs, records):
        assert Plan.from_dict(job.plan.to_dict()) == job.plan, record["id"]


def test_no_study_is_forgotten_below():
    assert sorted([*ON_NEWSDESK, *ON_OTHERS, *DEAR]) == RECORDED


@pytest.mark.parametrize("name", ON_NEWSDESK)
def test_the_cheapest_run_on_newsdesk_comes_to_the_recorded_scores(name):
    run_again(name, "newsdesk")


@pytest.mark.parametrize("name", ON_OTHERS)
def test_the_cheapest_run_comes_to_the_recorded_scores(name, data_folder):
    run_again(name)


def run_again(study: str, corpus: str | None = None) -> None:
    """To the last digit where versions are the same, else within the tolerance."""
    cheapest = min(
        (
            one
            for one in read_records(STUDIES / study)
            if corpus in (None, one["corpus"])
        ),
        key=lambda one: one["seconds"].get("whole", one["seconds"]["total"]),
    )
    lines = list(rerun_lines(STUDIES / study, cheapest["id"]))
    if not any(line.endswith(" here") for line in lines):
        assert lines[-1] == "the same scores, to the last digit"
