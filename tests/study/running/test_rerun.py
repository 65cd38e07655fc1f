"""A record's plan run again: the same scores here, and what differs is said."""

import json

import pytest

from mtlhelpers.cli import main
from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.record import own_id
from mtlhelpers.study.records.store import read_records, write_record
from mtlhelpers.study.running import worker
from mtlhelpers.study.running.console import status_lines
from mtlhelpers.study.running.rerun import rerun_lines
from mtlhelpers.study.running.study import Study


def keys(folder) -> list[str]:
    return [record["id"] for record in read_records(folder)]


@pytest.fixture
def recorded(small):
    """The small study with the records of one run alone and one with a first stage."""
    seconds = {"seconds": {"total": 1.0}}
    there = seconds | {"revision": None, "peak_memory_bytes": None}
    for record in small.records:
        if record["plan"]["seed"] == 0 and record["plan"]["epochs"] != 2:
            first = record["first"] and record["first"] | seconds
            write_record(small.folder, record | there | {"first": first})
    assert len(keys(small.folder)) == 2
    return small


def changed(recorded, key: str, **changes) -> str:
    """Put a record with these changes in the place of one; return its id."""
    path = recorded.folder / "records" / f"{key}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    for place, value in changes.items():
        own = record[place] | value if isinstance(value, dict) else value
        record[place] = own
    record["id"] = own_id(record)
    write_record(recorded.folder, record)
    return record["id"]


def test_every_plan_comes_to_the_same_scores(recorded, capsys):
    for key in keys(recorded.folder):
        assert main(["again", str(recorded.folder), key]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert key in lines[0]
        assert lines[-1] == "the same scores, to the last digit"


def test_what_newer_versions_count_besides_makes_no_difference(recorded):
    key = keys(recorded.folder)[0]
    path = recorded.folder / "records" / f"{key}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["scores"]["sentences_with_both"]  # as records of old have it
    write_record(recorded.folder, record)
    lines = list(rerun_lines(recorded.folder, key))
    assert lines[-1] == "the same scores, to the last digit"


def test_stages_train_as_they_did_whatever_the_defaults_are_now(recorded):
    [staged] = [
        run
        for run in recorded.records
        if run["first"] and run["id"] in keys(recorded.folder)
    ]
    plan = staged["plan"]["first"] | {"batch_size": None, "head_lr": None}
    key = changed(recorded, staged["id"], plan={"first": plan})
    assert key == staged["id"]  # named by what was carried out
    lines = list(rerun_lines(recorded.folder, key))
    assert lines[-1] == "the same scores, to the last digit"


def test_versions_that_differ_are_named(recorded):
    key = keys(recorded.folder)[0]
    changed(recorded, key, environment={"numpy": "1.0"}, scores={"exact_match": 0.987})
    lines = list(rerun_lines(recorded.folder, key))
    assert any(line.startswith("numpy: 1.0 recorded, ") for line in lines)
    assert lines[-1].startswith("within what another machine may be off by")


@pytest.mark.parametrize("score", ["accuracy", "ner_f1"])
def test_a_score_that_is_off_is_refused(recorded, score, capsys):
    key = keys(recorded.folder)[0]
    [then] = [r for r in recorded.records if r["id"] == key]
    changed(recorded, key, scores={score: (then["scores"][score] + 0.5) % 1})
    assert main(["again", str(recorded.folder), key]) == 2
    assert f"off by more than another machine explains: {score}" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("field", ["corpus_sha256", "backbone_sha256"])
def test_another_corpus_or_backbone_is_refused_before_any_training(
    recorded, field, monkeypatch
):
    monkeypatch.setattr(worker, "train", lambda *_, **__: pytest.fail("it trains"))
    key = keys(recorded.folder)[0]
    key = changed(recorded, key, **{field: "0" * 64})
    with pytest.raises(StudyError, match=f"{field} is .* here"):
        list(rerun_lines(recorded.folder, key))


def test_a_record_that_is_not_there_is_named(recorded):
    with pytest.raises(StudyError, match="has no record 0123"):
        list(rerun_lines(recorded.folder, "0123"))


def test_runs_on_chosen_corpora_alone(small):
    path = small.folder / "grid.toml"
    text = path.read_text(encoding="utf-8")
    corpus = next(iter(Study(small.folder).jobs.values())).corpus
    other = text.replace('arm = "shared"', 'arm = "elsewhere"').replace(
        f"corpus = {json.dumps(corpus)}", 'corpus = "newsdesk"'
    )
    block = other[other.index("[[block]]", other.index("[[block]]") + 1) :]
    path.write_text(text + block, encoding="utf-8")
    try:
        assert len(Study(small.folder, ["newsdesk"]).left()) == 4
        assert len(Study(small.folder, [corpus]).left()) == 6
        assert len(Study(small.folder).left()) == 10
        lines = list(status_lines(Study(small.folder, ["newsdesk"])))
        assert lines[-1].startswith("4 runs declared")
        with pytest.raises(StudyError, match="no run on snips; its corpora are"):
            _ = Study(small.folder, ["snips"]).jobs
    finally:
        path.write_text(text, encoding="utf-8")
