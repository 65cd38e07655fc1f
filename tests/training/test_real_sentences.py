"""The main job on SNIPS with the real backbone: what a reader is told to expect."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate
from mtlhelpers.training.metrics import encode_for

SETTINGS = {"train_size": 300, "epochs": 30, "head_lr": 1e-2}


@pytest.fixture(scope="module")
def store() -> mtl.FeatureStore:
    return mtl.FeatureStore()


@pytest.fixture(scope="module")
def small_test(snips) -> mtl.Corpus:
    """SNIPS with every fourth of its 700 test sentences."""
    test = snips.splits["test"].select(range(0, 700, 4))
    splits = deepcopy(snips.splits)
    splits["test"] = test
    return replace(snips, splits=splits)


def model_for(corpus: mtl.Corpus, minilm) -> mtl.SharedModel:
    encoder, tokenizer = minilm
    return mtl.SharedModel(deepcopy(encoder), tokenizer, corpus.labels, corpus.tags)


def test_heads_on_a_frozen_backbone_learn_snips(small_test, minilm, store):
    model = model_for(small_test, minilm)
    plan = mtl.Plan(scenario="backbone_frozen", **SETTINGS)
    run = mtl.train(model, small_test, plan, store=store, progress=False)
    assert run.scores.accuracy >= 0.85
    assert run.scores.ner_f1 >= 0.35
    assert run.scores.majority_accuracy < 0.25
    assert run.proof.holds
    assert run.trainable_parameters == 385 * (7 + len(small_test.tags))


def test_in_3b_no_sentence_logit_moves_on_snips(small_test, minilm, store):
    model = model_for(small_test, minilm)
    encoded = encode_for(model, small_test.splits["test"])
    batches = [collate(encoded, range(start, start + 16)) for start in (0, 16)]

    def logits() -> list[torch.Tensor]:
        with torch.no_grad():
            return [model.eval()(**batch).sentence for batch in batches]

    first = mtl.Plan(scenario="backbone_frozen", tasks=["sentence"], **SETTINGS)
    stage = mtl.train(model, small_test, first, store=store, progress=False)
    before = logits()
    plan = replace(first, scenario="sentence_head_and_backbone_frozen", tasks=None)
    run = mtl.train(model, small_test, plan, store=store, progress=False)
    assert all(map(torch.equal, before, logits()))
    assert run.proof.max_change == 0.0
    assert run.scores.accuracy == stage.scores.accuracy
    assert run.scores.ner_f1 > run.before.ner_f1
