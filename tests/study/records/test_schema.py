"""What is no record is refused, with the field that is at fault."""

import copy

import pytest
from helpers import outcomes
from helpers.records import record

import mtlhelpers as mtl
from mtlhelpers.errors import RecordError
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.schema import FIELDS, check_record

PLAN = mtl.Plan(train_size=10, epochs=1)
JOB = Job("arm", "corpus", "minilm", PLAN)


@pytest.fixture
def sound() -> dict:
    """A record with everything in it, of two stages."""
    own = {
        "scores": {"accuracy": 0.5, "majority_accuracy": 0.1, "spans": 12},
        "history": [{"epoch": 1, "loss_ner": 0.4, "accuracy": None}],
        "batches": {"ner": 3},
        "measured": {
            "probe": {"corpus": "hwu64", "label_right": "101"},
            "gradient_cosines": [-0.1, 0.2],
        },
        "notes": ["a note"],
    }
    first = record("0", JOB, outcomes.labels("10"), **own)
    return record("0", JOB, outcomes.labels("10-"), first=first, **own)


def test_a_sound_record_is_returned_as_it_is(sound):
    before = copy.deepcopy(sound)
    assert check_record(sound) is sound
    assert sound == before


def test_fields_that_a_later_version_adds_may_stand_beside(sound):
    check_record(sound | {"novel": [1]})


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_is_missing_is_named(sound, name):
    del sound[name]
    with pytest.raises(RecordError, match=f"no field '{name}'"):
        check_record(sound)


@pytest.mark.parametrize("odd", [None, [], "text", 1])
def test_what_is_no_object_is_refused(odd):
    with pytest.raises(RecordError, match="not an object"):
        check_record(odd)


@pytest.mark.parametrize(
    ("place", "odd", "match"),
    [
        ("id", 7, "id is 7, not a text"),
        ("steps", -1, "steps is -1, not a count"),
        ("steps", True, "steps is True, not a count"),
        ("steps", 2.0, "steps is 2.0, not a count"),
        ("peak_memory_bytes", -5, "peak_memory_bytes is -5"),
        ("scores.accuracy", 7.5, "scores.accuracy is 7.5, not a number from 0 to 1"),
        ("scores.accuracy", -0.1, "scores.accuracy is -0.1"),
        ("scores.accuracy", float("nan"), "scores.accuracy is nan"),
        ("scores.accuracy", [0.5], "scores.accuracy is a list"),
        ("scores.majority_accuracy", 1.5, "scores.majority_accuracy is 1.5"),
        ("scores.spans", -1, "scores.spans is -1"),
        ("train_scores", {}, "train_scores has no field 'accuracy'"),
        ("first.scores.ner_f1", 2.0, "first.scores.ner_f1 is 2.0"),
        ("first.history", None, "first.history is None"),
        ("history", [{"loss": 1.0}], "history is not a list of epochs"),
        ("history", [{"epoch": 1, "loss": float("inf")}], "history is a list, not"),
        ("history", [{"epoch": 1, "loss": "0.1"}], "history is a list, not"),
        ("seconds", {}, "seconds has no field 'total'"),
        ("seconds.total", "long", "seconds.total is a str"),
        ("environment", {}, "environment has no field 'dtype'"),
        ("outcomes.label_right", "10", "outcomes is a dict, not the outcomes"),
        ("outcomes.label_right", "1x0", "outcomes is a dict, not the outcomes"),
        ("outcomes.true_spans", "0(", "outcomes is not the outcomes"),
        ("outcomes", {"label_right": ""}, "outcomes is not the outcomes"),
        ("proof.moved", "none", "proof.moved is a str, not a list of texts"),
        ("batches.ner", 1.5, "batches.ner is 1.5"),
        ("notes", [1], "notes is a list, not a list of texts"),
        ("measured.probe.label_right", "12", "measured.probe.label_right is a str"),
        ("measured.gradient_cosines", ["a"], "measured.gradient_cosines is not"),
        ("plan.scenario", "half_frozen", "plan is not a plan .*half_frozen"),
        ("plan.novel", 1, "plan is not a plan .*novel"),
        ("plan", {"seed": 1}, "plan is a dict, not a plan"),
    ],
)
def test_a_value_of_another_type_or_range_is_named(sound, place, odd, match):
    *outer, name = place.split(".")
    inside = sound
    for key in outer:
        inside = inside[key]
    inside[name] = odd
    with pytest.raises(RecordError, match=match):
        check_record(sound)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "0123456789abcdef"},
        {"corpus_sha256": "1"},
        {"backbone_sha256": "1"},
        {"backbone": "random:minilm"},
        {"numerics": 2},
    ],
)
def test_an_id_of_something_else_is_refused(sound, change):
    with pytest.raises(RecordError, match="and what was done has"):
        check_record(sound | change)


def test_a_plan_that_was_changed_afterwards_is_found_by_the_id(sound):
    sound["plan"]["head_lr"] *= 2
    with pytest.raises(RecordError, match="and what was done has"):
        check_record(sound)
