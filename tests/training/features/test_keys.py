"""What the key of a hidden state holds, and what it does not."""

from pathlib import Path

import pytest
import torch
from helpers.stored import frozen, passes_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where stores write; it is not made yet."""
    return tmp_path / "features"


# pitfall 25
@pytest.mark.parametrize(
    "change",
    [
        lambda model: setattr(model.backbone.config, "layer_norm_eps", 1e-3),
        lambda model: setattr(model.backbone.config, "_attn_implementation", "eager"),
        lambda model: model.backbone.encoder.layer[0].output.dense.bias.data.add_(1e-3),
        lambda model: model.backbone.register_buffer("running", torch.zeros(1)),
        lambda model: torch.set_num_threads(torch.get_num_threads() + 1),
        lambda model: torch.set_float32_matmul_precision("high"),
    ],
)
def test_whatever_decides_a_state_is_in_the_key(folder, change):
    passes_for(folder)
    threads, model = torch.get_num_threads(), frozen()
    try:
        change(model)
        assert passes_for(folder, model=model) == 24
        assert passes_for(folder, model=model) == 0
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("highest")
    assert passes_for(folder) == 0


def test_where_a_backbone_was_loaded_from_is_not_in_the_key(folder):
    passes_for(folder)
    model = frozen()
    model.backbone.config._name_or_path = "elsewhere"
    assert passes_for(folder, model=model) == 0
