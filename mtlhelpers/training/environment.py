"""Where a run took place: device, threads and versions."""

import platform
from importlib.metadata import version
from typing import Any

import torch

from mtlhelpers.model.shared import SharedModel

PACKAGES = ("torch", "transformers", "datasets", "seqeval", "scikit-learn", "numpy")


def environment(model: SharedModel) -> dict[str, Any]:
    """What scores and times may depend on beyond the plan."""
    return {
        "device": model.device.type,
        "threads": torch.get_num_threads(),
        "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{package: version(package) for package in PACKAGES},
    }
