"""The explorer in a notebook: one page that loads nothing, and a table beside it."""

import itertools
import json
import re
from html import unescape
from pathlib import Path

import pytest

import mtlhelpers as mtl
from mtlhelpers.errors import StudyError
from mtlhelpers.lesson.explorer import Explorer
from mtlhelpers.study.records.tables import study_table

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def explorer():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT / "notebooks")
        return mtl.lesson.show_explorer()


def inner(shown: Explorer) -> str:
    """The page inside the output, as a browser reads it."""
    return unescape(re.search(r"srcdoc='([^']*)'", shown._repr_html_())[1])


def test_the_page_survives_its_attribute_and_loads_nothing(explorer):
    page = inner(explorer)
    assert page == explorer.page
    assert not re.search(r"\b(src|href)=|https?:|@import|url\(|fetch\(", page)


def test_its_rows_are_whole(explorer):
    script = re.search(r"window\.RECORDED = (.*);\n", explorer.page)[1]
    rows = json.loads(script)["rows"]
    assert [row["scores"] for row in rows] == [row["scores"] for row in explorer.rows]
    assert all(row["runs"] for row in rows)


def test_the_table_is_that_of_the_records(explorer):
    runs = study_table(ROOT / "studies" / "transfer")
    at_300 = runs.query("corpus == 'snips+2000' and train_size == 300")
    scores = 100 * at_300.groupby("arm")[["accuracy", "ner_f1"]].mean()
    table = explorer.table.set_index("trains")
    for way, arm in (("everything", "none_frozen"),
                     ("both heads, backbone frozen", "backbone_frozen")):  # fmt: skip
        told = table.loc[way, ["labels, %", "names, F1 in %"]].astype(float)
        assert told.to_list() == pytest.approx(scores.loc[arm].to_list(), abs=0.06)
    assert str(table.loc["everything", "parameters"]) in repr(explorer)


def test_lesson_02_says_what_the_table_says(explorer):
    """Names lose more than labels, the fewer layers train."""
    scores = explorer.table.set_index("trains")[["labels, %", "names, F1 in %"]]
    scores = scores.astype(float).to_dict("index")
    (upper,) = (found for way, found in scores.items() if way.startswith("layer 4, "))
    ways = scores["everything"], upper, scores["both heads, backbone frozen"]
    for more, fewer in itertools.pairwise(ways):
        labels, names = (more[task] - fewer[task] for task in more)
        assert names > max(labels, 0)


def test_a_record_cannot_end_the_script(explorer):
    hostile = {**explorer.rows[0], "arm": "</script><img src=x onerror=alert(1)>'"}
    page = Explorer([hostile], explorer.scripts).page
    assert page.count("</script>") == 1 and "<\\/script><img" in page


def test_outside_a_clone_it_says_where_records_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="no folder studies"):
        mtl.lesson.show_explorer()
