"""`check_freezing` on models that are wrong in one way each, and on sound ones."""

import copy

import pytest
import torch
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

import mtlhelpers as mtl

CONFIG = BertConfig(
    vocab_size=30,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    num_labels=3,
)
BATCH = {"input_ids": torch.tensor([[2, 7, 8, 3]]), "labels": torch.tensor([1])}


class Net(nn.Module):
    """A body and a head; the body is frozen."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), *body)
        self.head = nn.Linear(4, 2)
        self.body.requires_grad_(False)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.body(inputs))


INPUTS = torch.arange(12.0).reshape(3, 4)


def optimizer_of(model: nn.Module, **named) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        [tensor for tensor in model.parameters() if tensor.requires_grad], **named
    )


def kinds(report) -> list[str]:
    assert report.ok is not bool(report.faults)
    return [fault.kind for fault in report.faults]


def state_of(report, part: str) -> str:
    return report.table.set_index("part").loc[part, "state"]


def test_a_sound_model_is_ok_and_told_in_words():
    model = Net()
    report = mtl.check_freezing(model, optimizer_of(model), (INPUTS,))
    assert kinds(report) == []
    assert [tuple(row) for row in report.table.values] == [
        ("body", "frozen", 2, 20, "train", ""),
        ("head", "trains", 2, 10, "train", ""),
    ]
    assert "✓ What is frozen stays as it is" in str(report)
    assert "No batch was given" in str(mtl.check_freezing(model))


# pitfall 2: the step below is what the report warns of
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_gradient_left_on_what_is_frozen_moves_it(decay):
    model = Net()
    model.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=decay)
    model(INPUTS).sum().backward()
    optimizer.step()
    model.body.requires_grad_(False)
    optimizer.zero_grad(set_to_none=False)
    report = mtl.check_freezing(model, optimizer)
    assert kinds(report) == ["gradient left"]
    assert state_of(report, "body") == "seems frozen"
    assert "momentum of earlier steps" in str(report)
    assert ("weight decay" in str(report)) == bool(decay)
    before = model.body[0].weight.clone()
    optimizer.step()
    assert not torch.equal(before, model.body[0].weight)
    optimizer.zero_grad()
    report = mtl.check_freezing(model, optimizer)
    assert report.ok
    assert "The optimizer holds 2 frozen tensors" in str(report)


# pitfall 1
def test_what_was_thawed_after_the_optimizer_was_built_never_moves():
    model = Net()
    optimizer = optimizer_of(model)
    model.body.requires_grad_(True)
    report = mtl.check_freezing(model, optimizer)
    assert kinds(report) == ["not in the optimizer"]
    assert state_of(report, "body") == "seems to train"


# pitfall 1
def test_an_optimizer_of_a_part_that_was_replaced_is_seen():
    model = Net()
    optimizer = optimizer_of(model)
    model.head = copy.deepcopy(model.head)
    report = mtl.check_freezing(model, optimizer)
    assert kinds(report) == ["not in the optimizer", "another model's optimizer"]
    assert "holds 2 tensors that this model does not have" in str(report)


# pitfall 3
@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.1), nn.LSTM(4, 4, 2, dropout=0.2, batch_first=True)]
)
def test_dropout_in_a_frozen_body_is_seen_and_gone_in_eval_mode(layer):
    model = Net(layer)
    report = mtl.check_freezing(model, optimizer_of(model))
    assert kinds(report) == ["dropout"]
    assert "body.1" in str(report)
    model.body.eval()
    assert mtl.check_freezing(model, optimizer_of(model)).ok


def test_dropout_above_what_trains_is_noise_and_no_fault():
    model = Net(nn.Dropout(0.1))
    model.body.requires_grad_(True)
    model.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(4, 2)).requires_grad_(False)
    report = mtl.check_freezing(model, optimizer_of(model))
    assert report.ok
    assert "Dropout is active in head, which is frozen, above what trains" in str(
        report
    )


# pitfall 4
@pytest.mark.parametrize("affine", [True, False])
def test_running_statistics_of_a_frozen_body_are_seen(affine):
    model = Net(nn.BatchNorm1d(4, affine=affine))
    for batch in (None, (INPUTS,)):
        report = mtl.check_freezing(model, optimizer_of(model), batch)
        assert kinds(report) == ["running statistics"]
    model.body.eval()
    assert mtl.check_freezing(model, optimizer_of(model), (INPUTS,)).ok


class Counter(nn.Linear):
    """Counts its calls in a buffer, by putting another in its place."""

    def forward(self, inputs: Tensor) -> Tensor:
        self.calls = self.calls + 1
        return super().forward(inputs)


# pitfall 4
def test_a_buffer_of_any_kind_that_moves_is_seen_and_put_back():
    layer = Counter(4, 4)
    layer.register_buffer("calls", torch.zeros(()))
    model = Net(layer)
    assert mtl.check_freezing(model).ok
    report = mtl.check_freezing(model, batch=(INPUTS,))
    assert kinds(report) == ["running statistics"]
    assert "body.1.calls" in str(report)
    assert layer.calls == 0


# pitfall 7
def test_a_graph_below_which_nothing_trains_is_seen():
    model = Net()
    report = mtl.check_freezing(model, batch=(INPUTS.clone().requires_grad_(),))
    assert kinds(report) == ["needless graph"]
    assert report.faults[0].where == ("body",)
    backwards = Net()
    backwards.body.requires_grad_(True)
    backwards.head.requires_grad_(False)  # its graph leads to the body
    assert mtl.check_freezing(backwards, batch=(INPUTS,)).ok


# pitfall 17
def test_what_no_gradient_reaches_is_seen():
    model = Net()
    model.body.requires_grad_(True)
    model.body.register_forward_hook(lambda *given: given[-1].detach())
    report = mtl.check_freezing(model, optimizer_of(model), (INPUTS,))
    assert kinds(report) == ["no gradient"]
    assert state_of(report, "body") == "seems to train"
    report = mtl.check_freezing(Net(), batch=(INPUTS * float("nan"),))
    assert kinds(report) == ["gradient not finite"]


# pitfall 16
def test_a_tensor_that_its_twin_unfreezes_is_seen():
    model = BertForMaskedLM(CONFIG).eval()
    model.cls.requires_grad_(False)
    model.bert.requires_grad_(True)
    report = mtl.check_freezing(model)
    assert kinds(report) == ["tied"]
    assert report.faults[0].where == ("cls.predictions.decoder.weight",)
    assert state_of(report, "cls.predictions.decoder.weight") == "seems frozen"
    total = sum(tensor.numel() for tensor in model.parameters())
    model.requires_grad_(True)
    report = mtl.check_freezing(model)
    assert report.ok and "Tied: bert.embeddings.word_embeddings.weight" in str(report)
    assert report.table["numbers"].sum() == total


def test_tied_tensors_are_told_in_the_model_s_order_wherever_they_lie():
    """In memory, the second pair lies before the first."""
    memory = torch.zeros(8)
    later, sooner = nn.Parameter(memory[:4]), nn.Parameter(memory[4:])
    model = nn.ParameterDict({"a": sooner, "b": later, "c": sooner, "d": later})
    said = str(mtl.check_freezing(model))
    assert 0 < said.index("Tied: a, c") < said.index("Tied: b, d")


# pitfall 16
def test_two_parameters_in_one_memory_are_seen():
    model = Net(nn.Linear(4, 2))
    model.head = nn.Linear(2, 2)
    model.body[1].weight.data = model.head.weight.data
    report = mtl.check_freezing(model)
    assert kinds(report) == ["tied"]
    assert report.faults[0].where == ("body.1.weight",)
    model.head.requires_grad_(False)
    assert mtl.check_freezing(model).ok


def test_a_classification_model_of_transformers():
    model = BertForSequenceClassification(CONFIG).train()
    model.bert.requires_grad_(False)
    report = mtl.check_freezing(model, optimizer_of(model), BATCH)
    assert kinds(report) == ["dropout"]
    assert "bert.encoder.layer.*.output.dropout (2 of them)" in str(report)
    model.bert.eval()
    report = mtl.check_freezing(model, optimizer_of(model), BATCH)
    assert report.ok
    assert list(report.table["part"]) == ["bert", "classifier"]


def test_a_model_that_peft_wrapped():
    peft = pytest.importorskip("peft")
    plain = BertForSequenceClassification(CONFIG)
    model = peft.get_peft_model(plain, peft.LoraConfig(task_type="SEQ_CLS", r=2))
    model.train()
    report = mtl.check_freezing(model, optimizer_of(model), BATCH)
    assert [fault.where for fault in report.faults] == [
        ("base_model.model.bert.embeddings",)
    ]
    assert "as adapters usually have it" in str(report)
    model.base_model.model.bert.embeddings.eval()
    assert mtl.check_freezing(model, optimizer_of(model), BATCH).ok
    model.enable_input_require_grads()  # as for checkpoints of activations
    model.base_model.model.bert.embeddings.eval()
    report = mtl.check_freezing(model, optimizer_of(model), BATCH)
    assert "needless graph" in kinds(report)


@pytest.mark.parametrize("scenario", list(mtl.SCENARIOS))
def test_every_scenario_is_frozen_in_truth(scenario):
    model = tall.model().train()
    mtl.apply_scenario(model, scenario)
    ids = torch.tensor([[2, 5, 9, 3]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    trains = any(tensor.requires_grad for tensor in model.parameters())
    optimizer = optimizer_of(model) if trains else None
    report = mtl.check_freezing(model, optimizer, batch)
    assert report.ok, str(report)
    counts = mtl.count_parameters(model).loc["all"]
    table = report.table
    assert table["numbers"].sum() == counts["total"]
    assert table[table["state"] == "trains"]["numbers"].sum() == counts["trainable"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=6, max_size=6), st.booleans(), st.booleans())
def test_a_check_leaves_everything_as_it_was(trained, is_training, with_gradients):
    model = Net(nn.BatchNorm1d(4), nn.Dropout(0.5)).train(is_training)
    for tensor, trains in zip(model.parameters(), trained):
        tensor.requires_grad_(trains)
        tensor.grad = torch.full_like(tensor, 0.5) if with_gradients else None
    before, gradients = tiny.weights(model), [t.grad for t in model.parameters()]
    numbers = torch.get_rng_state()
    mtl.check_freezing(model, batch=(INPUTS,))
    assert tiny.changed(before, model) == set()
    assert all(t.grad is g for t, g in zip(model.parameters(), gradients))
    assert not with_gradients or all((g == 0.5).all() for g in gradients)
    assert torch.equal(numbers, torch.get_rng_state())
    assert model.training is is_training


def test_a_batch_that_the_model_refuses_leaves_it_as_it_was():
    model = Net()
    gradient = model.head.weight.grad = torch.ones(2, 4)
    with pytest.raises(RuntimeError):
        mtl.check_freezing(model, batch=torch.ones(3, 5))
    assert model.head.weight.grad is gradient


def test_what_is_no_optimizer_is_refused():
    model = Net()
    with pytest.raises(TypeError, match="optimizer is a list"):
        mtl.check_freezing(model, [model.head.weight])
