"""Only the top layers train: what lies below the cut runs once, and changes nothing."""

from functools import cache

import pytest
import torch
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.data.encoding import Encoded
from mtlhelpers.errors import StaleFeaturesError
from mtlhelpers.model.freezing import frozen_up_to, trainable_tensors
from mtlhelpers.training import loop
from mtlhelpers.training.features.states import extract_states
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.losses import BatchLosses, live_losses, loss_function
from mtlhelpers.training.metrics import encode_for

FEW = settings(max_examples=20, deadline=None)
JOINT, DISJOINT = tiny.corpus(), tiny.disjoint_corpus()
TOPS = st.builds(
    tall.top,
    st.integers(0, tall.LAYERS),
    st.sampled_from([tall.HEADS, *((head,) for head in tall.HEADS)]),
)
WAYS = st.sampled_from([one for one in mtl.SCENARIOS.values() if one.tasks])
ROWS = st.lists(st.integers(0, 23), min_size=1, max_size=9, unique=True)


@cache
def encoded(corpus: mtl.Corpus = JOINT) -> Encoded:
    return encode_for(tall.model(corpus), corpus.splits["train"])


def prepared(scenario: str | mtl.Scenario, **settings) -> mtl.SharedModel:
    model = tall.model(**settings).eval()
    mtl.apply_scenario(model, scenario)
    return model


def gradients(model: mtl.SharedModel, losses: dict, tasks: tuple[str, ...]):
    total = sum(losses[task] for task in tasks)
    return torch.autograd.grad(total, trainable_tensors(model), allow_unused=True)


# pitfalls 13, 14 and 25
@FEW
@given(
    TOPS | tall.SCENARIOS | WAYS,
    st.just((tall.LAYERS,)) | tall.READ,
    tall.POOLINGS,
    ROWS,
    st.sampled_from([JOINT, DISJOINT]),
)
def test_losses_and_gradients_from_what_is_stored_equal_live_ones(
    scenario, layers, pooling, rows, corpus
):
    model = prepared(scenario, corpus=corpus, layers=layers, pooling=pooling)
    store = mtl.FeatureStore()
    stored = loss_function(model, encoded(corpus), store)(rows)
    live = live_losses(model, encoded(corpus), rows)
    tasks = scenario.tasks
    for task in tasks:
        torch.testing.assert_close(
            stored.losses[task], live.losses[task], atol=1e-5, rtol=0
        )
        assert bool(stored.labelled[task]) == bool(live.labelled[task])
    ways = [gradients(model, found.losses, tasks) for found in (stored, live)]
    for own, other in zip(*ways):
        assert (own is None) == (other is None)
        if own is not None:
            torch.testing.assert_close(own, other, atol=1e-5, rtol=0)


@FEW
@given(st.integers(0, tall.LAYERS), tall.POOLINGS, ROWS)
def test_a_sentence_from_the_cut_does_not_depend_on_its_company(count, pooling, rows):
    model = prepared(tall.top(count), pooling=pooling)
    losses_of = loss_function(model, encoded(), mtl.FeatureStore())
    together = losses_of(rows)
    for at, row in enumerate(rows):
        alone = losses_of([row])
        torch.testing.assert_close(
            alone.logits.sentence[0], together.logits.sentence[at], atol=1e-5, rtol=0
        )
    tokens = [len(encoded().first_pieces[row]) for row in rows]
    means = [losses_of([row]).losses["ner"] * n for row, n in zip(rows, tokens)]
    expected = sum(means) / sum(tokens)
    torch.testing.assert_close(together.losses["ner"], expected, atol=1e-5, rtol=0)


@FEW
@given(TOPS, tall.READ, ROWS)
def test_features_above_a_cut_do_not_depend_on_the_company(scenario, layers, rows):
    model = prepared(scenario, layers=layers)
    some = encode_for(model, JOINT.splits["train"].select(rows))
    store = mtl.FeatureStore()
    extract_features(model, some, store)
    whole = extract_features(model, encoded(), store)
    found = extract_features(model, some, store)
    live = extract_features(model, encoded())
    for one, other in ((whole, live), (found, whole)):
        at = rows if one is found else range(len(live.pooled))
        expected = other.pooled[list(at)]
        torch.testing.assert_close(one.pooled, expected, atol=1e-5, rtol=0)
        words = other.words[other.word_rows(at)]
        torch.testing.assert_close(one.words, words, atol=1e-5, rtol=0)


# pitfalls 7 and 25
@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_lies_below_the_cut_runs_once_a_sentence_and_never_again(count):
    model, store = tall.model(), mtl.FeatureStore()
    passes, cut = tall.Passes(model), tall.LAYERS - count
    plan = tiny.plan(tall.top(count), epochs=2, track=True, select="accuracy")
    tiny.train(model, JOINT, plan, store=store)
    once = tall.distinct(JOINT, "train", "validation", "test")
    for number in range(tall.LAYERS + 1):
        if number <= cut:
            assert passes.up_to[number] == once, number
        else:
            assert passes.up_to[number] > 2 * once, number
    tiny.train(model, JOINT, plan, store=store)
    mtl.evaluate(model, JOINT.splits["test"], store=store)
    assert {passes.up_to[number] for number in range(cut + 1)} == {once}


