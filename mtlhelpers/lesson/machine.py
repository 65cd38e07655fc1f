"""What this machine has, and what a notebook took of it.

Lesson: 00_start_here.
"""

import re
import sys
import time
from pathlib import Path

import pandas as pd

from mtlhelpers.doctor import Check, examine

GB = 1e9


def machine_table() -> pd.DataFrame:
    """The doctor's checks, one row each: what was looked at, state, what was found.

    `state` is `ok`, `mend` or `absent` (not needed for the lessons). Folders are left
    out, so that the table can be shown to others.
    """
    return pd.DataFrame([_row(check) for check in examine()]).set_index("check")


def cost_since(start: float) -> str:
    """Seconds since `start` (of `time.perf_counter`) and peak memory, in a sentence."""
    seconds = time.perf_counter() - start
    return (
        f"On this machine the notebook took {seconds:.0f} s and at most "
        f"{peak_memory() / GB:.1f} GB of memory."
    )


def peak_memory() -> int:
    """The most memory that this process has held at once, in bytes."""
    if sys.platform == "win32":
        import psutil  # comes with Jupyter; Windows has no `resource`

        return psutil.Process().memory_info().peak_wset
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux getrusage would count the parent's memory too
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _row(check: Check) -> dict[str, str]:
    state = "ok" if check.ok else "mend" if check.required else "absent"
    found = _private_left_out(check.found)
    # What the lessons can do without needs no remedy here: the doctor prints it.
    found = found.split(" Tried: ")[0] if state == "absent" else found
    return {"check": check.name, "state": state, "found": found}


def _private_left_out(text: str) -> str:
    """Drop absolute paths and the build of the operating system."""
    text = re.sub(r"\b(Linux|Windows|macOS)-\S+", r"\1", text)
    return " ".join(
        "here" if Path(word.rstrip(":;,.")).is_absolute() else word
        for word in text.split()
    )
