"""The checks that stop a training which cannot do what it says."""

from dataclasses import replace

import pytest
import torch
from helpers import tall, tiny

import mtlhelpers as mtl
from mtlhelpers.errors import PlanError, TrainingError
from mtlhelpers.model.shared import Logits
from mtlhelpers.training import loop
from mtlhelpers.training.losses import BatchLosses
from mtlhelpers.training.optimizer import (
    build_optimizer,
    build_schedule,
    check_gradients,
    check_optimizer,
    clip_each_part,
)
from mtlhelpers.training.run import EpochRecorder, FreezingWitness


def frozen(scenario: str = "backbone_frozen") -> mtl.SharedModel:
    model = tall.model()
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
    optimizer = build_optimizer(model, mtl.Plan().resolve(10))
    for tensor in model.parameters():
        tensor.grad = torch.zeros_like(tensor)
    check_gradients(optimizer, model)
    model.backbone.embeddings.LayerNorm.weight.grad = None
    model.ner_classifier.bias.grad = None
    with pytest.raises(TrainingError) as caught:
        check_gradients(optimizer, model)
    for part in ("2 tensors", "backbone.embeddings.LayerNorm.weight", "ner_classifier"):
        assert part in str(caught.value)


# pitfall 17
def test_a_part_that_no_loss_depends_on_stops_the_run():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    model.backbone.register_parameter("adapter", torch.nn.Parameter(torch.zeros(2)))
    with pytest.raises(TrainingError, match=r"1 tensors .*: backbone\.adapter\."):
        tiny.train(model, corpus, tiny.plan())


def poisoned(monkeypatch, step: int) -> list[dict[str, torch.Tensor]]:
    """Make the NER loss of a step NaN; returns the weights after each step taken."""
    weights, calls, loss_function, take = [], [], loop.loss_function, loop.take_step

    def poisoning(model, encoded, store):
        losses_of = loss_function(model, encoded, store)

        def poisoned_losses(rows):
            calls.append(rows)
            batch = losses_of(rows)
            if len(calls) == step:
                batch.losses["ner"] = batch.losses["ner"] * torch.nan
            return batch

        weights.append(model)
        return poisoned_losses

    def noting(*arguments):
        take(*arguments)
        weights.append(tiny.weights(weights[0]))

    monkeypatch.setattr(loop, "loss_function", poisoning)
    monkeypatch.setattr(loop, "take_step", noting)
    return weights


# pitfall 17
@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen", tall.top(1)])
@pytest.mark.parametrize("step", [1, 5])
def test_a_loss_that_is_not_finite_stops_the_run_before_its_step(
    monkeypatch, name, step
):
    corpus, model = tiny.corpus(), tall.model()
    start, weights = tiny.weights(model), poisoned(monkeypatch, step)
    with pytest.raises(TrainingError) as caught:
        tiny.train(model, corpus, tiny.plan(name, epochs=3))
    for part in (f"in step {step}:", "loss_ner", "gradient_norm_ner_classifier"):
        assert part in str(caught.value)
    assert "loss_sentence" not in str(caught.value)
    last = [start, *weights[1:]]
    assert len(last) == step
    assert not tiny.changed(last[-1], model)


def test_a_gradient_that_overflows_is_named_with_its_part():
    model = tiny.model(tiny.corpus())
    plan = tiny.plan(loss_weights={"sentence": 1e-9, "ner": 1e38})
    with pytest.raises(TrainingError) as caught:
        tiny.train(model, tiny.corpus(), plan)
    assert str(caught.value).startswith("gradient_norm_backbone")
    assert "sentence_classifier" not in str(caught.value)


# A device that is not waited for: its step is left out, and the epoch's end tells.
def test_a_step_of_the_optimizer_can_be_left_out():
    models = [frozen("none_frozen") for _ in range(2)]
    before = tiny.weights(models[0])
    optimizers = [build_optimizer(one, mtl.Plan().resolve(10)) for one in models]
    for model, optimizer in zip(models, optimizers):
        for tensor in model.parameters():
            tensor.grad = torch.full_like(tensor, torch.nan)
        optimizer.found_inf = torch.ones(())
        optimizer.step()
        assert not tiny.changed(before, model)
    del optimizers[1].found_inf
    optimizers[0].found_inf = torch.zeros(())
    for model, optimizer in zip(models, optimizers):
        for tensor in model.parameters():
            tensor.grad = torch.ones_like(tensor)
        optimizer.step()
    assert tiny.changed(before, models[0]) == set(dict(models[0].named_parameters()))
    assert not tiny.changed(tiny.weights(models[0]), models[1])


def test_the_end_of_an_epoch_names_the_first_step_that_is_not_finite():
    recorder = EpochRecorder(tiny.plan().resolve(24), None)
    recorder.start_epoch()
    for loss in (1.0, torch.inf, torch.nan):
        losses = {"sentence": torch.tensor(2.0), "ner": torch.tensor(loss)}
        labelled = dict.fromkeys(losses, torch.tensor(True))
        batch = BatchLosses(losses, labelled, Logits(None, None), {})
        recorder.note_step(batch, {"backbone": torch.tensor(0.5)})
    with pytest.raises(TrainingError, match="^loss_ner is not finite in step 2: lower"):
        recorder.end_epoch(1)


# It is no matter of rates, and in a frozen part no gradient would tell of it.
@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen", "all_frozen"])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_named_before_training(name, value):
    corpus, model = tiny.corpus(), tiny.model(tiny.corpus())
    with torch.no_grad():
        model.backbone.encoder.layer[1].output.dense.bias[3] = value
    with pytest.raises(TrainingError) as caught:
        tiny.train(model, corpus, tiny.plan(name))
    assert "1 tensors of the model hold NaN or infinity before" in str(caught.value)
    assert "backbone.encoder.layer.1.output.dense.bias" in str(caught.value)
    assert "rate" not in str(caught.value)


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


@pytest.mark.parametrize("scenario", ["none_frozen", "heads_first"])
def test_a_training_without_room_for_a_batch_says_to_make_it_smaller(
    scenario, monkeypatch
):
    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")

    model = tiny.model(tiny.corpus())
    monkeypatch.setattr(loop, "total_loss", full)
    with pytest.raises(mtl.MTLError, match="batches of 8.*Choose a smaller batch_size"):
        tiny.train(model, tiny.corpus(), tiny.plan(scenario))


def test_a_prediction_without_room_says_to_make_batches_smaller(monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    model = tiny.model(tiny.corpus())
    monkeypatch.setattr(model, "forward", full)
    with pytest.raises(mtl.MTLError, match="batches of 2 .*Choose a smaller"):
        model.predict(["go"], batch_size=2)