# The layers above draw the same dropout either way: what is frozen draws none.
@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_training_from_the_cut_equals_training_live(monkeypatch, count, dropout):
    plan = tiny.plan(tall.top(count), epochs=2, batch_size=4, track=True)
    stored = tall.model(dropout=dropout)
    run = tiny.train(stored, JOINT, plan)

    def live(model, encoded, store):
        def losses_of(rows) -> BatchLosses:
            return live_losses(model, encoded, rows)

        return losses_of

    monkeypatch.setattr(loop, "loss_function", live)
    other = tall.model(dropout=dropout)
    expected = tiny.train(other, JOINT, plan)
    for own, theirs in zip(run.history, expected.history):
        for task in ("sentence", "ner"):
            assert own[f"loss_{task}"] == pytest.approx(
                theirs[f"loss_{task}"], abs=1e-4
            )
    for name, tensor in other.named_parameters():
        if "self.key.bias" not in name:  # no true gradient: it follows the last digits
            torch.testing.assert_close(
                stored.get_parameter(name), tensor, atol=1e-4, rtol=0, msg=name
            )


# pitfall 25
@FEW
@given(st.lists(st.sampled_from(tall.PARTS), unique=True), tall.READ, st.booleans())
def test_what_can_still_move_is_never_stored(parts, layers, mode):
    model, store = tall.model().train(mode), mtl.FeatureStore()
    mtl.apply_scenario(model, mtl.Scenario(parts))
    first = min((tall.PARTS.index(part) for part in parts), default=tall.LAYERS + 1)
    if max(layers) < first:
        store.states(model, encoded(), layers)
        return
    with pytest.raises(StaleFeaturesError, match=f"hidden state {max(layers)}"):
        store.states(model, encoded(), layers)


# pitfall 25
@pytest.mark.parametrize(("part", "number"), [(0, 0), (1, 1), (4, 4)])
def test_the_state_that_a_part_gives_is_not_stored_while_it_trains(part, number):
    model, store = prepared(mtl.Scenario([tall.PARTS[part]])), mtl.FeatureStore()
    with pytest.raises(StaleFeaturesError, match=f"hidden state {number}"):
        store.states(model, encoded(), (number,))


# pitfall 25
@pytest.mark.parametrize("count", [1, 2])
def test_a_layer_below_that_moved_finds_nothing_old_and_one_above_finds_all(count):
    model, store = prepared(tall.top(count)), mtl.FeatureStore()
    cut = frozen_up_to(model)
    passes = tall.Passes(model)
    extract_features(model, encoded(), store)
    once = tall.distinct(JOINT, "train")
    assert passes.up_to[cut] == once
    with torch.no_grad():  # the lowest layer that trains
        model.backbone.encoder.layer[cut].output.dense.bias += 0.1
    moved = extract_features(model, encoded(), store)
    assert passes.up_to[cut] == once
    live = extract_features(model, encoded())
    torch.testing.assert_close(moved.pooled, live.pooled, atol=1e-5, rtol=0)

    passes.up_to.clear()
    with torch.no_grad():  # the highest that is frozen
        model.backbone.encoder.layer[cut - 1].output.dense.bias += 0.1
    extract_features(model, encoded(), store)
    assert passes.up_to[cut] == once


# pitfall 25
@FEW
@given(st.lists(tall.READ, min_size=2, max_size=4))
def test_states_of_other_layers_are_never_confused(reads):
    model, store = prepared("backbone_frozen"), mtl.FeatureStore()
    for layers in reads:
        found = store.states(model, encoded(), layers)
        fresh = extract_states(model, encoded(), layers=layers)
        torch.testing.assert_close(found.pieces, fresh.pieces, atol=1e-6, rtol=0)
        torch.testing.assert_close(found.means, fresh.means, atol=1e-6, rtol=0)


# pitfall 25
def test_scores_while_the_top_moves_are_those_of_the_model_as_it_stands():
    model, store = tall.model(), mtl.FeatureStore()
    plan = tiny.plan(tall.top(1), epochs=3, track=True, backbone_lr=0.01)
    run = tiny.train(model, JOINT, plan, store=store)
    scores = mtl.evaluate(model, JOINT.splits["validation"])
    for metric in ("accuracy", "ner_f1", "exact_match"):
        assert run.history[-1][metric] == getattr(scores, metric)
    assert run.scores == mtl.evaluate(model, JOINT.splits["test"])
    assert run.scores != run.before


def test_embeddings_train_where_they_are_all_that_is_read():
    model = tall.model(layers=(0,))
    before = tiny.weights(model)
    parts = ["backbone.embeddings", "ner_classifier"]
    tiny.train(model, JOINT, tiny.plan(mtl.Scenario(parts)))
    assert "backbone.embeddings.word_embeddings.weight" in tiny.changed(before, model)
