"""Reports and confusions of what a model said, against scikit-learn and seqeval."""

import json

import pytest
from helpers import tiny
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import classification_report as spans_report
from sklearn.metrics import classification_report

import mtlhelpers as mtl
from mtlhelpers.data.words import spans_of
from mtlhelpers.training.scores import Details

TAGS = st.lists(
    st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), min_size=4, max_size=4
)
PAIR = st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz"), TAGS, TAGS)


def details(pairs) -> Details:
    gold, said, true, found = map(list, zip(*pairs))
    return Details(gold, said, list(map(spans_of, true)), list(map(spans_of, found)))


@given(st.lists(PAIR, min_size=1, max_size=8))
def test_the_report_is_scikit_learns_and_seqevals(pairs):
    made = details(pairs)
    table = made.report().set_index(["task", "name"])
    named = {"output_dict": True, "zero_division": 0}
    gold, said, true, found = map(list, zip(*pairs))
    spans = any(made.gold_spans) or any(made.spans)
    reports = {
        "sentence": classification_report(gold, said, **named),
        "ner": spans_report(true, found, **named) if spans else {},
    }
    for (task, name), row in table.iterrows():
        expected = reports[task][name]
        for column, key in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            assert row[column] == pytest.approx(expected[key])
        assert row["support"] == expected["support"]


@given(st.lists(PAIR, max_size=8))
def test_details_are_the_same_after_json(pairs):
    made = details(pairs) if pairs else Details([], [], [], [])
    assert Details.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("field", "value"),
    [("labels", []), ("labels", [3]), ("spans", [[[0, 1]]]), ("spans", [[[0, 1, 2]]])],
)
def test_what_is_no_detail_is_refused(field, value):
    plain = Details(["x"], ["x"], [None], [[]]).to_dict()
    with pytest.raises(ValueError):
        Details.from_dict(plain | {field: value})


def test_confusions_say_what_was_taken_for_what():
    made = Details(
        ["x", "x", None],
        ["y", "y", "z"],
        [[(0, 2, "a")], [(0, 1, "a"), (3, 4, "b")], None],
        [[(0, 1, "a")], [(0, 1, "b"), (6, 7, "a")], [(0, 1, "a")]],
    )
    found = set(made.confusions().itertuples(index=False, name=None))
    assert found == {
        ("sentence", "x", "y", 2),
        ("ner", "a", "a (other words)", 1),
        ("ner", "a", "b", 1),
        ("ner", "b", "nothing", 1),
        ("ner", "nothing", "a", 1),
    }


def test_a_run_reports_and_a_corpus_is_evaluated():
    corpus, model = tiny.corpus(), tiny.model(tiny.corpus())
    run = tiny.train(model, corpus, tiny.plan())
    report = run.report()
    assert report[report["task"] == "sentence"]["support"].sum() == 9
    assert mtl.evaluate(model, corpus) == mtl.evaluate(model, corpus.splits["test"])
    joined = Details.joined([run.details, run.details]).report()
    assert (joined["support"] == 2 * report["support"]).all()
