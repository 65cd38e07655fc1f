"""Tables of lessons 08 and 09: scores of parts, decisions, who leads a comparison."""

from types import SimpleNamespace as Fake

import pytest

import mtlhelpers as mtl

STUDIES = mtl.lesson.studies_folder()


def test_precision_and_recall_are_those_of_entities():
    run = Fake(
        scores=Fake(accuracy=0.5, ner_f1=0.4),
        outcomes=Fake(correct_spans=[1, 2], predicted_spans=[2, 2], true_spans=[4, 6]),
    )
    silent = Fake(
        scores=Fake(accuracy=0.1, ner_f1=0.0),
        outcomes=Fake(correct_spans=[0], predicted_spans=[0], true_spans=[4]),
    )
    table = mtl.lesson.entity_scores({"some": run, "none": silent})
    assert table.loc["some"].tolist() == ["50.0", "40.0", "75.0", "30.0"]
    assert table.loc["none", ["precision", "recall"]].tolist() == ["0.0", "0.0"]


def test_a_way_has_a_row_once_all_its_seeds_are_recorded(tmp_path):
    table = mtl.lesson.recorded_parts(STUDIES)
    runs = mtl.study_table(STUDIES / "further").query(
        "arm == 'top half' and corpus == 'snips+2000' and train_size == 300"
    )
    score = f"{100 * runs.ner_f1.mean():.1f}"
    assert table.loc["last three layers", "names, 300"] == score
    assert {"heads alone", "everything"} <= {*table.index} and len(table.columns) == 4
    assert mtl.lesson.recorded_parts(tmp_path).empty


def test_each_decision_has_what_was_measured_and_what_it_takes():
    table = mtl.lesson.decision_table(STUDIES)
    assert len(table) == 5 and table.notna().all(axis=None)
    assert table["what was measured"].str.contains(r"\d\.\d").all()
    assert table["it takes"].str.contains("second|minute").all()


@pytest.mark.parametrize(
    ("low", "said"), [(0.01, "training everything"), (-0.01, "no clear difference")]
)
def test_who_leads_is_named_where_the_interval_leaves_out_zero(low, said):
    lead = Fake(found=Fake(low=low), first=Fake(noun="training everything"))
    assert mtl.lesson.leader(Fake(standings=Fake(leads=[lead]))) == said
    assert mtl.lesson.leader(Fake(standings=Fake(leads=[]))) == "no clear difference"
