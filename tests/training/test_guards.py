"""The checks that stop a training which cannot do what it says."""

from dataclasses import replace

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.training.optimizer import (
    TrainingError,
    build_optimizer,
    build_schedule,
    check_gradients,
    check_optimizer,
    clip_each_part,
)
from mtlhelpers.training.plan import PlanError
from mtlhelpers.training.run import FreezingWitness


def frozen(scenario: str = "backbone_frozen") -> mtl.SharedModel:
    model = tiny.model(tiny.corpus())
    mtl.apply_scenario(model, scenario)
    return model


# pitfall 1
@pytest.mark.parametrize("name", sorted(set(mtl.SCENARIOS) - {"all_frozen"}))
def test_the_optimizer_holds_each_trainable_tensor_once_and_no_other(name):
    model = frozen(name)
    optimizer = build_optimizer(model, mtl.Plan(scenario=name).resolve(10))
    check_optimizer(optimizer, model)
    held = [id(t) for group in optimizer.param_groups for t in group["params"]]
    assert sorted(held) == sorted(id(t) for t in model.parameters() if t.requires_grad)


# pitfall 1
@pytest.mark.parametrize(
    ("built_in", "run_in"),
    [
        ("none_frozen", "backbone_frozen"),
        ("backbone_frozen", "none_frozen"),
        ("sentence_head_and_backbone_frozen", "ner_head_and_backbone_frozen"),
    ],
)
def test_an_optimizer_built_before_freezing_or_thawing_is_refused(built_in, run_in):
    model = frozen(built_in)
    optimizer = build_optimizer(model, mtl.Plan(scenario=built_in).resolve(10))
    mtl.apply_scenario(model, run_in)
    with pytest.raises(TrainingError, match="Build it after the scenario is applied"):
        check_optimizer(optimizer, model)


# pitfall 1
def test_the_loop_checks_its_optimizer(monkeypatch):
    def forgetful(model, plan):
        return torch.optim.AdamW(model.ner_classifier.parameters())

    monkeypatch.setattr("mtlhelpers.training.loop.build_optimizer", forgetful)
    corpus = tiny.corpus()
    with pytest.raises(TrainingError, match="missing: sentence_classifier.weight"):
        tiny.train(tiny.model(corpus), corpus, tiny.plan("backbone_frozen"))


# pitfall 1
def test_each_part_has_its_rate_and_vectors_do_not_decay():
    plan = mtl.Plan(backbone_lr=2e-5, head_lr=1e-3, weight_decay=0.1).resolve(10)
    for group in build_optimizer(frozen("none_frozen"), plan).param_groups:
        assert group["lr"] == (2e-5 if group["part"] == "backbone" else 1e-3)
        dims = {tensor.dim() for tensor in group["params"]}
        assert dims == ({1} if group["weight_decay"] == 0 else {2})


def test_rates_rise_and_fall_along_lines():
    plan = mtl.Plan(warmup=0.2, head_lr=1.0, backbone_lr=1.0).resolve(10)
    optimizer = build_optimizer(frozen(), plan)
    schedule, seen = build_schedule(optimizer, plan, steps=10), []
    for _ in range(10):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    expected = [0.5, 1.0, *(1 - k / 8 for k in range(8))]
    assert seen == pytest.approx(expected)


# pitfall 17
def test_a_tensor_without_a_gradient_is_named():
    model = frozen("none_frozen")
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    check_gradients(model)
    model.backbone.embeddings.LayerNorm.weight.grad = None
    model.ner_classifier.bias.grad[1] = torch.nan
    with pytest.raises(TrainingError) as caught:
        check_gradients(model)
    for part in ("2 tensors", "backbone.embeddings.LayerNorm.weight", "ner_classifier"):
        assert part in str(caught.value)


# pitfall 17
def test_a_part_that_no_loss_depends_on_stops_the_run():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    model.backbone.register_parameter("adapter", torch.nn.Parameter(torch.zeros(2)))
    with pytest.raises(TrainingError, match=r"1 tensors .*: backbone\.adapter\."):
        tiny.train(model, corpus, tiny.plan())


