"""A frozen model, and stores that are asked for what it says."""

from pathlib import Path

import torch
from helpers import tall, tiny

import mtlhelpers as mtl
from mtlhelpers.training.features.states import extract_states
from mtlhelpers.training.metrics import encode_for

TRAIN = tiny.corpus().splits["train"]


def frozen(**reads) -> mtl.SharedModel:
    """Four layers, none of which trains."""
    model = tall.model(**reads).eval()
    mtl.apply_scenario(model, "backbone_frozen")
    return model


def passes_for(
    store: mtl.FeatureStore | Path,
    rows: range = range(24),
    layers: tuple[int, ...] = (4,),
    model: mtl.SharedModel | None = None,
) -> int:
    """How many sentences run when a store, or a new one on a folder, is asked.

    What it says is compared with a pass.
    """
    store = mtl.FeatureStore(store) if isinstance(store, Path) else store
    model = model or frozen()
    encoded, passes = encode_for(model, TRAIN.select(rows)), tall.Passes(model)
    found = store.states(model, encoded, layers)
    count = passes.up_to[0]
    fresh = extract_states(model, encoded, layers=layers)
    torch.testing.assert_close(found.means, fresh.means, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.pieces, fresh.pieces, atol=1e-6, rtol=0)
    return count
