"""LoRA: as peft has it, nothing changed before it trains, nothing lost afterwards."""

import copy
from dataclasses import replace

import peft
import pytest
import torch
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.errors import BackboneError
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.lora import adapters, load_lora, merge_lora, save_lora
from mtlhelpers.model.scenarios import LORA_MAPS

FEW = settings(max_examples=10, deadline=None)
CORPUS = tiny.corpus()
WAYS = ("lora", "lora_qv")
IDS = torch.tensor([[2, 5, 9, 3], [2, 11, 6, 3]])
MASK = torch.ones_like(IDS)
ALL_MAPS = "query key value attention.output.dense intermediate.dense output.dense"


def hidden(backbone) -> torch.Tensor:
    return backbone(IDS, MASK).last_hidden_state


def trained(name: str = "lora", **settings) -> mtl.SharedModel:
    model = tall.model(dropout=0.0)
    plan = tiny.plan(name, epochs=3, backbone_lr=0.02, **settings)
    tiny.train(model, CORPUS, plan)
    return model.eval()


@FEW
@given(st.sampled_from(WAYS), st.integers(1, 40), st.integers(0, 9))
def test_at_first_the_output_is_the_frozen_models_to_the_bit(name, rank, seed):
    plain, model = tall.model().eval(), tall.model().eval()
    before = tiny.weights(model)
    mtl.apply_scenario(model, name, rank=rank, seed=seed)
    assert torch.equal(hidden(model.backbone), hidden(plain.backbone))
    assert not tiny.changed(before, model)  # all the old names, and their values
    again = tall.model()
    mtl.apply_scenario(again, name, rank=rank, seed=seed)
    assert tensor_digest(again) == tensor_digest(model)
    again = tall.model()
    mtl.apply_scenario(again, name, rank=rank, seed=seed + 1)
    assert tensor_digest(again) != tensor_digest(model)


@pytest.mark.parametrize("name", WAYS)
def test_maps_that_are_adapted(name):
    model = tall.model()
    scenario = mtl.apply_scenario(model, name)
    maps = LORA_MAPS if name == "lora" else ("query", "value")
    assert set(scenario.lora_maps) == set(maps)
    expected = {
        f"encoder.layer.{number}.{LORA_MAPS[one]}"
        for number in range(tall.LAYERS)
        for one in maps
    }
    assert set(adapters(model.backbone)) == expected


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(("rank", "alpha"), [(8, 16.0), (3, 1.0)])
def test_outputs_and_gradients_are_those_of_peft(name, rank, alpha):
    model = tall.model(dropout=0.0)
    mtl.apply_scenario(model, name, rank=rank, alpha=alpha)
    for adapted in adapters(model.backbone).values():  # as if it had trained
        torch.nn.init.normal_(adapted.lora_b, std=0.3)
    targets = ALL_MAPS.split() if name == "lora" else ["query", "value"]
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets)
    theirs = peft.get_peft_model(tall.model(dropout=0.0).backbone, config)
    pairs = []
    for at, adapted in adapters(model.backbone).items():
        other = theirs.base_model.model.get_submodule(at)
        pairs.append((adapted.lora_a, other.lora_A["default"].weight))
        pairs.append((adapted.lora_b, other.lora_B["default"].weight))
    with torch.no_grad():
        for own, other in pairs:
            other.copy_(own)
    assert len(pairs) == len([t for t in theirs.parameters() if t.requires_grad])
    outputs = hidden(model.backbone), hidden(theirs)
    torch.testing.assert_close(*outputs, atol=1e-6, rtol=1e-6)
    for output in outputs:
        output.square().mean().backward()
    for own, other in pairs:
        torch.testing.assert_close(own.grad, other.grad, atol=1e-6, rtol=1e-5)


@FEW
@given(st.sampled_from(WAYS), st.integers(1, 9), st.floats(0.5, 32))
def test_merged_equals_unmerged(name, rank, alpha):
    model = trained(name, lora_rank=rank, lora_alpha=alpha)
    before = hidden(model.backbone)
    assert not torch.allclose(before, hidden(tall.model().eval().backbone), atol=1e-3)
    merge_lora(model)
    assert adapters(model.backbone) == {}
    assert list(model.state_dict()) == list(tall.model().state_dict())
    torch.testing.assert_close(hidden(model.backbone), before, atol=1e-5, rtol=1e-5)


