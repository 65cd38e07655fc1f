"""The kept gradient of the word embeddings equals the plain path's."""

import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.training.losses import live_losses
from mtlhelpers.training.metrics import encode_for
from mtlhelpers.training.optimizer import kept_embedding_gradient


def gradients(model, encoded, *batches) -> dict[str, torch.Tensor]:
    """Gradients after one backward over all batches, in eval mode."""
    model.eval()
    model.zero_grad()
    losses = [live_losses(model, encoded, rows).losses for rows in batches]
    sum(sum(own.values()) for own in losses).backward()
    return {name: t.grad.clone() for name, t in model.named_parameters()}


def test_gradients_equal_the_plain_path_step_after_step():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    encoded = encode_for(model, corpus.splits["train"])
    steps = [([0, 1, 2],), ([3],), ([0, 5, 9, 11],), ([1, 2], [2, 3])]
    plain = [gradients(model, encoded, *batches) for batches in steps]
    with kept_embedding_gradient(model):
        kept = [gradients(model, encoded, *batches) for batches in steps]
    for one, other in zip(plain, kept):
        for name, gradient in one.items():
            torch.testing.assert_close(other[name], gradient, atol=1e-7, rtol=1e-6)


def test_what_changed_the_whole_gradient_is_gone_in_the_next_step():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    encoded = encode_for(model, corpus.splits["train"])
    with kept_embedding_gradient(model):
        first = gradients(model, encoded, [0, 1])
        model.backbone.embeddings.word_embeddings.weight.grad.add_(1.0)
        again = gradients(model, encoded, [0, 1])
    for name, gradient in first.items():
        assert torch.equal(again[name], gradient)


def test_the_plain_path_is_back_afterwards_and_frozen_embeddings_are_left_alone():
    model = tiny.model(tiny.corpus())
    table = model.backbone.embeddings.word_embeddings
    with kept_embedding_gradient(model):
        assert "forward" in vars(table)
    assert "forward" not in vars(table)
    mtl.apply_scenario(model, "backbone_frozen")
    with kept_embedding_gradient(model):
        assert "forward" not in vars(table)
