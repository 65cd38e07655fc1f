"""Tags that BIO allows: the best of them, and untouched where they were legal."""

import itertools

import numpy as np
import pytest
import torch
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.model.heads.decoding import (
    Links,
    bio_links,
    legal_tags,
    tag_words,
    viterbi,
)

TAGS = ["O", "B-x", "I-x", "B-y", "I-y"]
FEW = settings(max_examples=40, deadline=None)


def is_legal(path, tags=TAGS) -> bool:
    before = ["O", *(tags[tag] for tag in path)]
    pairs = itertools.pairwise(before)
    return all(b[0] != "I" or a in (f"B-{b[2:]}", b) for a, b in pairs)


@FEW
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.integers(0, 999))
def test_the_best_legal_path_is_found_and_a_legal_one_is_kept(lengths, seed):
    scores = np.random.default_rng(seed).normal(size=(sum(lengths), len(TAGS)))
    best = scores.argmax(-1)
    found = legal_tags(best, scores, np.array(lengths), TAGS)
    for start, length in zip(np.cumsum([0, *lengths]), lengths):
        own = scores[start : start + length]
        paths = filter(is_legal, itertools.product(range(len(TAGS)), repeat=length))
        total = {path: own[range(length), list(path)].sum() for path in paths}
        assert tuple(found[start : start + length]) == max(total, key=total.get)


@FEW
@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.integers(0, 999))
def test_a_sentence_does_not_depend_on_its_company(lengths, seed):
    draw = np.random.default_rng(seed)
    scores, counts = draw.normal(size=(sum(lengths), 4)), np.array(lengths)
    links = Links(draw.normal(size=4), draw.normal(size=(4, 4)))
    alone = [
        viterbi(own, np.array([len(own)]), links)
        for own in np.split(scores, np.cumsum(lengths)[:-1])
    ]
    assert viterbi(scores, counts, links).tolist() == np.concatenate(alone).tolist()


def test_an_inside_tag_without_a_beginning_is_free():
    links = bio_links(("O", "I-x", "B-y", "I-y"))
    assert np.isfinite(links.start).tolist() == [True, True, True, False]
    assert np.isfinite(links.after[:, 1]).all()
    assert np.isfinite(links.after[:, 3]).tolist() == [False, False, True, True]


def test_a_word_that_is_missing_ends_a_span():
    scores = torch.full((3, len(TAGS)), -1.0)
    scores[0, 1] = scores[1, 2] = scores[2, 2] = 1.0
    head = tiny.model(tiny.corpus()).ner_classifier
    whole = tag_words(head, scores, [np.array([0, 1, 2])], TAGS)
    assert [TAGS[tag] for tag in whole.legal] == ["B-x", "I-x", "I-x"]
    torn = tag_words(head, scores, [np.array([0, 2, 3])], TAGS)
    assert torn.legal[1] != 2
    two = tag_words(head, scores, [np.array([0]), np.array([], int), [0, 1]], TAGS)
    assert two.legal[1] != 2


@pytest.mark.parametrize("kind", ["linear", "bilstm_crf"])
def test_predict_says_no_inside_without_its_beginning(kind):
    corpus = tiny.corpus()
    names = corpus.labels, corpus.tags
    for seed in range(3):
        model = mtl.SharedModel(
            tiny.encoder(), tiny.tokenizer(), *names, seed=seed, heads={"ner": kind}
        )
        with torch.no_grad():
            for tensor in model.ner_classifier.parameters():
                tensor.mul_(20)
            model.ner_classifier.requires_grad_(False)
        for said in model.predict(corpus.splits["test"]["tokens"][:]):
            assert is_legal(range(len(said.tags)), said.tags)
            assert all(0 <= share <= 1 for share in said.tag_probabilities)
