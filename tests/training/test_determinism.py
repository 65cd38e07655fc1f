"""Equal plans give equal bits; one part's draw never shifts another's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.training.features.states import equal_length_batches
from mtlhelpers.training.loop import bucketed_batches

FEW = settings(max_examples=40, deadline=None)
LENGTHS = st.lists(st.integers(3, 40), min_size=1, max_size=120).map(np.array)


def trained(plan: mtl.Plan, **named) -> tuple[mtl.SharedModel, mtl.Run]:
    model = tiny.model(tiny.corpus())
    return model, tiny.train(model, tiny.corpus(), plan, **named)


@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen"])
def test_the_same_plan_gives_the_same_bits(name):
    plan = tiny.plan(name, epochs=2, train_size=20)
    (first, run), (again, other) = trained(plan), trained(plan)
    assert not tiny.changed(tiny.weights(first), again)
    assert run.scores == other.scores
    losses = [[entry["loss_ner"] for entry in one.history] for one in (run, other)]
    assert losses[0] == losses[1]


def test_what_ran_before_has_no_say():
    plan = tiny.plan("none_frozen")
    first, _ = trained(plan)
    torch.manual_seed(99)
    np.random.seed(99)
    torch.rand(5)
    again, _ = trained(plan)
    assert not tiny.changed(tiny.weights(first), again)


def test_training_leaves_the_global_stream_alone():
    model = tiny.model(tiny.corpus())
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tiny.train(model, tiny.corpus(), tiny.plan("none_frozen"))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen"])
def test_another_seed_gives_other_bits(name):
    models = [trained(tiny.plan(name, seed=seed))[0] for seed in (0, 1)]
    assert tiny.changed(tiny.weights(models[0]), models[1])


def test_a_store_that_is_shared_changes_no_bit():
    store = mtl.FeatureStore()
    plan = tiny.plan("backbone_frozen")
    alone, _ = trained(plan)
    trained(replace(plan, scenario="ner_head_and_backbone_frozen"), store=store)
    shared, _ = trained(plan, store=store)
    assert not tiny.changed(tiny.weights(alone), shared)


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize(
    ("alone", "head"),
    [
        ("sentence_head_and_backbone_frozen", "ner_classifier"),
        ("ner_head_and_backbone_frozen", "sentence_classifier"),
    ],
)
def test_on_a_frozen_backbone_both_heads_equal_each_alone(alone, head, epochs):
    # A norm of 0.01 is always clipped: over both heads together it would tie them.
    plan = tiny.plan("backbone_frozen", epochs=epochs, clip_norm=0.01)
    both, _ = trained(plan)
    single, _ = trained(replace(plan, scenario=alone))
    before = tiny.weights(getattr(both, head))
    assert not tiny.changed(before, getattr(single, head))
    assert tiny.changed(before, getattr(tiny.model(tiny.corpus()), head))


def test_a_head_alone_is_single_task_training():
    labels = tiny.corpus(tags=False)
    plan = tiny.plan("backbone_frozen", epochs=2)
    single = tiny.model(labels)
    tiny.train(single, labels, plan)
    both, _ = trained(plan)
    own = tiny.weights(single.sentence_classifier)
    assert not tiny.changed(own, both.sentence_classifier)


def test_sentence_logits_stay_while_the_ner_head_trains():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    tiny.train(model, corpus, tiny.plan("backbone_frozen", tasks=["sentence"]))
    ids = torch.tensor([[2, 5, 9, 3], [2, 12, 3, 0]])
    mask = (ids > 0).long()
    before = model.eval()(ids, mask)
    tiny.train(model, corpus, tiny.plan("sentence_head_and_backbone_frozen"))
    after = model.eval()(ids, mask)
    assert torch.equal(before.sentence, after.sentence)
    assert not torch.equal(before.ner, after.ner)


@pytest.mark.parametrize("labels", [0, 2, 50])
def test_the_number_of_labels_leaves_the_ner_head_alone(labels):
    heads = [
        mtl.SharedModel(tiny.encoder(), tiny.tokenizer(), ["x"] * n, ["O"] * 5, seed=4)
        for n in (7, labels)
    ]
    assert torch.equal(heads[0].ner_classifier.weight, heads[1].ner_classifier.weight)


def test_a_seed_draws_heads_of_its_own():
    corpus = tiny.corpus()
    first, again, other = (tiny.model(corpus, seed) for seed in (0, 0, 1))
    assert not tiny.changed(tiny.weights(first), again)
    moved = tiny.changed(tiny.weights(first), other)
    assert moved == {"sentence_classifier.weight", "ner_classifier.weight"}
    before = tiny.weights(first)
    first.reset_head("ner_classifier", 1)
    assert torch.equal(first.ner_classifier.weight, other.ner_classifier.weight)
    assert tiny.changed(before, first) == {"ner_classifier.weight"}


def test_dropout_does_not_shift_the_order(monkeypatch):
    def orders(name: str) -> list[list[int]]:
        seen = []

        def noting(*arguments):
            batches = bucketed_batches(*arguments)
            seen.extend(batch.tolist() for batch in batches)
            return batches

        monkeypatch.setattr("mtlhelpers.training.loop.bucketed_batches", noting)
        trained(tiny.plan(name, epochs=2))
        return seen

    live, stored = orders("none_frozen"), orders("backbone_frozen")
    assert len(live) == 6
    assert live == stored


@FEW
@given(LENGTHS, st.integers(1, 16), st.integers(0, 9))
def test_bucketed_batches_hold_every_sentence_once(lengths, size, seed):
    orders = [np.random.default_rng(seed) for _ in range(2)]
    first, again = (bucketed_batches(lengths, size, order) for order in orders)
    assert sorted(np.concatenate(first)) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in first)
    assert len(first) == -(-len(lengths) // size)
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]


@FEW
@given(LENGTHS, st.integers(1, 200))
def test_equal_length_batches_need_no_padding(lengths, pieces):
    batches = list(equal_length_batches(lengths, pieces))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(set(lengths[batch])) == 1
        assert len(batch) == 1 or lengths[batch].sum() <= pieces


def test_buckets_pad_less_than_chance():
    lengths = np.random.default_rng(0).integers(3, 60, 2000)

    def padding(batches):
        return sum(lengths[b].max() * len(b) - lengths[b].sum() for b in batches)

    buckets = bucketed_batches(lengths, 32, np.random.default_rng(1))
    chance = np.array_split(np.random.default_rng(1).permutation(2000), 63)
    assert padding(buckets) < padding(chance) / 4
