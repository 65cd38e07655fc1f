"""Freezing, as properties: any family, any parts, any heads, adapters or none."""

import pytest
import torch
from helpers import tall, tiny
from helpers.encoders import EVERY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.errors import ScenarioError
from mtlhelpers.model.encoders.families import FAMILIES, stack_of

MANY = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
THIN = ("backbone.biases", "backbone.norms", "backbone.lora", "backbone.lora.query")
SCENARIOS = st.builds(
    lambda parts, thin, heads: mtl.Scenario([*parts, *thin, *heads]),
    st.lists(st.sampled_from(tall.PARTS), unique=True, max_size=2),
    st.lists(st.sampled_from(THIN), unique=True, max_size=2),
    st.lists(st.sampled_from(tall.HEADS), unique=True, min_size=1),
)
# A key's bias adds the same to every score: softmax gives it no gradient.
NO_TRUE_GRADIENT = ("key.bias", "k_lin.bias", "key_proj.bias")


def expected(model: mtl.SharedModel, scenario: mtl.Scenario) -> set[str]:
    """The names of what a scenario trains, from the parts of the encoder."""
    whole = dict(zip(tall.PARTS, stack_of(model.backbone), strict=True))
    whole |= {head: getattr(model, head) for head in tall.HEADS}
    own = {id(t) for p in scenario.train if p in whole for t in whole[p].parameters()}
    norms = {
        id(tensor)
        for module in model.backbone.modules()
        if isinstance(module, torch.nn.LayerNorm)
        for tensor in module.parameters()
    }
    query = FAMILIES[model.backbone.config.model_type].maps[0]
    found = set()
    for name, tensor in model.named_parameters():
        inside = name.startswith("backbone.")
        thin = {
            "backbone.biases": inside and name.endswith(".bias"),
            "backbone.norms": id(tensor) in norms,
            "backbone.lora": ".lora_" in name,
            "backbone.lora.query": f"{query}.lora_" in name,
        }
        if id(tensor) in own or any(thin[p] for p in scenario.train if p in thin):
            found.add(name)
    return found


@MANY
@given(st.sampled_from(EVERY), SCENARIOS, st.booleans())
def test_what_trains_moves_and_nothing_else(folders, family, scenario, mode):
    corpus = tiny.corpus()
    model = mtl.SharedModel.from_backbone(
        str(folders[family]), corpus.labels, corpus.tags
    ).train(mode)
    lora = "backbone.lora.query" in scenario.train
    if family == "modernbert" and lora and "backbone.lora" not in scenario.train:
        with pytest.raises(ScenarioError, match="in one map"):
            mtl.apply_scenario(model, scenario)
        return
    for tensor in model.parameters():
        tensor.grad = torch.ones_like(tensor)  # stale ones
    mtl.apply_scenario(model, scenario)
    before, wanted = tiny.weights(model), expected(model, scenario)
    assert {n for n, t in model.named_parameters() if t.requires_grad} == wanted
    assert all(t.grad is None for t in model.parameters() if not t.requires_grad)
    run = tiny.train(model, corpus, tiny.plan(scenario))
    assert run.proof.holds
    moved = tiny.changed(before, model)
    assert moved <= wanted
    assert all(name.endswith(NO_TRUE_GRADIENT) for name in wanted - moved)
    counted = mtl.count_parameters(model).loc["all", "trainable"]
    assert counted == sum(before[name].numel() for name in wanted)

    model.train()
    for part in stack_of(model.backbone):
        trains = any(tensor.requires_grad for tensor in part.parameters())
        assert trains or not any(one.training for one in part.children())
