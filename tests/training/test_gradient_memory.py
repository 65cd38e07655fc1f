"""The kept gradient of the embeddings is the plain path's, and none is left over."""

import pytest
import torch
from helpers import tall, tiny

import mtlhelpers as mtl
from mtlhelpers.errors import TrainingError
from mtlhelpers.training.losses import live_losses
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.optimizer import gradient_memory

CORPUS = tiny.corpus()
# Sentences repeat words and pieces, so a row of the table sums many tokens.
BATCHES = [[0, 1, 2], [3], [0, 5, 9, 11], list(range(24)), [1, 2]]


def gradients(model, encoded, *batches) -> dict[str, torch.Tensor]:
    """Gradients after one backward over all batches, in eval mode."""
    model.eval()
    model.zero_grad()
    losses = [live_losses(model, encoded, rows).losses for rows in batches]
    sum(sum(own.values()) for own in losses).backward()
    return {name: t.grad.clone() for name, t in model.named_parameters()}


@pytest.mark.parametrize("threads", [1, 2])
def test_gradients_are_bit_identical_to_the_plain_path_step_after_step(threads):
    model = tiny.model(CORPUS)
    encoded = encode_for(model, CORPUS.splits["train"])
    torch.set_num_threads(threads)
    try:
        plain = [gradients(model, encoded, rows) for rows in BATCHES]
        with gradient_memory(model):
            kept = [gradients(model, encoded, rows) for rows in BATCHES]
    finally:
        torch.set_num_threads(1)
    for one, other in zip(plain, kept):
        assert all(torch.equal(other[name], own) for name, own in one.items())


def test_a_second_batch_in_a_step_is_added():
    model = tiny.model(CORPUS)
    encoded = encode_for(model, CORPUS.splits["train"])
    plain = gradients(model, encoded, [1, 2], [2, 3])
    with gradient_memory(model):
        kept = gradients(model, encoded, [1, 2], [2, 3])
    for name, gradient in plain.items():
        torch.testing.assert_close(kept[name], gradient, atol=1e-7, rtol=1e-6)


def test_what_changed_the_whole_gradient_is_gone_in_the_next_step():
    model = tiny.model(CORPUS)
    encoded = encode_for(model, CORPUS.splits["train"])
    with gradient_memory(model):
        first = gradients(model, encoded, [0, 1])
        model.backbone.embeddings.word_embeddings.weight.grad.add_(1.0)
        again = gradients(model, encoded, [0, 1])
    for name, gradient in first.items():
        assert torch.equal(again[name], gradient)


def test_the_plain_path_is_back_afterwards_and_frozen_embeddings_are_left_alone():
    model = tiny.model(CORPUS)
    table = model.backbone.embeddings.word_embeddings
    with gradient_memory(model):
        assert table._forward_hooks
    assert not table._forward_hooks
    mtl.apply_scenario(model, "backbone_frozen")
    with gradient_memory(model):
        assert not table._forward_hooks


def left(model: mtl.SharedModel) -> list[str]:
    return [
        name for name, tensor in model.named_parameters() if tensor.grad is not None
    ]


# They are as large as the weights.
@pytest.mark.parametrize("scenario", ["none_frozen", "backbone_frozen", tall.top(1)])
def test_training_leaves_no_gradient_on_the_model(scenario):
    model = tall.model()
    tiny.train(model, CORPUS, tiny.plan(scenario))
    assert left(model) == []


def test_a_training_that_fails_leaves_no_gradient_either():
    model = tiny.model(CORPUS)
    with pytest.raises(TrainingError):
        tiny.train(model, CORPUS, tiny.plan(loss_weights={"sentence": 1, "ner": 1e38}))
    assert left(model) == []
