"""Standardised features: the same logits once folded away, and nothing else touched."""

import numpy as np
import pytest
import torch
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.errors import PlanError
from mtlhelpers.training.features.standardise import standardised_heads
from mtlhelpers.training.features.states import Features
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.metrics import encode_for

FEW = settings(max_examples=12, deadline=None)
CORPUS = tiny.corpus()
HEAD_SCENARIOS = {
    "backbone_frozen": tall.HEADS,
    "sentence_head_and_backbone_frozen": ("ner_classifier",),
    "ner_head_and_backbone_frozen": ("sentence_classifier",),
}


def prepared(scenario: str = "backbone_frozen", **reads) -> mtl.SharedModel:
    """A model whose heads are large enough for a fault of scale to show."""
    model = tall.model(**reads).eval()
    with torch.no_grad():
        for head in tall.HEADS:
            getattr(model, head).weight.mul_(10)
            getattr(model, head).bias.uniform_(-1, 1)
    mtl.apply_scenario(model, scenario)
    return model


@torch.no_grad()
def logits(model: mtl.SharedModel, features: Features) -> dict[str, torch.Tensor]:
    found = model.classify(features.pooled, features.words)
    return {"sentence_classifier": found.sentence, "ner_classifier": found.ner}


def hooks(model: mtl.SharedModel) -> int:
    return sum(len(module._forward_pre_hooks) for module in model.modules())


def drawn_features(seed: int, shift: float, scale: float) -> Features:
    """Ten sentences of three words, each of the 32 features in its own range."""
    draw = torch.Generator().manual_seed(seed)
    means = shift * torch.randn(32, generator=draw)
    scales = scale * (0.1 + torch.rand(32, generator=draw))
    pieces = means + scales * torch.randn(50, 32, generator=draw)  # five a sentence
    word_at = np.concatenate([5 * row + np.arange(1, 4) for row in range(10)])
    pooled = pieces.view(10, 5, 32).mean(1)
    starts = np.arange(0, 31, 3)
    return Features(pooled, (pieces,), word_at, starts)


@FEW
@given(
    st.sampled_from(sorted(HEAD_SCENARIOS)),
    st.integers(0, 999),
    st.sampled_from([0.0, 1.0, 2.0]),
    st.sampled_from([1.0, 10.0]),
)
def test_the_logits_are_the_same_inside_and_after(scenario, seed, shift, scale):
    model, features = prepared(scenario), drawn_features(seed, shift, scale)
    plain, before = logits(model, features), tiny.weights(model)
    with standardised_heads(model, features):
        inside = logits(model, features)
    after = logits(model, features)
    trained = HEAD_SCENARIOS[scenario]
    for head in tall.HEADS:
        if head in trained:
            torch.testing.assert_close(after[head], inside[head], atol=1e-5, rtol=1e-5)
            assert not torch.allclose(inside[head], plain[head], atol=0.1)
        else:
            assert torch.equal(inside[head], plain[head])
            assert torch.equal(after[head], plain[head])
    moved = {name.split(".")[0] for name in tiny.changed(before, model)}
    assert moved <= set(trained)
    assert hooks(model) == 0


def test_a_head_sees_mean_0_and_deviation_1():
    model, features, seen = prepared(), drawn_features(1, 2.0, 3.0), {}
    with standardised_heads(model, features):
        for head in tall.HEADS:
            getattr(model, head).register_forward_pre_hook(
                lambda _, inputs, head=head: seen.update({head: inputs[0]})
            )
        inside = logits(model, features)
    for head, own in (
        ("sentence_classifier", features.pooled),
        ("ner_classifier", features.words),
    ):
        zeros, ones = torch.zeros(32), torch.ones(32)
        torch.testing.assert_close(seen[head].mean(0), zeros, atol=1e-4, rtol=0)
        torch.testing.assert_close(seen[head].std(0), ones, atol=0.06, rtol=0)
        rows = np.corrcoef(seen[head][:, 7], own[:, 7])
        assert rows[0, 1] == pytest.approx(1)
    assert inside["ner_classifier"].shape == (len(features.words), len(CORPUS.tags))


