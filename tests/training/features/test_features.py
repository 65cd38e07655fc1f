"""Stored features: equal to live ones, never another backbone's, fit for training."""

import numpy as np
import pytest
import torch
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate, encode
from mtlhelpers.errors import StaleFeaturesError
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.metrics import encode_for

FEW = settings(max_examples=20, deadline=None)
TRAIN = tiny.corpus().splits["train"]


def frozen(seed: int = 0, pooling: str = "mean") -> mtl.SharedModel:
    model = tiny.model(tiny.corpus(), seed, pooling)
    mtl.apply_scenario(model, "backbone_frozen")
    return model


class Passes:
    """Counts the sentences that go through a backbone, and those with a graph."""

    def __init__(self, model: mtl.SharedModel) -> None:
        self.sentences = self.with_graph = 0
        model.backbone.register_forward_hook(self._note)

    def _note(self, _module, inputs, output) -> None:
        count = len(output.last_hidden_state)
        self.sentences += count
        self.with_graph += count * output.last_hidden_state.requires_grad


# pitfalls 3 and 25
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_stored_features_equal_live_ones(pooling):
    model = frozen(pooling=pooling).train()
    encoded = encode_for(model, TRAIN)
    features = extract_features(model, encoded, mtl.FeatureStore())
    batch = collate(encoded, range(len(encoded)))
    with torch.no_grad():
        hidden = model.backbone(batch["input_ids"], batch["attention_mask"])
        live = model.eval()(**batch)
    pooled = model.pool(hidden.last_hidden_state, batch["attention_mask"])
    torch.testing.assert_close(features.pooled, pooled, atol=1e-4, rtol=0)
    labelled = batch["ner_labels"] >= 0
    stored = model.classify(features.pooled, features.words)
    torch.testing.assert_close(stored.sentence, live.sentence, atol=1e-4, rtol=0)
    torch.testing.assert_close(stored.ner, live.ner[labelled], atol=1e-4, rtol=0)


# pitfall 3
def test_features_of_a_model_in_train_mode_have_no_dropout():
    model = tiny.model(tiny.corpus()).train()
    encoded = encode_for(model, TRAIN)
    first, second = (extract_features(model, encoded) for _ in range(2))
    assert torch.equal(first.pooled, second.pooled)
    assert torch.equal(first.words, second.words)
    assert model.backbone.training


# pitfall 25
@FEW
@given(st.lists(st.integers(0, len(TRAIN) - 1), min_size=1, max_size=12, unique=True))
def test_features_do_not_depend_on_the_company(rows):
    model = frozen()
    encoded = encode_for(model, TRAIN)
    whole = extract_features(model, encoded)
    some = extract_features(
        model, encode_for(model, TRAIN.select(rows)), mtl.FeatureStore()
    )
    torch.testing.assert_close(some.pooled, whole.pooled[rows], atol=1e-6, rtol=0)
    words = whole.words[whole.word_rows(rows)]
    torch.testing.assert_close(some.words, words, atol=1e-6, rtol=0)


# pitfalls 7 and 25
def test_a_sentence_passes_once_whatever_looks_at_it():
    corpus, store = tiny.corpus(), mtl.FeatureStore()
    model = tiny.model(corpus)
    passes = Passes(model)
    sentences = {tuple(t) for split in corpus.splits.values() for t in split["tokens"]}
    for scenario in ("backbone_frozen", "ner_head_and_backbone_frozen"):
        plan = tiny.plan(scenario, epochs=4, select="accuracy")
        tiny.train(model, corpus, plan, store=store)
    assert passes.sentences == len(sentences)
    assert passes.with_graph == 0


# pitfall 7
def test_a_frozen_backbone_has_no_graph_when_it_runs_live():
    model = frozen().train()
    passes = Passes(model)
    ids = torch.tensor([[2, 5, 3]])
    assert model(ids, torch.ones_like(ids)).ner.requires_grad
    assert (passes.sentences, passes.with_graph) == (1, 0)


