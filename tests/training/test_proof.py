"""The proof of freezing, as properties: any scenario, optimizer, steps and mode.

What a single `train` leaves bit-identical stands in model/test_freezing.py; here is
what happens inside it, what an older optimizer does, and what the counts say.
"""

from functools import partial

import pytest
import torch
from helpers import tall, tiny
from helpers.parts import trains
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate
from mtlhelpers.model.freezing import part_tensors, trainable_tensors
from mtlhelpers.model.scenarios import ALL_PARTS, HEADS, find_scenario
from mtlhelpers.training import loop
from mtlhelpers.training.losses import task_losses
from mtlhelpers.training.metrics import encode_for

FEW = settings(max_examples=12, deadline=None)
TRAINING = st.sampled_from(sorted(set(mtl.SCENARIOS) - {"all_frozen"}))
ANY = TRAINING | tall.SCENARIOS
# The bias of a key adds the same to every score: softmax gives it no gradient.
NO_TRUE_GRADIENT = "self.key.bias"
OPTIMIZERS = {
    "AdamW": partial(torch.optim.AdamW, lr=1e-2, weight_decay=0.1),
    "fused AdamW": partial(torch.optim.AdamW, lr=1e-2, weight_decay=0.1, fused=True),
    "SGD with momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "RMSprop": partial(torch.optim.RMSprop, lr=1e-2, momentum=0.9, weight_decay=0.1),
}


def modules(model: mtl.SharedModel) -> dict[str, nn.Module]:
    """Every smallest part, by the name that a scenario has for it."""
    backbone = model.backbone
    layers = {f"backbone.layer.{i}": m for i, m in enumerate(backbone.encoder.layer)}
    heads = {head: getattr(model, head) for head in tall.HEADS}
    return {"backbone.embeddings": backbone.embeddings, **layers, **heads}


def trained_parts(scenario: str | mtl.Scenario, model: mtl.SharedModel) -> set[str]:
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    return {
        part
        for part, module in modules(model).items()
        if any(trains(scenario, names[id(t)], tall.LAYERS) for t in module.parameters())
    }


def with_running_means(model: mtl.SharedModel) -> mtl.SharedModel:
    """The model with a buffer in every part that moves whenever it runs in training."""
    for module in modules(model).values():
        width = getattr(module, "out_features", 32)
        module.add_module("norm", nn.BatchNorm1d(width, affine=False))
        module.register_forward_hook(_look)
    return model


def _look(module: nn.Module, _inputs, output: torch.Tensor) -> None:
    module.norm(output.detach().flatten(0, -2))


def loss_of(model: mtl.SharedModel, tasks: tuple[str, ...]) -> torch.Tensor | None:
    """The summed losses of a batch; None where no task is trained."""
    encoded = encode_for(model, tiny.corpus().splits["train"])
    batch = collate(encoded, range(8))
    losses = task_losses(model(**batch), batch)
    return sum(losses[task] for task in tasks) if tasks else None


# pitfalls 1 to 4
@FEW
@given(
    TRAINING | tall.SCENARIOS | st.just("all_frozen"),
    st.sampled_from(sorted(OPTIMIZERS)),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_an_optimizer_with_state_for_everything_moves_nothing_frozen(
    scenario, kind, steps, to_none, mode
):
    model = with_running_means(tall.model())
    mtl.apply_scenario(model, scenario)
    optimizer = OPTIMIZERS[kind](model.parameters())
    for tensor in model.parameters():
        tensor.grad = torch.ones_like(tensor)
    optimizer.step()  # now there is momentum for every tensor, and a stale gradient
    mtl.apply_scenario(model.train(mode), scenario)
    before = tiny.weights(model)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=to_none)
        loss = loss_of(model, find_scenario(scenario).tasks)
        if loss is not None:
            loss.backward()
        optimizer.step()
        model.train(mode)
    moved = tiny.changed(before, model)
    for part, module in modules(model).items():
        names = {id(t): name for name, t in model.named_parameters()}
        names |= {id(t): name for name, t in model.named_buffers()}
        own = {names[id(t)] for t in module.parameters()}
        running = {names[id(t)] for t in module.norm.buffers()}
        if part not in trained_parts(scenario, model):
            assert not moved & (own | running), part
        else:
            assert running <= moved if mode else not running & moved, part
            assert own & moved, part


