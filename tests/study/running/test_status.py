"""What is done and left of a study, from its grid and records alone."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import tiny
from helpers.studies import corpus_folder

from mtlhelpers.study.records.record import Job, RecordedIds, own_id
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.running import console, worker
from mtlhelpers.study.running import study as running
from mtlhelpers.study.running.console import run_lines, status_lines
from mtlhelpers.study.running.study import Study

STUDIES = Path(__file__).parents[3] / "studies"
RECORDED = (
    "backbone_frozen",
    "defaults",
    "one_head_frozen",
    "retention_strengths",
    "short",
    "transfer",
    "transfer_tuning",
)
SHA = 64 * "0"


@pytest.fixture
def alone(monkeypatch):
    """Without corpora, backbones and network."""

    def absent(name, *_, **__):
        pytest.fail(f"{name} was asked for")

    monkeypatch.delenv("MTLHELPERS_DATA", raising=False)
    monkeypatch.setattr(worker, "load_corpus", absent)
    monkeypatch.setattr(worker.SharedModel, "from_backbone", absent)


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_is_left_of_a_committed_study(alone, name):
    *_, last = status_lines(Study(STUDIES / name))
    assert last == f"{len(Study(STUDIES / name).grid)} runs declared, 0 left"


def test_all_is_left_of_a_study_without_records(alone):
    *_, last = status_lines(Study(STUDIES / "bert_base"))
    declared = len(Study(STUDIES / "bert_base").grid)
    assert last == (
        f"{declared} runs declared, {declared} left; one after another: unknown"
    )


def whole(small, number: int) -> dict:
    """A record of it, with what differs by run again."""
    record, seconds = small.records[number], {"seconds": {"total": 1.0}}
    there = seconds | {"revision": None, "peak_memory_bytes": None}
    return record | there | {"first": record["first"] and record["first"] | seconds}


def test_what_records_say_is_left_is_what_a_run_would_do(small, alone, monkeypatch):
    for number in (1, 4):
        write_record(small.folder, whole(small, number))
    *rows, last = status_lines(Study(small.folder))
    assert last.startswith("6 runs declared, 4 left")
    shown = {row.split()[0]: int(row.split()[3]) for row in rows[1:]}
    monkeypatch.undo()
    assert Counter(shown) == Counter(job.arm for job in small.study.left().values())


def test_another_grid_is_not_what_was_recorded(small, alone):
    write_record(small.folder, whole(small, 0))
    recorded = RecordedIds([whole(small, 0)])
    job = Job.of(small.records[0])
    assert recorded.id_of(job) in recorded.done
    for other in (
        replace(job, plan=replace(job.plan, seed=7)),
        replace(job, plan=replace(job.plan, head_lr=0.5)),
        replace(job, threads=job.threads + 1),
        replace(job, backbone=f"random:{job.backbone}"),
        replace(job, corpus="another"),
    ):
        assert recorded.id_of(other) not in recorded.done


def test_epochs_left_open_are_those_of_the_sentences_trained_with(tmp_path):
    """Those of one task of a disjoint corpus are fewer than there are."""
    backbone = json.dumps(str(tiny.save_backbone(tmp_path / "backbone")))
    corpus = corpus_folder(tmp_path / "corpus", tiny.disjoint_corpus())
    (tmp_path / "grid.toml").write_text(
        f"""
        [[block]]
        arm = "heads"
        corpus = {corpus}
        backbone = {backbone}
        [block.plan]
        scenario = "sentence_head_and_backbone_frozen"
        first = {{ scenario = "backbone_frozen", tasks = [["sentence"]] }}
        """,
        encoding="utf-8",
    )
    (record,) = Study(tmp_path).run()
    assert own_id(record) == record["id"]
    assert [*status_lines(Study(tmp_path))][-1] == "1 runs declared, 0 left"


def test_a_run_reads_grid_and_records_once(small, monkeypatch):
    for number in range(6):
        write_record(small.folder, whole(small, number))
    reads = []
    for place, name in (
        (console, "read_with_faults"),
        (running, "read_with_faults"),
        (running, "read_grid"),
    ):
        plain = getattr(place, name)

        def noting(path, plain=plain, name=name):
            reads.append(name)
            return plain(path)

        monkeypatch.setattr(place, name, noting)
    assert list(run_lines(Study(small.folder)))[0] == "6 runs declared, 0 left"
    assert sorted(reads) == ["read_grid", "read_with_faults"]
    (small.folder / "records.parquet").unlink()


def test_a_kind_of_device_makes_records_of_its_own(small):
    job = small.study.grid[0]
    here = worker.Worker().id_of(job)
    assert here in small.study.jobs
    assert worker.Worker(worker.torch.device("cuda")).id_of(job) != here
    with pytest.raises(ValueError, match="device 'cuda:77' is not here"):
        _ = Study(small.folder, device="cuda:77").jobs
