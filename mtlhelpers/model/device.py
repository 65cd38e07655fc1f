"""Where a model computes, in which numbers, and how much memory that takes."""

import platform
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

LOWERED = {"cuda": torch.bfloat16}  # by type of device


def product_type(device: torch.device) -> torch.dtype:
    """The numbers that products are made of on a device, or as the caller chose."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        return torch.float32  # it would be emulated, and slow
    return LOWERED.get(device.type, torch.float32)


def fast_products(device: torch.device) -> AbstractContextManager:
    """Within it a forward pass multiplies numbers of `product_type`.

    For one pass at a time: lowered copies of the weights live as long as the context,
    and would go stale with the next step.
    """
    lowered = product_type(device)
    if lowered == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, lowered)


PACKAGES = ("torch", "transformers", "datasets", "seqeval", "scikit-learn", "numpy")


def environment(model: nn.Module) -> dict[str, Any]:
    """What scores and times may depend on beyond the plan."""
    device = next(model.parameters()).device
    return {
        "device": device.type,
        "threads": torch.get_num_threads(),
        "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
        "products": str(product_type(device)).removeprefix("torch."),
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