# pitfalls 1 and 3
@FEW
@given(ANY, st.integers(1, 2), st.integers(6, 24), st.booleans())
def test_within_training_frozen_parts_have_no_state_no_gradient_and_rest(
    scenario, epochs, size, mode
):
    corpus = tiny.corpus()
    model = tall.model().train(mode)
    mtl.apply_scenario(model, scenario)
    plan = tiny.plan(scenario, epochs=epochs, batch_size=size)
    # Heads that are filled at once take no step, and rest while others do.
    closed = {HEADS[task] for task in plan.resolve(24).closed_tasks}
    stages = [] if plan.first is None else [trained_parts("backbone_frozen", model)]
    stages.append(trained_parts(scenario, model) - closed)
    built, steps = [], 0

    def building(*arguments):
        nonlocal steps
        built.append(build(*arguments))
        steps = 0
        return built[-1]

    def stepping(*arguments):
        nonlocal steps
        steps += 1
        norms = step(*arguments)
        for part, module in modules(model).items():
            assert module.training == (part in stages[len(built) - 1]), part
            for tensor in module.parameters():
                assert (tensor.grad is not None) == tensor.requires_grad
        return norms

    build, step = loop.build_optimizer, loop.take_step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "build_optimizer", building)
        patch.setattr(loop, "take_step", stepping)
        run = tiny.train(model, corpus, plan)
    assert len(built) == len([stage for stage in stages if stage])
    filled = {id(tensor) for head in closed for tensor in part_tensors(model, head)}
    trainable = {id(tensor) for tensor in trainable_tensors(model)} - filled
    state = built[-1].state if built else {}
    assert {id(tensor) for tensor in state} == trainable
    assert {int(one["step"]) for one in state.values()} <= {run.steps}
    assert bool(state) == bool(run.steps)
    assert steps == run.steps


# pitfall 16
@FEW
@given(ANY, st.sampled_from([None, "ner_f1"]))
def test_the_counts_are_those_of_the_tensors_that_changed(scenario, select):
    corpus = tiny.corpus()
    model = tall.model()
    mtl.apply_scenario(model, scenario)
    before = tiny.weights(model)
    run = tiny.train(model, corpus, tiny.plan(scenario, select=select))
    moved = tiny.changed(before, model)
    table = mtl.count_parameters(model)
    for part in ALL_PARTS:
        still = {
            name
            for name, tensor in model.named_parameters()
            if name.startswith(part) and tensor.requires_grad and name not in moved
        }
        assert all(NO_TRUE_GRADIENT in name for name in still)
        own = {name for name in moved | still if name.startswith(part)}
        assert table["trainable"][part] == sum(before[name].numel() for name in own)
        assert table["total"][part] == sum(t.numel() for t in part_tensors(model, part))
    assert run.trainable_parameters == table["trainable"]["all"]
    assert run.total_parameters == sum(t.numel() for t in model.parameters())


# pitfall 1
@FEW
@given(ANY | st.just("all_frozen"), ANY, st.booleans())
def test_what_was_frozen_before_trains_as_if_it_never_was(earlier, scenario, mode):
    corpus = tiny.corpus()
    models = [tall.model().train(mode) for _ in range(2)]
    for _ in range(2):
        mtl.apply_scenario(models[0], earlier)
    for model in models:
        tiny.train(model, corpus, tiny.plan(scenario))
    assert not tiny.changed(tiny.weights(models[0]), models[1])
    assert tiny.changed(tiny.weights(models[0]), tall.model())
