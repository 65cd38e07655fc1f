"""Hidden states of whole sentences, and features of any layers made from them."""

import numpy as np
import pytest
import torch
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate
from mtlhelpers.training.features.states import equal_length_batches, extract_states
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.metrics import encode_for

FEW = settings(max_examples=20, deadline=None)
TRAIN = tiny.corpus().splits["train"]


def frozen(pooling: str = "mean") -> mtl.SharedModel:
    model = tiny.model(tiny.corpus(), pooling=pooling)
    mtl.apply_scenario(model, "backbone_frozen")
    return model


# pitfall 13
def test_states_are_the_pieces_of_each_sentence_and_their_mean():
    model = frozen().train()
    encoded = encode_for(model, TRAIN)
    states = extract_states(model, encoded)
    assert states.starts.tolist() == [0, *np.cumsum(encoded.lengths)]
    for row, ids in enumerate(encoded.input_ids):
        with torch.no_grad():
            own = model.eval().backbone(torch.tensor(ids)[None]).last_hidden_state[0]
        found = states.pieces[states.piece_rows([row])]
        torch.testing.assert_close(found, own, atol=1e-5, rtol=0)
        torch.testing.assert_close(states.means[row], own.mean(0), atol=1e-5, rtol=0)


@FEW
@given(st.lists(st.integers(0, len(TRAIN) - 1), max_size=6))
def test_pieces_of_rows_come_in_their_order(rows):
    model = frozen()
    states = extract_states(model, encode_for(model, TRAIN))
    ranges = [range(states.starts[row], states.starts[row + 1]) for row in rows]
    assert states.piece_rows(rows).tolist() == [at for own in ranges for at in own]


def test_some_rows_are_run_alone_and_the_mode_is_left_as_it_was():
    model = tiny.model(tiny.corpus()).train()
    encoded = encode_for(model, TRAIN)
    whole = extract_states(model, encoded)
    some = extract_states(model, encoded, np.array([7, 2]))
    assert model.training
    expected = whole.pieces[whole.piece_rows([7, 2])]
    torch.testing.assert_close(some.pieces, expected, atol=1e-6, rtol=0)
    none = extract_states(model, encoded, np.array([], dtype=np.int64))
    assert (none.pieces.shape, none.means.shape) == ((0, 32), (0, 32))


# pitfall 25
@pytest.mark.parametrize("layers", [(0,), (1,), (0, 2)])
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_features_are_of_the_layers_that_the_model_reads(layers, pooling):
    model = frozen(pooling=pooling)
    model.read(layers=layers)
    encoded = encode_for(model, TRAIN)
    found = extract_features(model, encoded, mtl.FeatureStore())
    with torch.no_grad():
        live = model(**collate(encoded, range(len(encoded))))
    logits = model.classify(found.pooled, found.words)
    torch.testing.assert_close(logits.sentence, live.sentence, atol=1e-5, rtol=0)


# pitfalls 7 and 25
@pytest.mark.parametrize("layers", [(1,), (2,), (1, 2), (0, 2)])
def test_a_frozen_backbone_runs_once_whatever_layers_are_read(layers):
    model, store = frozen(), mtl.FeatureStore()
    model.read(layers=layers)
    encoded = encode_for(model, TRAIN)
    extract_features(model, encoded, store)
    passes = tall.Passes(model)
    extract_features(model, encoded, store)
    assert not passes.up_to


def test_what_is_asked_as_it_was_run_is_not_copied(tmp_path):
    model = frozen()
    encoded = encode_for(model, TRAIN.select(range(5)))
    for store in (mtl.FeatureStore(), mtl.FeatureStore(tmp_path)):
        first, again = (store.states(model, encoded, (2,)) for _ in range(2))
        assert first.pieces.data_ptr() == again.pieces.data_ptr()
        store.states(model, encode_for(model, TRAIN), (2,))
        again = store.states(model, encoded, (2,))
        assert first.pieces.data_ptr() == again.pieces.data_ptr()


@FEW
@given(st.lists(st.lists(st.integers(0, 23), min_size=1, max_size=9), min_size=1))
def test_sentences_of_several_segments_come_in_the_order_that_is_asked(requests):
    model, store = frozen(), mtl.FeatureStore()
    whole = mtl.FeatureStore().states(model, encode_for(model, TRAIN), (2,))
    for rows in requests:
        encoded = encode_for(model, TRAIN.select(rows))
        found = store.states(model, encoded, (2,))
        own = whole.pieces[whole.piece_rows(rows)]
        torch.testing.assert_close(found.pieces, own, atol=1e-6, rtol=0)
        torch.testing.assert_close(found.means, whole.means[rows], atol=1e-6, rtol=0)
        assert found.starts.tolist() == [0, *np.cumsum(encoded.lengths)]


@FEW
@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 30))
def test_batches_of_one_length_keep_their_order(lengths, pieces):
    lengths = np.array(lengths)
    batches = equal_length_batches(lengths, pieces)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for rows in batches:
        assert len(set(lengths[rows])) == 1
        assert len(rows) == 1 or len(rows) * lengths[rows[0]] <= pieces
    # Put in that order, sentences are cut where they were: a file is written in order.
    again = equal_length_batches(lengths[np.concatenate(batches)], pieces)
    assert np.array_equal(np.concatenate(again), np.arange(len(lengths)))
