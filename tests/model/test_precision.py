"""bfloat16 products where a device has them, on the CPU as if it were such a device."""

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.model import device as precision
from mtlhelpers.training.features.store import describe_states

CPU = torch.device("cpu")


@pytest.fixture
def lowered(monkeypatch):
    monkeypatch.setitem(precision.LOWERED, "cpu", torch.bfloat16)


def trained(scenario: str) -> tuple[mtl.SharedModel, mtl.Run, torch.Tensor]:
    """The model, its run, and by how much each of its numbers moved."""
    model = tiny.model(tiny.corpus())
    before = tiny.weights(model)
    run = tiny.train(model, tiny.corpus(), tiny.plan(scenario, epochs=10))
    after = tiny.weights(model)
    return model, run, torch.cat([(after[n] - before[n]).flatten() for n in after])


@pytest.mark.parametrize("scenario", ["none_frozen", "backbone_frozen"])
def test_lowered_products_train_on_moving_weights(scenario, lowered, monkeypatch):
    model, run, moved = trained(scenario)
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}
    assert run.environment["products"] == "bfloat16"
    monkeypatch.delitem(precision.LOWERED, "cpu")
    plain, plain_run, plainly = trained(scenario)
    assert plain_run.environment["products"] == "float32"
    assert not torch.equal(moved, plainly)
    # Copies of the first step's weights, kept for good, would lead elsewhere.
    assert torch.cosine_similarity(moved, plainly, dim=0) > 0.9


def test_everything_that_runs_the_backbone_lowers_alike(lowered):
    model, corpus = tiny.model(tiny.corpus()), tiny.corpus()
    seen = []
    layer = model.backbone.encoder.layer[0].attention.self.query
    layer.register_forward_hook(lambda *found: seen.append(found[-1].dtype))
    mtl.evaluate(model, corpus.splits["test"])
    model.predict(["call Ada now"])
    tiny.train(model, corpus, tiny.plan("none_frozen"))
    tiny.train(model, corpus, tiny.plan("backbone_frozen"))
    assert set(seen) == {torch.bfloat16}


def test_stored_states_of_other_products_are_others(lowered, monkeypatch):
    model = tiny.model(tiny.corpus())
    mtl.apply_scenario(model, "backbone_frozen")
    low = describe_states(model, (2,))
    monkeypatch.delitem(precision.LOWERED, "cpu")
    high = describe_states(model, (2,))
    with torch.autocast("cpu", torch.bfloat16):
        by_hand = describe_states(model, (2,))
    assert low == by_hand != high


def test_a_cpu_is_left_alone():
    assert precision.product_type(CPU) == torch.float32


@pytest.mark.parametrize("has, found", [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_is_asked_first(has, found, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda emulated: has)
    assert precision.product_type(torch.device("cuda")) == found
