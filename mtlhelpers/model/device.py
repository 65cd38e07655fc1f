"""The device: choosing it, the numbers it multiplies, its memory, what a record keeps.

Float32 is what weights and sums are kept in everywhere. Products are made of the
numbers that a device is fastest with, as long as training does not suffer.
"""

import platform
import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mtlhelpers.errors import InputError, ShortageError

CPU = torch.device("cpu")
LOWERED = {"cuda": torch.bfloat16}  # what products are made of, by type of device
# torch has one error for a GPU that is full, and words alone for other memory.
NO_ROOM = re.compile("out of memory|enough memory|allocate memory|bad_alloc", re.I)
PACKAGES = ("torch", "transformers", "datasets", "seqeval", "scikit-learn", "numpy")


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device of a name: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`.

    `auto` is CUDA where there is one, else the CPU; MPS only by name, since nothing
    here was measured on it. Raises `ValueError` for a device that is not there.
    """
    counts = {"cpu": 1, "cuda": 0, "mps": int(torch.backends.mps.is_available())}
    if torch.cuda.is_available():
        counts["cuda"] = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda") if counts["cuda"] else CPU
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or (device.index or 0) >= counts.get(device.type, 0):
        there = ", ".join(kind for kind, count in counts.items() if count)
        raise InputError(
            f"device {str(name)!r} is not here: torch sees {there}. Choose from these; "
            f"for a GPU, check its driver and the build of torch."
        )
    return device


def product_type(device: torch.device) -> torch.dtype:
    """Return the type of the numbers in matrix products; an active autocast wins."""
    if torch.is_autocast_enabled(device.type):
        return torch.get_autocast_dtype(device.type)
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        return torch.float32  # it would be emulated, and slow
    return LOWERED.get(device.type, torch.float32)


def fast_products(device: torch.device) -> AbstractContextManager[Any]:
    """Within it a forward pass multiplies numbers of `product_type`.

    For one pass at a time: lowered copies of the weights live as long as the context,
    and would go stale with the next step.
    """
    lowered = product_type(device)
    if lowered == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, lowered)


def peak_memory(device: str | torch.device = CPU) -> int | None:
    """Return the most bytes held at once: on CUDA of the device, else of the process.

    Counted since `restart_peak_memory` where the platform can (Linux, CUDA), else since
    the process began. None where the platform does not tell.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        try:
            import psutil  # comes with Jupyter; Windows has no `resource`
        except ImportError:
            return None
        return int(psutil.Process().memory_info().peak_wset)
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux getrusage would count the parent's memory too
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def restart_peak_memory(device: str | torch.device = CPU) -> None:
    """Forget the peak of a device so far, where the platform can (Linux, CUDA)."""
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@contextmanager
def advice_on_memory(what: str, remedy: str) -> Iterator[None]:
    """Within it, an allocator's trace becomes a `ShortageError` with what to do."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        told = isinstance(error, ShortageError)
        if told or not (isinstance(error, MemoryError) or NO_ROOM.search(str(error))):
            raise
        why = (str(error).splitlines() or ["no more is given"])[0]
        raise ShortageError(
            f"too little memory for {what} ({why[:300]}). {remedy}, or end other "
            "programs."
        ) from error


def environment(model: nn.Module) -> dict[str, Any]:
    """Return what scores and times may depend on beyond the plan."""
    first = next(model.parameters())
    return {
        "device": first.device.type,
        "threads": torch.get_num_threads(),
        "dtype": str(first.dtype).removeprefix("torch."),
        "products": str(product_type(first.device)).removeprefix("torch."),
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{package: version(package) for package in PACKAGES},
    }
