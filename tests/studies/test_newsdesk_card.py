import json
from pathlib import Path

import pytest
from datasets import Dataset

import mtlhelpers as mtl
from studies.newsdesk import measure as card
from studies.newsdesk.baselines import (
    bag_of_words_accuracy,
    lookup_f1,
    majority_share,
)
from studies.newsdesk.checks import judge
from studies.newsdesk.measure import (
    Measure,
    card_tables,
    planned,
    read_records,
    run_measures,
    table,
    write_card,
)


def rows(*sentences: tuple[str, str, str]) -> Dataset:
    """Sentences as (words, tags, label)."""
    return Dataset.from_dict(
        {
            "tokens": [words.split() for words, _, _ in sentences],
            "tags": [tags.split() for _, tags, _ in sentences],
            "label": [label for _, _, label in sentences],
        }
    )


def test_lookup_takes_the_longest_match_and_the_most_frequent_type():
    train = rows(
        ("New York won", "B-club I-club O", "a"),
        ("York won", "B-place O", "a"),
        ("in Jordan with Jordan and Jordan", "O B-place O B-person O B-person", "a"),
    )
    test = rows(
        ("new york met Jordan", "B-club I-club O B-person", "a"),
        ("York , not Rome", "B-place O O B-place", "a"),
    )
    # Three of four spans are found, and nothing else.
    assert lookup_f1(train, test) == pytest.approx(6 / 7)


def test_majority_and_bag_of_words():
    train = rows(*[(f"ball {i} goal", "O O O", "sport") for i in range(6)])
    other = rows(*[(f"vote {i} law", "O O O", "politics") for i in range(6)])
    both = Dataset.from_list([*train, *other])
    assert majority_share(train) == 1.0
    assert majority_share(both) == 0.5
    accuracy, settings = bag_of_words_accuracy(both, both, both)
    assert accuracy == 1.0
    assert settings.startswith("words up to ")


def record(method: str, size: int | None, seed: int, accuracy, ner_f1) -> dict:
    scores = {"accuracy": accuracy, "ner_f1": ner_f1}
    return {"method": method, "size": size, "seed": seed, "corpus": "c", **scores}


def test_a_stopped_measuring_goes_on_where_it_was(tmp_path, monkeypatch):
    corpus = mtl.load_corpus("newsdesk")
    path = tmp_path / "records.jsonl"
    wanted = [Measure("majority", None, 0), Measure("lookup", None, 0)]
    first = run_measures(corpus, wanted[:1], path)
    asked = []
    monkeypatch.setattr(
        card,
        "measure",
        lambda one, _: (
            asked.append(one)
            or record(*one, None, 0.3) | {"corpus": corpus.fingerprint}
        ),
    )
    both = run_measures(corpus, wanted, path)
    assert asked == wanted[1:]
    assert both[:1] == first
    assert read_records(path) == both == run_measures(corpus, wanted, path)


def test_records_of_another_corpus_do_not_count(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(record("majority", None, 0, 0.9, None)) + "\n", "utf-8")
    assert run_measures(mtl.load_corpus("newsdesk"), [], path) == []


def test_five_seeds_of_every_model_run():
    wanted = list(planned())
    assert len(wanted) == len(set(wanted))
    curve = [one.size for one in wanted if one.method == "minilm"]
    for size in (100, 300, 1_000, 3_000, 10_000, None):
        assert curve.count(size) == 5
    assert sum(one.method == "random:minilm" for one in wanted) == 5
    assert {one.method for one in planned(models=False)} == {
        "majority",
        "lookup",
        "bag of words",
    }


def test_the_table_gives_mean_and_deviation_over_seeds():
    found = table(
        [record("minilm", 300, 0, 0.5, 0.4), record("minilm", 300, 1, 0.7, None)]
    )
    assert found.splitlines()[2:] == ["| minilm | 300 | 2 | 60.0 ± 14.1 | 40.0 |"]


def test_bars_are_judged_where_the_records_are_there():
    assert list(judge([])) == []
    records = [
        record("lookup", None, 0, None, 0.46),
        record("bag of words", 300, 0, 0.30, None),
        record("minilm", 300, 0, 0.39, 0.60),
        record("minilm", 100, 0, 0.20, 0.60),
        record("random:minilm", 300, 0, 0.20, 0.46),
    ]
    assert {one.name: one.ok for one in judge(records)} == {
        "lookup, ner_f1": False,
        "minilm above bag of words at 300 rows, accuracy": True,
        "minilm above random:minilm at 300 rows, accuracy": True,
        "minilm above random:minilm at 300 rows, ner_f1": False,
        "minilm, ner_f1 by rows": False,
    }


def test_the_card_is_written_between_its_marks(tmp_path):
    card = tmp_path / "card.md"
    card.write_text("A\n<!-- one -->\nold\n<!-- end -->\nB\n", "utf-8")
    write_card({"one": "new"}, card)
    assert card.read_text("utf-8") == "A\n<!-- one -->\nnew\n<!-- end -->\nB\n"
    with pytest.raises(ValueError, match="no marks <!-- two -->"):
        write_card({"two": "new"}, card)


def test_the_committed_card_is_what_records_and_checks_give(tmp_path):
    records = run_measures(mtl.load_corpus("newsdesk"), [])
    committed = card.CARD.read_text("utf-8")
    again = Path(tmp_path / "card.md")
    again.write_text(committed, "utf-8")
    write_card(card_tables(records), again)
    assert again.read_text("utf-8") == committed
