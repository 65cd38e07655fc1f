"""A recommendation: from the records, within the budget, or not known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers import tiny
from helpers.advice import note_runs

import mtlhelpers as mtl
from mtlhelpers.cli import main
from mtlhelpers.study.advice import recommend as recommending
from mtlhelpers.study.advice.neighbours import FRESH, KEEPING
from mtlhelpers.study.errors import StudyError

(FROZEN,) = FRESH["backbone_frozen"]
(FREE,) = FRESH["none_frozen"]
KEPT_MORE = KEEPING["sentence_head_frozen"][1]
STAYED_MORE = KEEPING["sentence_head_and_backbone_frozen"][1]

SECONDS = {"backbone_frozen": 10.0, "none_frozen": 100.0}
HEADS = mtl.Plan("backbone_frozen", epochs=20, batch_size=32, head_lr=3e-3)
ALL = mtl.Plan(epochs=6, batch_size=16, backbone_lr=4e-4, head_lr=3e-3)


@pytest.fixture(autouse=True)
def seconds(monkeypatch):
    """What the recorded runs would be scaled to."""
    monkeypatch.setattr(
        recommending,
        "expected_seconds",
        lambda runs, *_: SECONDS.get(runs[0]["plan"]["scenario"], 1.0),
    )


@pytest.fixture
def studies(tmp_path):
    """Two corpora that have everything trained ahead, at 300 sentences."""
    for corpus, points in {"snips+2000": 80, "hwu64": 60}.items():
        note_runs(tmp_path, FROZEN, corpus, 300, (points, 50), plan=HEADS)
        note_runs(tmp_path, FREE, corpus, 300, (points + 5, 60), plan=ALL)
    return tmp_path


def test_it_says_what_to_freeze_and_what_to_expect(studies):
    found = mtl.recommend(400, studies=studies)
    assert found.scenario == "none_frozen"
    assert found.expected["none_frozen"]["sentence"].mean == pytest.approx(0.75)
    assert found.seconds == SECONDS
    assert len(found.records) == 2 * 2 * 3
    told = str(found)
    for part in (
        "400 training sentences, to learn sentence and ner: none_frozen",
        "on all 2 corpora",
        "one more corpus",
        "none_frozen: accuracy 75.0",
        "about 100 s\n  backbone_frozen: accuracy 70.0",
        "from snips+2000 at 300 sentences, 3 seeds",
    ):
        assert part in told


def test_its_plan_is_that_of_the_nearest_records(studies):
    plan = mtl.recommend(150, studies=studies).plan
    assert (plan.train_size, plan.seed, plan.backbone_lr) == (150, 0, 4e-4)
    assert plan.tasks == ("sentence", "ner")
    # The made-up runs took 10 steps, and so does the plan where it has less data.
    assert mtl.recommend(300, studies=studies).plan.epochs == 6
    assert plan.epochs * 5 >= 10


def test_its_plan_can_be_trained(studies):
    corpus = tiny.corpus()
    found = mtl.recommend(corpus, studies=studies, keep="")
    assert found.scenario is None  # so few sentences lie far from every record
    plan = mtl.recommend(300, studies=studies).plan
    size = len(corpus.splits["train"])
    run = mtl.train(
        tiny.model(corpus), corpus, replace(plan, train_size=size), progress=False
    )
    assert run.plan.epochs == plan.epochs


@pytest.mark.parametrize(
    ("budget", "expected", "said"),
    [
        (200, "none_frozen", "speak for none_frozen"),
        (50, "backbone_frozen", "does not fit into 50 s"),
        (5, None, "No scenario fits into 5 s"),
    ],
)
def test_a_budget_rules_out_what_takes_longer(studies, budget, expected, said):
    found = mtl.recommend(300, budget=budget, studies=studies)
    assert found.scenario == expected
    assert said in str(found)
    assert (found.plan is None) == (expected is None)


def test_what_no_record_reaches_is_not_known(studies):
    found = mtl.recommend(100_000, studies=studies)
    assert found.scenario is None and not found.records
    assert "not known" in str(found) and "100,000" in found.why


def test_a_recorded_corpus_speaks_for_itself(studies):
    newsdesk = mtl.load_corpus("newsdesk")
    size = len(newsdesk.splits["train"])
    sha = {"corpus_sha256": newsdesk.fingerprint}
    note_runs(studies, FROZEN, "newsdesk", size, (80, 50), **sha)
    note_runs(studies, FREE, "newsdesk", size, (60, 40), **sha)
    note_runs(studies, FROZEN, "hwu64", size, (80, 50))
    note_runs(studies, FREE, "hwu64", size, (99, 99))
    found = mtl.recommend(newsdesk, studies=studies)
    assert [one.corpus for one in found.near] == ["newsdesk"]
    assert found.scenario == "backbone_frozen"
    assert "one more seed on this corpus" in str(found)


def test_a_head_that_is_kept_has_records_of_its_own(studies):
    first = mtl.Plan(tasks=("sentence",), train_size=9, skip=9)
    stayed = mtl.Plan(
        "sentence_head_and_backbone_frozen", epochs=2, batch_size=16, first=first
    )
    kept = mtl.Plan("sentence_head_frozen", epochs=2, batch_size=16, first=first)
    note_runs(studies, STAYED_MORE, "hwu64", 300, (90, 40), plan=stayed)
    note_runs(studies, KEPT_MORE, "hwu64", 300, (89.5, 70), plan=kept)
    found = mtl.recommend(300, keep="sentence", studies=studies)
    assert (found.scenario, found.case.tasks) == ("sentence_head_frozen", ("ner",))
    assert (found.plan.first.train_size, found.plan.first.skip) == (300, 0)
    assert "to keep sentence" in str(found)
    assert "sentence_head_frozen, with learning without forgetting:" in str(found)
    note_runs(studies, STAYED_MORE, "newsdesk", 300, (90, 40), plan=stayed)
    note_runs(studies, KEPT_MORE, "newsdesk", 300, (80, 70), plan=kept)
    found = mtl.recommend(300, keep="sentence", studies=studies)
    assert found.scenario == "sentence_head_and_backbone_frozen"
    assert "costs the task to keep more than its margin" in found.why


def test_ner_that_is_kept_stays_by_construction(studies):
    found = mtl.recommend(300, keep="ner", studies=studies)
    assert found.scenario == "ner_head_and_backbone_frozen"
    assert not found.expected and "not recorded" in found.why


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"tasks": ("intent",)},
            "no task 'intent': what is recorded has sentence and ner",
        ),
        ({"tasks": ("ner",), "keep": "ner"}, "kept cannot be learned"),
        ({"budget": 0}, "above 0 seconds"),
        ({"keep": "words"}, "no task 'words'"),
    ],
)
def test_what_cannot_be_answered_is_refused(studies, arguments, said):
    with pytest.raises(ValueError, match=said):
        mtl.recommend(300, studies=studies, **arguments)


def test_studies_that_are_not_there_are_named(tmp_path):
    with pytest.raises(StudyError, match="nowhere is no folder"):
        mtl.recommend(300, studies=tmp_path / "nowhere")
    with pytest.raises(StudyError, match="nowhere is no folder"):
        mtl.check_advice(tmp_path / "nowhere")


def test_one_task_may_be_given_by_its_name(studies):
    assert mtl.recommend(300, "ner", studies=studies).case.tasks == ("ner",)


def test_a_size_must_be_above_0(studies):
    with pytest.raises(ValueError, match="above 0, not 0"):
        mtl.recommend(0, studies=studies)


def test_a_size_may_be_an_integer_of_numpy(studies):
    found = mtl.recommend(np.int64(300), studies=studies)
    assert str(found) == str(mtl.recommend(300, studies=studies))
    assert type(found.plan.train_size) is int


def test_seconds_are_called_an_estimate(studies):
    assert "seconds of training here, estimated" in str(
        mtl.recommend(300, studies=studies)
    )


def test_an_answer_is_json_data_too(studies):
    note_runs(studies, FROZEN, "newsdesk", 30, (80, 60), seeds=2)
    note_runs(studies, FREE, "newsdesk", 30, (80, 60), seeds=2)
    for size in (300, 30, 100_000):
        found = mtl.recommend(size, studies=studies)
        data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert data["scenario"] == found.scenario
        assert data["records"] == list(found.records)


def test_runs_on_all_sentences_do_not_stand_in_the_way(studies):
    for side in (FROZEN, FREE):
        note_runs(studies, side, "hwu64", 250, (99, 99))
    for path in (studies / FREE.study / "records").glob("*-250-*.json"):
        run = json.loads(path.read_text(encoding="utf-8"))
        run["plan"]["train_size"] = None
        path.write_text(json.dumps(run), encoding="utf-8")
    found = mtl.recommend(300, studies=studies)
    assert [one.size for one in found.near] == [300, 300]
    assert len(mtl.check_advice(studies)) == 0


def test_the_command_line_says_the_same(studies, capsys):
    status = main(["recommend", "400", "--studies", str(studies), "--budget", "50"])
    assert status == 0
    assert "400 training sentences" in capsys.readouterr().out
    assert main(["recommend", "400", "--tasks", "intent"]) == 2
