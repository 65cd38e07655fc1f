"""What is frozen stays, what is not moves, in any scenario and from any start."""

from contextlib import nullcontext

import pytest
import torch
from helpers import tall, tiny
from helpers.parts import trains
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import mtlhelpers as mtl
from mtlhelpers.errors import ScenarioError
from mtlhelpers.model.freezing import frozen_tensors, frozen_up_to, trainable_tensors
from mtlhelpers.model.heads.specs import PRESETS

FEW = settings(max_examples=12, deadline=None)
HEADS = ("sentence_classifier", "ner_classifier")
TASKS = ("sentence", "ner")
PARTS = ("backbone", "backbone.embeddings", "backbone.layer.0", "backbone.layer.-1")
PARTS += ("backbone.biases", "backbone.norms", "backbone.lora.attention")
THIN = ("backbone.biases", "backbone.norms", "backbone.lora", "backbone.lora.query")
THIN += ("backbone.layer.-1", "backbone.layer.-3")
NAMED = st.sampled_from(sorted(mtl.SCENARIOS))
# At least one head, since nothing trains without a loss.
CUSTOM = st.builds(
    lambda parts, heads: mtl.Scenario(tuple(parts) + tuple(heads)),
    st.lists(st.sampled_from(PARTS), unique=True),
    st.lists(st.sampled_from(HEADS), unique=True, min_size=1),
)
ANY = NAMED | CUSTOM


