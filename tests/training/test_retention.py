"""Methods that keep a frozen head's task, and measures of how far a backbone moved."""

from dataclasses import replace

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.errors import PlanError
from mtlhelpers.training.features.similarity import layer_vectors, unbiased_cka
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.retention import diagonal_fisher

FIRST = tiny.plan("none_frozen", tasks=["sentence"], train_size=8, skip=8)
PLAN = tiny.plan("sentence_head_frozen", first=FIRST, train_size=8, epochs=4)
METHODS = {"l2sp": 100.0, "ewc": 1e4, "lwf": 1.0, "replay": 0.5}


def trained(plan: mtl.Plan) -> tuple[mtl.SharedModel, mtl.Run]:
    model = tiny.model(tiny.corpus())
    return model, tiny.train(model, tiny.corpus(), plan)


def distance(model: mtl.SharedModel) -> float:
    """How far the backbone is from its stage-one weights."""
    start, _ = trained(FIRST)
    pairs = zip(model.backbone.parameters(), start.backbone.parameters())
    return sum((one - two).square().sum().item() for one, two in pairs)


# pitfalls 5 and 6
@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_method_changes_the_backbone_and_never_the_frozen_head(method):
    plain, _ = trained(PLAN)
    plan = replace(PLAN, retention=method, retention_strength=METHODS[method])
    model, run = trained(plan)
    assert run.proof.holds
    assert tiny.changed(tiny.weights(plain.backbone), model.backbone)
    start, _ = trained(FIRST)
    own = tiny.weights(start.sentence_classifier)
    assert not tiny.changed(own, model.sentence_classifier)
    again, _ = trained(plan)
    assert not tiny.changed(tiny.weights(model), again)


@pytest.mark.parametrize("method", ["l2sp", "ewc"])
def test_a_pull_to_the_earlier_weights_shortens_the_way(method):
    plan = replace(PLAN, retention=method, retention_strength=METHODS[method])
    assert distance(trained(plan)[0]) < distance(trained(PLAN)[0])


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, first=None, retention="ewc"),
        tiny.plan("none_frozen", first=FIRST, retention="ewc"),
    ],
)
def test_a_method_needs_an_earlier_stage_and_one_frozen_head(plan):
    with pytest.raises(PlanError, match="give the plan a `first` stage and freeze one"):
        trained(plan)


def test_an_unknown_method_is_refused():
    with pytest.raises(PlanError, match="retention must be one of .*ewc.*, not 'hope'"):
        replace(PLAN, retention="hope")


def test_the_fisher_information_is_of_the_task_that_it_is_asked_for():
    model = tiny.model(tiny.corpus()).train()
    mtl.apply_scenario(model, "none_frozen")
    encoded = encode_for(model, tiny.corpus().splits["train"])
    tensors = [model.sentence_classifier.weight, model.ner_classifier.weight]
    first, again = (diagonal_fisher(model, tensors, encoded, "ner", 3) for _ in "ab")
    assert not first[0].any()
    assert bool((first[1] >= 0).all())
    assert first[1].any()
    assert torch.equal(first[1], again[1])
    assert model.training
    assert tensors[1].grad is None


def test_similarity_is_one_for_a_rotation_and_near_none_for_noise():
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(100, 80, generator=draw)
    rotation = torch.linalg.qr(torch.randn(80, 80, generator=draw)).Q
    assert unbiased_cka(features, 3 * features @ rotation + 1) == pytest.approx(1.0)
    noise = torch.randn(100, 80, generator=draw)
    assert abs(unbiased_cka(features, noise)) < 0.1
    with pytest.raises(ValueError, match="four or more sentences"):
        unbiased_cka(features[:3], noise[:3])


def test_the_last_layer_is_what_the_heads_see():
    model = tiny.model(tiny.corpus()).train()
    sentences = tiny.corpus().splits["test"]
    found = layer_vectors(model, sentences)
    assert found.shape == (3, len(sentences), 32)
    own = extract_features(model, encode_for(model, sentences))
    torch.testing.assert_close(found[-1], own.pooled)
