"""What the site says of records is what the records say."""

import json
import re

import numpy as np
import pytest

import mtlhelpers as mtl
from mtlhelpers.lesson.explorer import EXPLORED, backbone_sizes
from mtlhelpers.lesson.recorded import (
    alike,
    mean_score,
    recorded_rows,
    trained_parts,
    way_in_words,
)
from mtlhelpers.model.counting import parameter_table
from mtlhelpers.study.records.record import Record
from report.web import assemble
from report.web.cards import cards
from report.web.links import followed
from report.web.reference import reference


@pytest.fixture(scope="module")
def found(facts):
    return list(recorded_rows(facts.evidence.studies, facts.studies))


def test_every_run_stands_once_but_those_of_tuning(found, facts):
    told = [(one["study"], run[0]) for one in found for run in one["runs"]]
    assert len(told) == len(set(told))
    studies = [name for name in facts.studies if not name.endswith("_tuning")]
    assert set(told) == {
        (study, record["id"]) for study in studies for record in facts.records(study)
    }


def test_a_row_has_the_scores_of_its_runs(found, facts):
    own = {record["id"]: record for record in facts.records("transfer")}
    row = next(
        one for one in found if one["study"] == "transfer" and one["size"] == 300
    )
    for n, score in enumerate(("accuracy", "ner_f1")):
        scores = [100 * own[run[0]]["scores"][score] for run in row["runs"]]
        assert row["scores"][n][0] == pytest.approx(np.mean(scores), abs=0.01)
        assert row["scores"][n][1] < row["scores"][n][0] < row["scores"][n][2]
    assert row["trainable"] == own[row["runs"][0][0]]["trainable_parameters"]


def run(seed: int, accuracy: float | None) -> Record:
    plan = {"seed": seed, "first": {"seed": seed, "first": None}, "train_size": 10}
    scores = {"accuracy": accuracy, "ner_f1": 0.5}
    own = {"arm": "a", "corpus": "c", "backbone": "b", "plan": plan, "scores": scores}
    return {"id": str(seed), **own}


def test_runs_that_differ_in_seeds_alone_are_alike():
    assert [len(group) for group in alike([run(1, 0.5), run(0, 0.6)])] == [2]


def test_an_interval_stays_among_scores():
    assert mean_score([run(0, 0.1), run(1, 0.9)], "accuracy") == [50.0, 0.0, 100.0]
    assert mean_score([run(0, 0.1)], "accuracy") == [10.0]
    assert mean_score([run(0, None)], "accuracy") is None


def plan(**chosen) -> dict:
    return {"scenario": "none_frozen", "tasks": None, "retention": None, **chosen}


def test_parts_are_numbered_from_the_bottom():
    heads = ["ner_classifier", "sentence_classifier"]
    assert trained_parts(plan(scenario="last_2_layers"), 6) == [
        "layer 5",
        "layer 6",
        *heads,
    ]
    assert trained_parts(plan(scenario="first_1_layers"), 6) == ["layer 1", *heads]
    adapters = ["lora.query", "lora.value"]
    assert trained_parts(plan(scenario="lora_qv"), 6) == [*adapters, *heads]
    assert trained_parts(plan(tasks=["ner"]), 2) == [
        "embeddings",
        "layer 1",
        "layer 2",
        "ner_classifier",
    ]


def test_ways_are_said_in_words():
    assert way_in_words(plan()) == "everything"
    assert way_in_words(plan(tasks=["ner"])) == "everything, names alone"
    kept = plan(scenario="sentence_head_frozen", retention="lwf")
    assert way_in_words(kept) == "all but the sentence head, distillation"
    part = {"train": ["backbone.layer.5", "ner_classifier"], "name": ""}
    assert way_in_words(plan(scenario=part)) == "layer 6 and the NER head"


@pytest.mark.parametrize("name", EXPLORED)
def test_sizes_add_up_to_the_formulas(name):
    one, counts = (
        backbone_sizes(name),
        parameter_table(name, labels=7, tags=13)["trainable"],
    )
    heads = (one["width"] + 1) * 20
    parts, depth = one["parts"], one["depth"]
    whole = parts["embeddings"]["whole"] + depth * parts["layer"]["whole"]
    assert whole + heads == counts["none_frozen"]
    assert one["lora"]["lora"] + heads == counts["lora"]
    assert one["lora"]["lora_qv"] + heads == counts["lora_qv"]
    biases = parts["embeddings"]["biases"] + depth * parts["layer"]["biases"]
    assert biases + heads == counts["bitfit"]


def test_every_public_name_is_in_the_reference():
    page = reference()
    for name in mtl.__all__:
        if name not in ("lesson", "plots", "studies"):
            assert re.search(rf"[.`]{name}\b", page), name


def test_cards_have_licence_and_version():
    page = cards()
    assert page.count("**Licence**") == 7 and "Apache-2.0" in page and "CC0 1.0" in page


def test_the_data_are_a_script_of_json(facts):
    raw = assemble.data(facts)
    held = json.loads(raw.removeprefix("window.RECORDED = ").rstrip(";\n"))
    assert held["rows"] and set(held["sizes"]) == set(EXPLORED)


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("README.md", "site/results.md#few", "results.md#few"),
        ("site/install.md", "../teaching/README.md", "teaching/README.md"),
        ("site/install.md", "../README.md", "index.md"),
        ("teaching/README.md", "../site/own_data.md", "../own_data.md"),
        ("teaching/README.md", "../notebooks/01_b.ipynb", "../lessons/01_b.ipynb"),
        ("site/ways.md", "own_data.md", "own_data.md"),
        ("site/ways.md", "../LICENSE", "../LICENSE"),  # not on the site: left as it is
        ("site/ways.md", "https://docs.dask.org", "https://docs.dask.org"),
    ],
)
def test_links_follow_their_page(page, link, expected):
    assert followed(f"see [it]({link}), now", page) == f"see [it]({expected}), now"


def test_every_page_is_in_the_navigation():
    found = assemble.pages([("00_a", "00 a")])
    listed = {line for text in found.values() for line in text.splitlines()}
    assert {name.removesuffix(".md") for name in found} - {"index"} <= listed


def test_answers_are_folded_away_and_other_code_is_not():
    def cell(kind: str, **metadata: object) -> dict:
        return {"cell_type": kind, "metadata": metadata}

    cells = [
        cell("code", tags=["exercise"]),
        cell("code", jupyter={"source_hidden": True}),
        cell("code", tags=["slide"]),
        cell("markdown", tags=["exercise"]),
    ]
    found = assemble.folded({"cells": cells})["cells"]
    assert ["hide-input" in one["metadata"].get("tags", []) for one in found] == [
        True,
        True,
        False,
        False,
    ]


def test_lessons_come_in_order_with_their_titles(tmp_path):
    import nbformat

    for name in ("01_b", "00_a", "deeper/chance"):
        cell = nbformat.v4.new_markdown_cell(f"# {name} title\n\ntext")
        path = tmp_path / "solved" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    copied = list(assemble.copied_lessons(tmp_path / "solved", tmp_path / "lessons"))
    assert [one[1] for one in copied] == [
        "00_a title",
        "01_b title",
        "deeper/chance title",
    ]
    page = assemble.lesson_list(copied)
    assert page.index("lessons/01_b") < page.index("Deep dives")
    assert "make notebooks" in assemble.lesson_list([])
