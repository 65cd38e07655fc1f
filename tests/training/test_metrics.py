"""Scores by word, against the whole gold, with what a guess would get beside them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import Dataset
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score as entity_f1

import mtlhelpers as mtl
from mtlhelpers.data.words import spans_of
from mtlhelpers.training.metrics import (
    Gold,
    Predicted,
    encode_for,
    outcomes,
    predict_all,
    score,
)

FEW = settings(max_examples=60, deadline=None)
LABELS = ["a", "b"]
TAGS = ["O", "B-first-name", "I-first-name", "B-x", "I-x", "B-y", "I-y"]
SOME = st.lists(st.sampled_from(TAGS), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def model() -> mtl.SharedModel:
    return mtl.SharedModel(tiny.encoder(), tiny.tokenizer(), LABELS, TAGS).eval()


def sentences(tags: list, labels: list) -> Dataset:
    tokens = [["go"] * len(one or "w") for one in tags]
    return Dataset.from_dict({"tokens": tokens, "tags": tags, "label": labels})


def scores_of(model, gold: list, found: list, labels=None, said=None) -> mtl.Scores:
    """Score predictions that are given, not made."""
    labels = labels or ["a"] * len(gold)
    said = np.array([LABELS.index(label) for label in said or labels])
    rows = sentences(gold, labels)
    return scored(model, rows, Predicted(said, found))


def scored(model, rows: Dataset, predicted: Predicted) -> mtl.Scores:
    own = Gold.of(model, rows)
    return score(own, predicted, outcomes(own, predicted))


def tags(*texts: str) -> list[list[str]]:
    return [text.split() for text in texts]


# pitfall 11
@pytest.mark.parametrize(
    ("gold", "found", "lenient", "strict"),
    [
        ("B-x I-x O", "B-x I-x O", 1.0, 1.0),
        ("B-x I-x O", "I-x I-x O", 1.0, 0.0),  # opened by I-
        ("B-x I-x O", "B-x O O", 0.0, 0.0),
        ("B-x O B-y", "B-x O B-x", 0.5, 0.5),
        ("B-x O O", "O O O", 0.0, 0.0),
        ("B-x O O", "B-x B-y O", 2 / 3, 2 / 3),
        ("B-x I-x O", "B-x B-x O", 0.0, 0.0),
        ("B-first-name I-first-name O", "B-first-name I-first-name O", 1.0, 1.0),
    ],
)
def test_known_cases(model, gold, found, lenient, strict):
    scores = scores_of(model, tags(gold), tags(found))
    assert scores.ner_f1 == pytest.approx(lenient)
    assert scores.ner_f1_strict == pytest.approx(strict)
    assert "NER F1 (lenient)" in str(scores)
    assert "NER F1 (strict)" in str(scores)


# pitfall 12: F1 as the scorer of the literature counts it
@FEW
@given(st.lists(st.tuples(SOME, SOME), min_size=1, max_size=5))
def test_f1_is_what_the_spans_say(model, pairs):
    gold = [one for one, _ in pairs]
    found = [(two * len(one))[: len(one)] for one, two in pairs]
    scores = scores_of(model, gold, found)
    own = [
        {(i, *span) for i, one in enumerate(side) for span in spans_of(one)}
        for side in (gold, found)
    ]
    right, (wanted, said) = len(own[0] & own[1]), map(len, own)
    assert (scores.spans, scores.predicted_spans) == (wanted, said)
    expected = 2 * right / (wanted + said) if wanted + said else 0.0
    assert scores.ner_f1 == pytest.approx(expected)
    assert scores.words == sum(map(len, gold))


@FEW
@given(st.lists(SOME, min_size=1, max_size=5), st.data())
def test_perfect_predictions_score_one(model, found, data):
    gold = [[tag.replace("I-", "B-") for tag in one] for one in found]
    gold[0][0] = "B-x"
    labels = [data.draw(st.sampled_from(LABELS)) for _ in gold]
    scores = scores_of(model, gold, gold, labels)
    for name in ("accuracy", "macro_f1", "ner_f1", "ner_f1_strict", "exact_match"):
        assert getattr(scores, name) == 1.0


def test_an_exact_match_needs_the_label_and_every_tag(model):
    gold = tags("B-x O", "B-x O", "B-x O", "O O")
    found = tags("B-x O", "B-x B-x", "B-x O", "O O")
    scores = scores_of(model, gold, found, list("abab"), list("abbb"))
    assert scores.exact_match == 0.5
    assert (scores.accuracy, scores.labelled_sentences) == (0.75, 4)


def test_macro_f1_weighs_labels_alike(model):
    gold = tags(*["O"] * 4)
    scores = scores_of(model, gold, gold, list("aaab"), list("aaaa"))
    assert scores.macro_f1 == pytest.approx((6 / 7 + 0) / 2)


# pitfall 22
def test_the_majority_stands_beside_each_score(model):
    gold = tags("O O", "O O", "O O", "B-x O")
    nothing = tags("O O", "O O", "O O", "O O")
    scores = scores_of(model, gold, nothing, list("aaba"), list("aaaa"))
    assert scores.accuracy == scores.majority_accuracy == 0.75
    assert scores.exact_match == scores.majority_exact_match == 0.5
    assert scores.ner_f1 == 0.0  # though seven of eight words are right
    lines = str(scores).splitlines()
    assert "majority" in lines[0]
    for line in lines[1:]:
        assert line.split()[-3] in ("0.750", "0.500", "0.000", "-")


# pitfall 10
def test_a_cut_sentence_is_scored_against_its_whole_gold(model):
    gold = [["B-x", *["O"] * 150, "B-y", "I-y"]]
    rows = sentences(gold, ["a"])
    encoded = encode_for(model, rows)
    found = predict_all(model, encoded)
    assert len(found.tags[0]) == 153
    assert set(found.tags[0][126:]) == {"O"}
    kept = ["B-x", *["O"] * 152]  # all that a perfect tagger of the kept words can say
    scores = scored(model, rows, replace(found, tags=[kept]))
    assert scores.ner_f1 == pytest.approx(2 / 3)
    assert (scores.exact_match, scores.spans, scores.words) == (0.0, 2, 153)
    assert (scores.truncated_sentences, scores.words_without_piece) == (1, 27)


# pitfall 9
def test_a_word_of_two_pieces_counts_once(model):
    rows = Dataset.from_dict(
        {
            "tokens": [["songs", "Ada", "songs"]],
            "tags": [["B-x", "O", "B-y"]],
            "label": ["a"],
        }
    )
    encoded = encode_for(model, rows)
    assert encoded.lengths.tolist() == [7]
    found = predict_all(model, encoded)
    assert [len(one) for one in found.tags] == [3]
    said = model.predict([rows["tokens"][0]])[0].tags
    assert found.legal.get(0, found.tags[0]) == said
    scores = scored(model, rows, found)
    assert (scores.words, scores.spans) == (3, 2)


# pitfalls 9 and 27
def test_a_word_without_a_piece_is_predicted_o_and_counted():
    model = mtl.SharedModel(tiny.encoder(), tiny.tokenizer(), LABELS, TAGS).eval()
    with torch.no_grad():
        model.ner_classifier.bias[TAGS.index("B-x")] = 100.0
    words, gold = ["go", "\ufe0f", "songs"], ["B-x", "O", "B-x"]
    rows = Dataset.from_dict({"tokens": [words], "tags": [gold], "label": ["a"]})
    assert predict_all(model, encode_for(model, rows)).tags == [gold]
    scores = mtl.evaluate(model, rows)
    assert (scores.words_without_piece, scores.truncated_sentences) == (1, 0)
    assert scores.ner_f1 == 1.0


# pitfall 19
def test_an_absent_task_has_no_score(model):
    scores = scores_of(
        model, [["B-x"], None], [["B-x"], ["O"]], [None, "b"], ["a", "b"]
    )
    assert (scores.accuracy, scores.labelled_sentences) == (1.0, 1)
    assert (scores.ner_f1, scores.tagged_sentences) == (1.0, 1)
    assert (scores.exact_match, scores.majority_exact_match) == (None, None)
    assert "exact match" not in str(scores)


def test_an_exact_match_is_counted_on_sentences_with_both(model):
    gold = tags("B-x", "B-x", "B-x")
    scores = scores_of(model, gold, gold, [None, "b", None], ["a", "b", "a"])
    assert scores.exact_match == 1.0
    line = next(line for line in str(scores).splitlines() if "exact" in line)
    assert line.split()[-2:] == ["1", "sentences"]


@pytest.mark.parametrize("task", ["sentence", "ner"])
def test_a_model_with_one_head_scores_one_task(task):
    corpus = tiny.corpus(labels=task == "sentence", tags=task == "ner")
    for rows in (corpus.splits["test"], tiny.corpus().splits["test"]):
        scores = mtl.evaluate(tiny.model(corpus), rows)
        assert (scores.accuracy is None) == (task == "ner")
        assert (scores.ner_f1 is None) == (task == "sentence")
        assert scores.exact_match is None


def test_names_that_the_model_does_not_know_are_refused(model):
    with pytest.raises(ValueError, match="no label or tag 'new'.*its own|own labels"):
        mtl.evaluate(model, sentences([["O"]], ["new"]))
    with pytest.raises(ValueError, match="no label or tag 'B-z'"):
        mtl.evaluate(model, sentences([["B-z"]], ["a"]))


def test_evaluating_leaves_the_model_as_it_was():
    corpus = tiny.corpus()
    model = tiny.model(corpus).train()
    before, modes = tiny.weights(model), [m.training for m in model.modules()]
    scores = [mtl.evaluate(model, corpus.splits["test"]) for _ in range(2)]
    assert scores[0] == scores[1]
    assert [m.training for m in model.modules()] == modes
    assert not tiny.changed(before, model)


def test_constrained_f1_is_that_of_the_tags_that_bio_allows():
    corpus = tiny.corpus()
    model = tiny.model(corpus, seed=3).eval()
    with torch.no_grad():
        model.ner_classifier.weight.mul_(30)
    gold = Gold.of(model, corpus.splits["train"])
    found = predict_all(model, gold.encoded)
    assert found.legal
    legal = [found.legal.get(row, tags) for row, tags in enumerate(found.tags)]
    scores = mtl.evaluate(model, corpus.splits["train"])
    assert scores.ner_f1_constrained == pytest.approx(entity_f1(gold.tags, legal))
    assert scores.ner_f1 == pytest.approx(entity_f1(gold.tags, found.tags))
