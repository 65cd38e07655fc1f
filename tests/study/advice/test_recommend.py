"""A recommendation: from the records, within the budget, or not known."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers.advice import note_runs

import mtlhelpers as mtl
from mtlhelpers.cli import main
from mtlhelpers.errors import StudyError
from mtlhelpers.study.advice import recommend as recommending
from mtlhelpers.study.advice.summary import FRESH, KEEPING, MOVING, STAYING
from mtlhelpers.study.protocol import EVERYTHING, FROZEN

HEADS, FREE = FRESH[FROZEN][0], FRESH[EVERYTHING][0]
DISTILLED = f"{MOVING}, lwf"
SECONDS = {FROZEN: 10.0, EVERYTHING: 170.0}


@pytest.fixture(autouse=True)
def seconds(monkeypatch):
    """What recorded steps would be scaled to."""
    monkeypatch.setattr(
        recommending,
        "expected_seconds",
        lambda cell, *_: SECONDS.get(cell.way, 1.0),
    )


@pytest.fixture
def studies(tmp_path):
    """Two corpora that have everything ahead, at 300 sentences."""
    heads = mtl.Plan(FROZEN, layers=(3,))
    for corpus, lead in {"snips+2000": 4, "hwu64": 6}.items():
        note_runs(tmp_path, HEADS, corpus, 300, (60, 50), plan=heads)
        note_runs(tmp_path, FREE, corpus, 300, (60 + lead, 60))
    return tmp_path


def test_it_says_what_to_train_by_how_much_and_how_sure_that_is(studies):
    found = mtl.recommend(400, studies=studies)
    assert (found.scenario, found.seconds) == (EVERYTHING, SECONDS)
    assert len(found.records) == 2 * 2 * 3
    told = str(found)
    for part in (
        "Train everything.",
        "On 2 corpora of 300 sentences",
        "ahead by 4.0 to 6.0 points of accuracy in labels and",
        "ahead by 10.0 points of F1 in names",
        "-7.7 to 17.7 in labels",
        "It holds 0 in labels: the records do not decide that for your data",
        "(1 point of accuracy, 2 of F1) in 4 of 4 comparisons",
        "about 3 min, and the heads alone 10 s",
        "minilm and linear heads",
        "(275 steps), backbone rate 0.0002, head rate 0.003; recorded with 10 steps.",
        "3 seeds: snips+2000 at 300, hwu64 at 300",
    ):
        assert part in told


def test_plans_are_the_defaults_of_its_size_and_do_not_jump(studies):
    """54 sentences had twice the steps of 55: each took those of another record."""
    for size in (300, 400):
        found = mtl.recommend(size, studies=studies)
        assert found.plan == mtl.Plan(tasks=("sentence", "ner"), train_size=size)
        assert found.plans[FROZEN].layers == (3,)
    steps = []
    for size in (54, 55):
        plan = mtl.recommend(size).plan.resolve(size)
        steps.append(plan.epochs * -(-size // plan.batch_size))
    assert steps[0] == steps[1]


@pytest.mark.parametrize(
    ("budget", "expected", "said"),
    [
        (200, EVERYTHING, "Train everything."),
        (50, FROZEN, "does not fit into 50 s"),
        (5, None, "No way fits into 5 s"),
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
    assert "Not known" in str(found) and "100,000" in found.why


def test_a_recorded_corpus_speaks_for_itself(studies):
    newsdesk = mtl.load_corpus("newsdesk")
    size = len(newsdesk.splits["train"])
    for side, points in ((HEADS, (80, 50)), (FREE, (60, 40))):
        note_runs(
            studies, side, "newsdesk", size, points, corpus_sha256=newsdesk.fingerprint
        )
    found = mtl.recommend(newsdesk, studies=studies)
    assert [both.one.corpus for both in found.beside[FROZEN]] == ["newsdesk"]
    assert found.scenario == FROZEN
    assert "interval for the mean over seeds" in str(found)


def test_what_is_kept_and_what_is_gained_is_shown_and_not_weighed(studies):
    """Before stage two, labels were 90 % right."""
    note_runs(studies, KEEPING[STAYING][1], "hwu64", 300, (90, 40))
    plan = mtl.Plan(MOVING, retention="lwf", backbone_lr=1e-4)
    note_runs(studies, KEEPING[DISTILLED][1], "hwu64", 300, (88.5, 70), plan=plan)
    found = mtl.recommend(300, keep="sentence", studies=studies)
    assert (found.scenario, found.case.tasks) == (None, ("ner",))
    told = " ".join(str(found).split())
    assert f"{STAYING} 0 0 1 s hwu64 300" in told
    assert f"{DISTILLED} -1.5 +30.0 1 s hwu64 300" in told
    assert "found 30.0 points of F1 more" in told
    own = found.plans[DISTILLED]
    assert (own.retention, own.backbone_lr, own.first) == ("lwf", 1e-4, None)
    assert found.to_dict()["kept"][DISTILLED]["hwu64"] == pytest.approx(-0.015)


def test_ner_that_is_kept_stays_by_construction():
    found = mtl.recommend(300, keep="ner")
    assert found.scenario == "ner_head_and_backbone_frozen"
    assert "not recorded" in str(found)


def test_a_target_says_how_many_sentences_it_took(studies):
    note_runs(studies, FREE, "hwu64", 3_000, (90, 80))
    found = mtl.recommend(300, target_f1=70, target_accuracy=99, studies=studies)
    told = str(found)
    assert "70 F1 in names, with everything trained, took:" in told
    assert "hwu64: about 950 sentences" in told
    assert "hwu64: not known (90.0 with 3,000, the most recorded)" in told
    with pytest.raises(ValueError, match="target must be above 0"):
        mtl.recommend(300, target_f1=0)


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
def test_what_cannot_be_answered_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        mtl.recommend(300, **arguments)
    with pytest.raises(ValueError, match="above 0, not 0"):
        mtl.recommend(0)


def test_studies_that_are_not_there_are_named(tmp_path):
    for ask in (lambda where: mtl.recommend(300, studies=where), mtl.check_advice):
        with pytest.raises(StudyError, match="nowhere is no folder"):
            ask(tmp_path / "nowhere")


def test_one_task_may_be_given_by_its_name_and_a_size_by_numpy(studies):
    found = mtl.recommend(np.int64(300), "ner", studies=studies)
    assert found.case.tasks == ("ner",) and "labels" not in str(found)
    assert type(found.plan.train_size) is int


@pytest.mark.parametrize("arguments", [{}, {"keep": "sentence"}, {"target_f1": 70}])
def test_an_answer_is_json_data_too(arguments):
    for size in (300, 100_000):
        found = mtl.recommend(size, **arguments)
        data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert data["scenario"] == found.scenario
        assert data["records"] == list(found.records)


def test_it_needs_no_clone(tmp_path):
    """From an empty folder, with what ships."""
    done = subprocess.run(
        [sys.executable, "-m", "mtlhelpers", "recommend", "800"],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Train everything." in done.stdout


def test_the_command_line_says_the_same(studies, capsys):
    status = main(["recommend", "400", "--studies", str(studies), "--budget", "50"])
    assert status == 0
    assert "400 training sentences" in capsys.readouterr().out
    assert main(["recommend", "400", "--tasks", "intent"]) == 2


def test_a_quicker_way_stands_beside_the_safe_rule():
    told = str(mtl.recommend(300, tasks=["sentence"]))
    assert "safe rule. Training the last three layers and the heads is nearly" in told
    assert "behind by 0.3 points in labels, in " in told
    assert "Train everything." not in told