# pitfall 25
@pytest.mark.parametrize(
    "train", [["backbone"], ["backbone.layer.1"], ["backbone.embeddings"]]
)
def test_a_backbone_that_can_move_is_refused(train):
    model, store = frozen(), mtl.FeatureStore()
    encoded = encode_for(model, TRAIN)
    store.states(model, encoded, (2,))
    mtl.apply_scenario(model, mtl.Scenario(train))
    with pytest.raises(StaleFeaturesError, match="can still train.*freezes it first"):
        store.states(model, encoded, (2,))


# pitfall 25
@pytest.mark.parametrize("name", ["embeddings.word_embeddings.weight", "running"])
def test_a_backbone_that_has_moved_finds_nothing_old(name):
    model, store = frozen(), mtl.FeatureStore()
    model.backbone.register_buffer("running", torch.zeros(1))
    encoded = encode_for(model, TRAIN)
    old = extract_features(model, encoded, store)
    passes = Passes(model)
    extract_features(model, encoded, store)
    assert passes.sentences == 0
    with torch.no_grad():
        tiny_step = {
            **dict(model.backbone.named_parameters()),
            **dict(model.backbone.named_buffers()),
        }[name]
        tiny_step.view(-1)[-1].add_(1e-3)
    new = extract_features(model, encoded, store)
    assert passes.sentences == len({tuple(t) for t in TRAIN["tokens"]})
    fresh = extract_features(model, encoded)
    assert torch.equal(new.pooled, fresh.pooled)
    assert old.pooled.shape == new.pooled.shape


# pitfall 25
def test_pooling_is_part_of_the_key():
    store = mtl.FeatureStore()
    found = []
    for pooling in ("mean", "first"):
        model = frozen(pooling=pooling)
        found.append(extract_features(model, encode_for(model, TRAIN), store).pooled)
    assert not torch.allclose(*found)


# pitfall 25
def test_where_a_sentence_is_cut_is_part_of_the_key():
    model, store = frozen(), mtl.FeatureStore()
    counts = [
        len(
            extract_features(
                model, encode(TRAIN, model.tokenizer, max_length=n), store
            ).words
        )
        for n in (4, 128)
    ]
    assert counts[0] < counts[1] == sum(map(len, TRAIN["tokens"]))


# pitfall 26
@pytest.mark.parametrize("store", [None, mtl.FeatureStore()])
def test_features_can_enter_a_graph(store):
    model = frozen()
    features = extract_features(model, encode_for(model, TRAIN), store)
    for tensor in (features.pooled, features.words):
        assert not tensor.is_inference()
        assert not tensor.requires_grad
    logits = model.classify(features.pooled, features.words)
    (logits.sentence.sum() + logits.ner.sum()).backward()
    assert model.ner_classifier.weight.grad is not None


def test_words_of_rows_come_in_their_order():
    model = frozen()
    encoded = encode_for(model, TRAIN)
    features = extract_features(model, encoded)
    words = features.word_rows([3, 0])
    lengths = [len(tokens) for tokens in TRAIN["tokens"]]
    expected = [*range(sum(lengths[:3]), sum(lengths[:4])), *range(lengths[0])]
    assert words.tolist() == expected
    assert features.starts.tolist() == [0, *np.cumsum(lengths)]


# pitfall 27
def test_a_sentence_without_any_piece_has_features():
    model = frozen()
    row = {"tokens": [["\ufe0f"]], "tags": [["O"]], "label": ["go"]}
    encoded = encode_for(model, TRAIN.from_dict(row))
    features = extract_features(model, encoded, mtl.FeatureStore())
    assert (features.pooled.shape, features.words.shape) == ((1, 32), (0, 32))


def test_a_digest_tells_every_bit_and_name_apart():
    model = tiny.encoder()
    before = tensor_digest(model)
    assert tensor_digest(tiny.encoder()) == before
    weight = model.encoder.layer[0].output.dense.bias
    with torch.no_grad():
        weight[3] = -0.0 if not weight[3].signbit() else 0.0
    assert tensor_digest(model) != before
    assert tensor_digest(tiny.encoder(1)) != before
