"""What the machine is, how fast it multiplies matrices, and what a training needs.

The limit of every case is the rate of plain matrix products, measured in the same
process. Work is useful where it is done on real word pieces; padding is no work.
"""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig

import mtlhelpers as mtl
from mtlhelpers.model.counting import flops

PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "numpy")
SIZES = {"cpu": 2048, "cuda": 8192}  # of the square matrices: large enough to fill it
PRODUCTS = 8


def product_rate(device: str = "cpu", dtype: torch.dtype = torch.float32) -> float:
    """Operations a second of a product of square matrices: the best of eight.

    A multiply-add is two operations. The best, since what is sought is a limit.
    """
    size = SIZES.get(device, SIZES["cpu"])
    left, right, out = (
        torch.rand(size, size, device=device).to(dtype) for _ in range(3)
    )
    seconds = []
    for _ in range(PRODUCTS):
        wait_for(device)
        start = time.perf_counter()
        torch.mm(left, right, out=out)
        wait_for(device)
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def wait_for(device: str) -> None:
    """Wait until the device has done all that it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def useful_flops(
    config: BertConfig,
    scenario: mtl.Scenario,
    heads: tuple[int, int],
    lengths: np.ndarray,
    epochs: int,
    frozen_layers: int = 0,
) -> float:
    """The least that a training computes, by the formula of `mtl.parameter_table`.

    Frozen layers below all that trains say the same in every epoch, so they count once;
    the rest counts in each. `heads` are the numbers of labels and tags, `lengths` (N,)
    the word pieces of the sentences. Padding, optimizer and scoring do not count.
    """
    total = 0.0
    for length, count in zip(*np.unique(lengths, return_counts=True)):
        forward, backward = flops(config, scenario, *heads, int(length))
        backbone = flops(config, mtl.SCENARIOS["all_frozen"], 0, 0, int(length))[0]
        once = backbone * frozen_layers / config.num_hidden_layers
        total += int(count * length) * (once + epochs * (forward - once + backward))
    return total


def machine() -> dict[str, str | int]:
    """The processor, its cores and the threads in use; nothing that names the host."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that times depend on."""
    found = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **found}


def _cpu() -> str:
    """The model of the processor; Linux alone has it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
