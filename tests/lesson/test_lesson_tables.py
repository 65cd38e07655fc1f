"""What lessons 03 to 05 report: from records and from small models."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import mtlhelpers as mtl
from mtlhelpers import lesson
from mtlhelpers.lesson.tables.lesson05 import mean_and_deviation, mean_and_interval

TAGS = ["B-person", "I-person", "O", "B-location"]
WORDS = ["Ada", "<b>", "saw", "London"]


def test_numbers_over_seeds_are_told_in_words():
    assert mean_and_deviation(pd.Series([0.5, 0.6])) == "55.0 ± 7.1"
    assert mean_and_deviation(pd.Series([0.5])) == "50.0"
    assert mean_and_interval(pd.Series([1.0, 1.0, 1.0])) == "1.0 (1.0 to 1.0)"
    assert mean_and_interval(pd.Series([-0.01, -0.03]), "+") == "+0.0 (-0.1 to +0.1)"
    assert mean_and_interval(pd.Series([], dtype=float)) == "not recorded"


def test_a_sentence_shows_labels_and_names_and_escapes_what_is_written():
    shown = lesson.show_sentence(WORDS, {"gold": ("art & craft", TAGS)})
    assert repr(shown) == "gold: art & craft | [Ada <b> person] saw [London location]"
    page = shown._repr_html_()
    assert "art &amp; craft" in page and "Ada &lt;b&gt;" in page
    assert "person" in page and "<b> saw" not in page


def test_words_without_a_tag_stand_outside_of_names():
    shown = lesson.show_sentence(["a", "b"], {"said": ("x", [None, "I-date"])})
    assert repr(shown) == "said: x | a [b date]"


def test_a_turned_sentence_was_right_and_is_wrong():
    rows = [
        {"tokens": ["one"], "label": "x", "tags": ["O"]},
        {"tokens": ["two"], "label": "x", "tags": ["B-date"]},
        {"tokens": ["three"] * 20, "label": "x", "tags": ["O"] * 20},
    ]

    def model(label, tags):
        said = SimpleNamespace(label=label, tags=tags)
        return SimpleNamespace(predict=lambda words: [said] * len(words))

    found = lesson.turned_sentence(model("x", ["O"]), model("y", ["B-date"]), rows)
    assert found == (["two"], "x", ["B-date"])


def test_remedies_stand_beside_each_other_from_records():
    runs = lesson.retention_runs()
    table = lesson.retention_table(runs)
    assert table.shape == (10, 4) and not (table == "not recorded").any(axis=None)
    told = lesson.compare_remedies(runs, "distillation", "replay, 5 %")
    assert "- newsdesk: points lost -12.9" in told and "- SNIPS: " in told
    assert lesson.refit_table(runs).shape == (2, 4)
    assert "distillation" in lesson.show_tradeoff(runs, "newsdesk").alt


@pytest.mark.parametrize("corpus", ["newsdesk", "snips"])
def test_learning_rates_decide_who_is_ahead(corpus):
    pairs = lesson.lr_pairs(corpus)
    low, high = pairs.sentence_low, pairs.sentence_high
    assert (low <= pairs.sentence).all() and (pairs.sentence <= high).all()
    assert lesson.leader_of(pairs, "each its own", "ner") == "everything"
    assert lesson.leader_of(pairs, "3e-3 for both", "ner") == "heads alone"
    assert "3e-3 for both, names" in lesson.show_pairs(pairs).alt
    assert pairs.seeds.between(3, 5).all()


def test_5e5_for_both_halves_the_names_of_everything_as_lesson_04_says():
    runs = mtl.study_table(lesson.studies_folder() / "backbone_frozen")
    runs = runs.query("corpus == 'newsdesk' and train_size == 300")
    f1 = runs.ner_f1.astype(float).groupby(runs.arm).mean()
    assert 0.45 < f1["one rate 5e-5"] / f1["none_frozen"] < 0.55


def test_layers_have_a_row_each():
    assert lesson.layer_table().shape == (7, 4)


def test_chance_is_drawn_with_where_most_heads_lie():
    values = np.linspace(0.1, 0.2, 101)
    assert "heads 10.2 to 19.8 %" in lesson.show_chance({"heads": values}, 1 / 7).alt