def assert_the_same_without(model, features, inside) -> None:
    """The heads give the logits that they gave while they saw standardised features."""
    after = logits(model, features)
    for head in tall.HEADS:
        assert bool(after[head].isfinite().all())
        torch.testing.assert_close(after[head], inside[head], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("constant", [0.0, 0.3, -7.0])
def test_a_feature_that_never_varies_is_left_at_its_scale(constant):
    model, features = prepared(), drawn_features(0, 1.0, 1.0)
    for tensor in (features.pooled, *features.pieces):
        tensor[:, 5] = constant
    before = tiny.weights(model)
    with standardised_heads(model, features):
        inside = logits(model, features)
    assert_the_same_without(model, features, inside)
    for head in tall.HEADS:
        weight = getattr(model, head).weight
        assert torch.equal(weight[:, 5], before[f"{head}.weight"][:, 5])
        assert not torch.equal(weight[:, 6], before[f"{head}.weight"][:, 6])


# Scaled up from 1e-5, such a feature would leave no digit of the logits standing.
def test_a_feature_that_hardly_varies_beside_its_mean_spoils_no_logit():
    model, features = prepared(), drawn_features(0, 1.0, 1.0)
    for tensor in (features.pooled, *features.pieces):
        tensor[:, 5] = 5 + 1e-5 * torch.randn(len(tensor))
    with standardised_heads(model, features):
        inside = logits(model, features)
    after = logits(model, features)
    for head in tall.HEADS:
        torch.testing.assert_close(after[head], inside[head], atol=1e-3, rtol=0)


def test_an_error_inside_still_folds():
    model, features = prepared(), drawn_features(0, 1.0, 1.0)
    with pytest.raises(KeyboardInterrupt), standardised_heads(model, features):
        inside = logits(model, features)
        raise KeyboardInterrupt
    assert hooks(model) == 0
    assert_the_same_without(model, features, inside)


@pytest.mark.filterwarnings("error")  # the deviation of one is no matter for a warning
def test_one_sentence_is_enough():
    model = prepared()
    one = encode_for(model, CORPUS.splits["train"].select([0]))
    features = extract_features(model, one)
    with standardised_heads(model, features):
        inside = logits(model, features)
    assert_the_same_without(model, features, inside)


@pytest.mark.parametrize("name", sorted(mtl.SCENARIOS))
def test_a_plan_that_moves_its_features_is_refused(name):
    if mtl.SCENARIOS[name].moves_backbone:
        with pytest.raises(PlanError, match="standardise needs a frozen backbone"):
            mtl.Plan(scenario=name, standardise=True)
    else:
        assert mtl.Plan(scenario=name, standardise=True).standardise


@pytest.mark.parametrize("part", ["backbone.embeddings", "backbone.layer.3"])
def test_a_plan_that_moves_a_part_of_the_backbone_is_refused(part):
    with pytest.raises(PlanError, match="standardise needs a frozen backbone"):
        mtl.Plan(scenario=mtl.Scenario([part, "ner_classifier"]), standardise=True)


@pytest.mark.parametrize("scenario", sorted(HEAD_SCENARIOS))
def test_a_trained_model_is_two_plain_linear_heads(tmp_path, scenario):
    model = prepared(scenario)
    before = tiny.weights(model)
    run = tiny.train(model, CORPUS, tiny.plan(scenario, standardise=True))
    assert hooks(model) == 0
    assert run.proof.holds
    moved = {name.split(".")[0] for name in tiny.changed(before, model)}
    assert moved == set(HEAD_SCENARIOS[scenario])
    assert run.scores == mtl.evaluate(model, CORPUS.splits["test"])
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert loaded.predict(["call Ada now"]) == model.predict(["call Ada now"])


@pytest.mark.parametrize("metric", ["accuracy", "ner_f1"])
def test_epochs_are_scored_and_chosen_with_what_the_heads_see(metric):
    model = tall.model()
    plan = tiny.plan("backbone_frozen", epochs=5, head_lr=0.3, standardise=True)
    run = tiny.train(model, CORPUS, mtl.Plan(**{**vars(plan), "select": metric}))
    values = [entry[metric] for entry in run.history]
    assert len(set(values)) > 1
    scores = mtl.evaluate(model, CORPUS.splits["validation"])
    assert getattr(scores, metric) == max(values)


def test_it_changes_what_is_learned_and_each_head_still_stands_alone():
    def trained(scenario: str, **settings) -> mtl.SharedModel:
        model = tall.model()
        tiny.train(model, CORPUS, tiny.plan(scenario, clip_norm=0.01, **settings))
        return model

    both = trained("backbone_frozen", standardise=True)
    plain = trained("backbone_frozen")
    for scenario, (head, *rest) in HEAD_SCENARIOS.items():
        if not rest:
            alone = getattr(trained(scenario, standardise=True), head)
            own = tiny.weights(getattr(both, head))
            assert not tiny.changed(own, alone)
            assert tiny.changed(own, getattr(plain, head))
