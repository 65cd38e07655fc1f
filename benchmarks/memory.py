"""The most memory that a piece of work holds for itself.

Resident memory less what is backed by files: the pages of a mapped file stay only as
long as nobody needs the room, so they are not held.
"""

import os
import threading
from pathlib import Path
from types import TracebackType

import torch

EVERY = 0.005  # seconds between two looks


class PeakWatch:
    """Within it a thread looks at this process; `bytes` is the highest it saw.

    On CUDA it is the device's own count; None where the platform tells nothing.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.bytes: int | None = None
        self._cuda = device == "cuda"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> "PeakWatch":
        if self._cuda:
            torch.cuda.reset_peak_memory_stats()
        elif private_memory() is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._cuda:
            self.bytes = torch.cuda.max_memory_allocated()
        elif self._thread.ident is not None:
            self._thread.join()

    def _look_on(self) -> None:
        while True:
            self.bytes = max(self.bytes or 0, private_memory() or 0)
            if self._stop.wait(EVERY):
                return


def private_memory() -> int | None:
    """Bytes of this process's memory that no file backs; None where nobody tells."""
    try:
        fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