def test_a_later_scenario_goes_on_with_adapters_of_its_kind_and_merges_others():
    model = trained()
    kept, output = tiny.weights(model), hidden(model.backbone)
    mtl.apply_scenario(model, "lora", seed=5)
    assert not tiny.changed(kept, model)
    for name in ("backbone_frozen", "lora_qv", "none_frozen"):
        later = copy.deepcopy(model)
        mtl.apply_scenario(later, name)
        torch.testing.assert_close(hidden(later.backbone), output, atol=1e-5, rtol=1e-5)
        assert len(adapters(later.backbone)) == (8 if name == "lora_qv" else 0)
    later = copy.deepcopy(model)
    mtl.apply_scenario(later, "lora", rank=3)
    torch.testing.assert_close(hidden(later.backbone), output, atol=1e-5, rtol=1e-5)
    assert {len(one.lora_a) for one in adapters(later.backbone).values()} == {3}
    assert not tiny.changed(kept, model)  # copies are copies


def test_what_training_after_lora_says_of_before_is_what_it_starts_from():
    first = tiny.plan("lora", epochs=3, backbone_lr=0.02)
    model = tall.model()
    run = tiny.train(model, CORPUS, tiny.plan("backbone_frozen", first=first))
    assert run.proof.holds and run.first.proof.holds
    assert adapters(model.backbone) == {}
    assert run.trainable_parameters == 8 * 33


# pitfall 21
@pytest.mark.parametrize("name", WAYS)
def test_a_model_is_saved_with_its_adapters_and_trains_on(name, tmp_path):
    model = trained(name, lora_rank=3, lora_alpha=5.0)
    model.save(tmp_path / "model")
    loaded = mtl.SharedModel.load(tmp_path / "model")
    assert tensor_digest(loaded) == tensor_digest(model)
    assert loaded.predict(["call Ada now"]) == model.predict(["call Ada now"])
    kept = tiny.weights(loaded)
    mtl.apply_scenario(loaded, name, rank=3, alpha=5.0)
    assert not tiny.changed(kept, loaded)


# pitfall 21
@pytest.mark.parametrize("name", WAYS)
def test_adapters_and_heads_are_one_small_file(name, tmp_path):
    model, path = trained(name), tmp_path / "small.safetensors"
    model.read("first", [3, 4])
    save_lora(model, path)
    trainable = sum(t.numel() for t in model.parameters() if t.requires_grad)
    assert path.stat().st_size < 4 * trainable + 20_000
    for other in (tall.model().eval(), trained("lora", seed=1)):
        other.backbone.load_state_dict(tall.model().backbone.state_dict())
        load_lora(other, path)
        assert tensor_digest(other) == tensor_digest(model)
        assert other.predict(["call Ada now"]) == model.predict(["call Ada now"])


def test_adapters_of_another_model_are_refused(tmp_path):
    path = tmp_path / "small.safetensors"
    with pytest.raises(BackboneError, match="no adapter to save"):
        save_lora(tall.model(), path)
    save_lora(trained(), path)
    moved = tall.model()
    with torch.no_grad():
        moved.backbone.encoder.layer[0].output.dense.bias[0] += 1e-3
    labels = replace(CORPUS, labels=["one", "two", "three"])
    for other, what in ((moved, "backbone's weights"), (tall.model(labels), "labels")):
        before = tensor_digest(other)
        with pytest.raises(BackboneError, match=f"another model: .*{what}"):
            load_lora(other, path)
        assert tensor_digest(other) == before
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BackboneError, match=r"small\.safetensors cannot be used"):
        load_lora(tall.model(), path)
    with pytest.raises(BackboneError, match="is missing"):
        load_lora(tall.model(), tmp_path / "none")


@pytest.mark.parametrize("name", WAYS)
def test_stages_are_put_back_with_their_adapters_and_without(name):
    stages = mtl.Stages()
    first = tiny.plan(name, lora_rank=3, epochs=2)
    ways = [first, tiny.plan("backbone_frozen", first=first), first]
    left = []
    for plan in [*ways, *ways]:
        model = tall.model()
        tiny.train(model, CORPUS, plan, stages=stages)
        left.append(tensor_digest(model))
    assert left[:3] == left[3:]
    assert left[0] == left[2] != left[1]
    later = trained("lora_qv", lora_rank=5)  # which give way to those of a stage
    tiny.train(later, CORPUS, first)
    assert {len(one.lora_a) for one in adapters(later.backbone).values()} == {3}