def leave_stale_state(model: mtl.SharedModel) -> torch.optim.Optimizer:
    """Give every tensor a gradient and an optimizer with momentum, as a run leaves."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for tensor in model.parameters():
        tensor.grad = torch.ones_like(tensor)
    optimizer.step()
    return optimizer


def run_modes(model: mtl.SharedModel) -> dict[str, bool]:
    return {name: module.training for name, module in model.named_modules()}


# pitfalls 1, 2, 3 and 4
@FEW
@given(ANY, st.integers(1, 2), st.integers(6, 24), st.booleans(), st.booleans())
def test_frozen_stays_and_trainable_moves(scenario, epochs, size, mode, stale):
    corpus = tiny.corpus()
    model = tall.model().train(mode)
    mtl.apply_scenario(model, scenario)  # with adapters, if it has any
    specs = PRESETS.get(str(scenario), {})  # and with the heads that its plan builds
    model.shape_heads({task: spec.built for task, spec in specs.items()}, seed=0)
    if stale:
        leave_stale_state(model)
    before = tiny.weights(model)
    plan = tiny.plan(scenario, epochs=epochs, batch_size=size)
    with pytest.warns() if scenario == "all_frozen" else nullcontext():
        run = tiny.train(model, corpus, plan)
    moved = tiny.changed(before, model)
    parameters = dict(model.named_parameters())
    frozen = {name for name in before if not trains(scenario, name, tall.LAYERS)}
    assert not moved & (frozen | (set(before) - set(parameters)))
    # The bias of a key adds the same to every score: softmax gives it no gradient.
    expected = before.keys() & parameters.keys() - frozen
    still = {name for name in expected - moved if "self.key.bias" not in name}
    assert not still
    assert all(parameters[name].grad is None for name in frozen & set(parameters))
    assert run.proof.holds
    assert run.proof.max_change == 0.0


# pitfall 3
@FEW
@given(ANY, st.booleans())
def test_frozen_parts_are_in_eval_mode_whatever_is_asked(scenario, mode):
    model = tall.model().train(mode)
    mtl.apply_scenario(model, scenario)
    for asked in (None, True, False):  # None: as the scenario leaves it
        asked = mode if asked is None else model.train(asked).training
        for name, module in model.named_modules():
            own = [n for n, _ in module.named_parameters(prefix=name)]
            if own:
                expected = asked and any(trains(scenario, n, tall.LAYERS) for n in own)
                assert module.training == expected, name


# pitfall 3
def test_dropout_is_off_in_a_frozen_backbone_and_on_in_a_moving_one():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    ids = torch.tensor([[2, 5, 9, 3]])
    mask = torch.ones_like(ids)
    for scenario, is_steady in (("backbone_frozen", True), ("none_frozen", False)):
        mtl.apply_scenario(model, scenario)
        model.train()
        first, second = (model(ids, mask).ner for _ in range(2))
        assert torch.equal(first, second) == is_steady


@FEW
@given(ANY, st.booleans())
def test_twice_is_once(scenario, mode):
    model = tall.model().train(mode)
    states = []
    for _ in range(2):
        mtl.apply_scenario(model, scenario)
        grads = [tensor.requires_grad for tensor in model.parameters()]
        states.append((grads, run_modes(model)))
    assert states[0] == states[1]


# pitfall 1
@FEW
@given(ANY, ANY)
def test_only_the_last_scenario_counts(earlier, scenario):
    models = [tall.model().train() for _ in range(2)]
    mtl.apply_scenario(models[0], earlier)
    for model in models:
        mtl.apply_scenario(model, scenario)
        model.train()
    grads = [[t.requires_grad for t in model.parameters()] for model in models]
    assert grads[0] == grads[1]
    assert run_modes(models[0]) == run_modes(models[1])


# pitfall 1
def test_unfreezing_restores_training():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    with pytest.warns(UserWarning, match="nothing can train in all_frozen"):
        tiny.train(model, corpus, tiny.plan("all_frozen"))
    before = tiny.weights(model)
    tiny.train(model, corpus, tiny.plan("none_frozen"))
    still = {name for name, _ in model.named_parameters()} - tiny.changed(before, model)
    assert all("self.key.bias" in name for name in still)


# pitfall 2
@pytest.mark.parametrize("name", sorted(set(mtl.SCENARIOS) - {"none_frozen"}))
def test_an_old_optimizer_with_momentum_moves_nothing_frozen(name):
    model = tall.model()
    mtl.apply_scenario(model, name)
    optimizer = leave_stale_state(model)
    mtl.apply_scenario(model, name)
    before = tiny.weights(model)
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        for tensor in trainable_tensors(model):
            tensor.grad = torch.ones_like(tensor)
        optimizer.step()
    moved = tiny.changed(before, model)
    assert moved == {
        n for n, _ in model.named_parameters() if trains(name, n, tall.LAYERS)
    }


# pitfall 4
def test_buffers_of_frozen_parts_are_watched():
    model = tiny.model(tiny.corpus())
    model.backbone.register_buffer("running", torch.zeros(3))
    mtl.apply_scenario(model, "backbone_frozen")
    assert "backbone.running" in frozen_tensors(model)


# pitfall 4
def test_a_frozen_batch_norm_keeps_its_running_statistics():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    norm = nn.BatchNorm1d(32)
    original = model.pool
    model.backbone.add_module("norm", norm)
    model.pool = lambda hidden, mask: norm(original(hidden, mask))
    mtl.apply_scenario(model, "backbone_frozen")
    model.train()
    for _ in range(2):
        model(torch.tensor([[2, 5, 3], [2, 9, 3]]), torch.ones(2, 3, dtype=torch.int64))
    assert torch.equal(norm.running_mean, torch.zeros(32))
    assert int(norm.num_batches_tracked) == 0


# pitfall 5
@pytest.mark.parametrize("name", sorted(mtl.SCENARIOS))
def test_a_scenario_sums_the_losses_of_the_heads_that_it_trains(name):
    scenario = mtl.SCENARIOS[name]
    heads = {f"{task}_classifier" for task in scenario.tasks}
    assert heads == set(scenario.train) & set(HEADS) or scenario.losses == tuple(TASKS)


def test_losses_are_those_of_all_heads_that_train_and_maybe_more():
    kept = mtl.SCENARIOS["sentence_head_frozen_loss_kept"]
    assert (kept.tasks, kept.train) == (
        TASKS,
        mtl.SCENARIOS["sentence_head_frozen"].train,
    )
    assert mtl.Scenario(kept.train, losses=["ner"]) == mtl.Scenario(kept.train)
    for losses in (["sentence"], [], ["ner", "names"]):
        with pytest.raises(ScenarioError, match="name tasks of sentence, ner"):
            mtl.Scenario(kept.train, losses=losses)
    assert kept.limited_to(TASKS) is kept
    assert kept.limited_to(["ner"]) == mtl.Scenario(kept.train)
    alone = kept.limited_to(["sentence"])
    assert (alone.train, alone.tasks) == (("backbone",), ("sentence",))


# pitfall 16
def test_a_tied_tensor_trains_with_either_of_its_parts():
    model = tiny.model(tiny.corpus())
    model.ner_classifier = model.sentence_classifier
    mtl.apply_scenario(model, "ner_head_and_backbone_frozen")
    assert len(trainable_tensors(model)) == 2
    assert not any(name.startswith("sentence") for name in frozen_tensors(model))


def test_unknown_names_are_answered_with_the_known_ones():
    model = tiny.model(tiny.corpus())
    with pytest.raises(ScenarioError, match="'frozen'.*none_frozen, all_frozen"):
        mtl.apply_scenario(model, "frozen")
    parts = ["bert", "backbone.layer", "backbone.layer.x", "ner_classifier.weight"]
    for part in [*parts, "backbone.lora.pooler", "backbone.biases.0"]:
        with pytest.raises(ScenarioError, match="unknown part.*sentence_classifier"):
            mtl.Scenario([part])
    with pytest.raises(ScenarioError, match=r"no backbone\.layer\.2.*0 to 1"):
        mtl.apply_scenario(model, mtl.Scenario(["backbone.layer.2"]))
    with pytest.raises(ScenarioError, match=r"no backbone\.layer\.-3.*-1 to -2 from"):
        mtl.apply_scenario(model, "last_3_layers")


def test_a_scenario_that_cannot_be_applied_changes_nothing():
    model = tiny.model(tiny.corpus())
    mtl.apply_scenario(model, "backbone_frozen")
    before = [tensor.requires_grad for tensor in model.parameters()]
    with pytest.raises(ScenarioError):
        mtl.apply_scenario(model, mtl.Scenario(["ner_classifier", "backbone.layer.9"]))
    assert [tensor.requires_grad for tensor in model.parameters()] == before


@FEW
@given(st.lists(st.sampled_from(tall.PARTS + THIN), unique=True), st.booleans())
def test_frozen_up_to_is_the_highest_state_that_no_step_can_move(parts, mode):
    model = tall.model().train(mode)
    mtl.apply_scenario(model, mtl.Scenario(parts))
    cut = frozen_up_to(model)

    @torch.no_grad()
    def states() -> tuple[torch.Tensor, ...]:
        ids = torch.tensor([[2, 5, 9, 3], [2, 11, 6, 3]])
        found = model.eval().backbone(ids, output_hidden_states=True)
        return found.hidden_states

    before = states()
    with torch.no_grad():
        for tensor in trainable_tensors(model):
            tensor += 0.1 * torch.randn_like(tensor)
    same = [torch.equal(one, other) for one, other in zip(before, states())]
    if {"backbone.embeddings", "backbone.biases", "backbone.norms"} & set(parts):
        assert cut == -1
        assert not any(same)
    else:
        assert same == [number <= cut for number in range(tall.LAYERS + 1)]


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("embeddings.LayerNorm.bias", 0),
        ("encoder.layer.0.output.dense.bias", 0),
        ("encoder.layer.2.attention.self.key.weight", 2),
        ("encoder.layer.3.output.LayerNorm.weight", 3),
    ],
)
def test_one_tensor_that_trains_is_enough(name, cut):
    model = tall.model()
    mtl.apply_scenario(model, "backbone_frozen")
    assert frozen_up_to(model) == tall.LAYERS
    model.backbone.get_parameter(name).requires_grad_(True)
    assert max(frozen_up_to(model), 0) == cut