# pitfall 17
def test_a_loss_that_is_not_a_number_stops_the_run():
    corpus = tiny.corpus()
    for plan in (
        tiny.plan("backbone_frozen", head_lr=float("inf"), epochs=2),
        tiny.plan("none_frozen", backbone_lr=float("inf"), epochs=2),
    ):
        with pytest.raises(TrainingError, match="not finite in epoch 1: lower the"):
            tiny.train(tiny.model(corpus), corpus, plan)


# pitfall 23
def test_each_part_is_clipped_by_itself():
    model = frozen("none_frozen")
    for name, tensor in model.named_parameters():
        size = 100.0 if name.startswith("sentence") else 1e-6
        tensor.grad = torch.full_like(tensor, size)
    norms = clip_each_part(model, 1.0)
    count = sum(t.numel() for t in model.sentence_classifier.parameters())
    assert norms["sentence_classifier"].item() == pytest.approx(100 * count**0.5)
    clipped = torch.cat(
        [t.grad.flatten() for t in model.sentence_classifier.parameters()]
    )
    assert clipped.norm().item() == pytest.approx(1.0, rel=1e-4)
    assert torch.equal(
        model.ner_classifier.bias.grad, torch.full_like(model.ner_classifier.bias, 1e-6)
    )


# pitfalls 2 and 16
def test_the_witness_names_what_moved():
    model = frozen()
    witness = FreezingWitness.watch(model)
    assert witness.compare(model).holds
    assert "bit-identical" in str(witness.compare(model))
    bias = model.backbone.encoder.layer[1].output.dense.bias
    with torch.no_grad():
        bias[0] += 0.5
        model.ner_classifier.bias += 1.0  # not frozen: no matter
    proof = witness.compare(model)
    assert not proof.holds
    assert proof.moved == ("backbone.encoder.layer.1.output.dense.bias",)
    assert proof.max_change > 0
    assert "MOVED: backbone.encoder.layer.1.output.dense.bias" in str(proof)


# pitfall 2
def test_the_witness_sees_a_bit_that_leaves_the_value_alone():
    model = frozen()
    with torch.no_grad():
        model.backbone.embeddings.LayerNorm.bias[0] = 0.0
    witness = FreezingWitness.watch(model)
    with torch.no_grad():
        model.backbone.embeddings.LayerNorm.bias[0] = -0.0
    assert witness.compare(model).moved == ("backbone.embeddings.LayerNorm.bias",)


# pitfall 4
def test_a_run_tells_of_a_frozen_buffer_that_moved():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    model.sentence_classifier.register_buffer(
        "seen", torch.zeros((), dtype=torch.int64)
    )
    model.sentence_classifier.register_forward_hook(
        lambda module, *_: module.seen.add_(1) and None
    )
    run = tiny.train(model, corpus, tiny.plan("sentence_head_frozen"))
    assert not run.proof.holds
    assert run.proof.moved == ("sentence_classifier.seen",)


# pitfall 16
def test_a_run_tells_of_a_frozen_tensor_that_its_twin_moved():
    corpus = tiny.corpus()
    model = mtl.SharedModel(
        tiny.encoder(), tiny.tokenizer(), corpus.labels, corpus.tags
    )
    shared = model.ner_classifier.weight.data[: len(corpus.labels)]
    model.sentence_classifier.weight = torch.nn.Parameter(shared)
    run = tiny.train(model, corpus, tiny.plan("sentence_head_and_backbone_frozen"))
    assert run.proof.moved == ("sentence_classifier.weight",)
    assert run.proof.max_change > 0


def test_a_task_without_a_loss_weight_is_refused():
    corpus = tiny.corpus()
    with pytest.raises(PlanError, match="loss_weights"):
        plan = replace(tiny.plan(), loss_weights={"sentence": 1.0})
        tiny.train(tiny.model(corpus), corpus, plan)
