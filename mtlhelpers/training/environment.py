"""Where a run took place: device, threads, versions, and how much memory it took."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from mtlhelpers.model.precision import product_type
from mtlhelpers.model.shared import SharedModel

PACKAGES = ("torch", "transformers", "datasets", "seqeval", "scikit-learn", "numpy")


def environment(model: SharedModel) -> dict[str, Any]:
    """What scores and times may depend on beyond the plan."""
    return {
        "device": model.device.type,
        "threads": torch.get_num_threads(),
        "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
        "products": str(product_type(model.device)).removeprefix("torch."),
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{package: version(package) for package in PACKAGES},
    }


def restart_peak_memory() -> None:
    """Forget the peak of the process so far, where the platform can (Linux, CUDA)."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_memory() -> int | None:
    """Bytes of main memory (on CUDA, of the device's) at the highest since then.

    None where the platform does not tell.
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes.split()[1]) * 1024
