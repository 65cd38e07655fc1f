"""The folder of kept hidden states: its files, how much it may hold, what goes first.

A file holds sentences that were run together, and is never changed. Its name says what
it holds, by digest, so a damaged file gives itself away. Every file can be made again:
nothing is lost with one but time.
"""

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mtlhelpers.data.cache import STALE, cache_folder, is_temporary, write_atomically
from mtlhelpers.data.regular import check_regular
from mtlhelpers.errors import InputError, StorageError
from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.training.features.states import States, bounds

GB = 10**9
LIMIT = "5"  # GB, unless the user says otherwise
# The names of whole files. Beside them, only what a killed process left is our own.
OWN = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.safetensors")
# What reading a file raises that is gone, cut, altered, or not ours: safetensors has no
# one error for it.
UNREADABLE = (OSError, SafetensorError, RuntimeError, TypeError, ValueError, KeyError)


@dataclass(eq=False)
class Segment:
    """Hidden states of sentences that were run together, in memory or in a file."""

    rows: dict[bytes, int]  # the sentences' keys, and where each is in `states`
    states: States
    path: Path | None = None
    bytes: int = 0  # of the file when it was mapped

    @property
    def is_cut(self) -> bool:
        """Whether its file is no longer as long: to read beyond its end kills."""
        with suppress(OSError):  # its name is gone, and its content still here
            return self.path is not None and self.path.stat().st_size < self.bytes
        return False


def write_segment(
    folder: Path, place: str, about: dict[str, str], segment: Segment
) -> Path:
    """Write a segment as one file, and make room for it before.

    Raises `OSError`; nothing of the attempt is then left. Takes as much memory again.
    """
    states = segment.states
    tensors = {
        "keys": torch.tensor([list(key) for key in segment.rows], dtype=torch.uint8),
        "lengths": torch.from_numpy(np.diff(states.starts)),
        "pieces": states.pieces.cpu(),
        "means": states.means.cpu(),
    }
    make_room(folder, sum(tensor.nbytes for tensor in tensors.values()))
    path = folder / _name(place, about, tensors)
    write_atomically(path, save(tensors, metadata=about))
    return path


def read_segment(path: Path) -> Segment:
    """Map a file into memory. Raises one of `UNREADABLE` unless it is as written."""
    check_regular(path)
    size = path.stat().st_size
    with safe_open(path, "pt") as file:
        about = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if path.name != _name(path.name[:16], about, tensors):
        raise InputError("its content does not fit its name")
    keys, lengths = tensors["keys"].numpy(), tensors["lengths"].numpy()
    rows = {key.tobytes(): row for row, key in enumerate(keys)}
    states = States(tensors["pieces"], tensors["means"], bounds(lengths))
    return Segment(rows, states, path, size)


def _name(place: str, about: dict[str, str], tensors: dict[str, Tensor]) -> str:
    content = json.dumps([place, about, digest_tensors(tensors)], sort_keys=True)
    return f"{place}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.safetensors"


class KeptFile(NamedTuple):
    """A file of the folder."""

    path: Path
    bytes: int
    used: float  # seconds since 1970, when it was last used


def features_folder() -> Path:
    """Return where hidden states lie in the user's cache."""
    return cache_folder() / "features"


def cache_limit() -> int:
    """Return the bytes that a folder may hold: 5 GB, or MTLHELPERS_CACHE_GB.

    Raises `ValueError` where that variable is no number from 0 up.
    """
    chosen = os.environ.get("MTLHELPERS_CACHE_GB") or LIMIT
    try:
        limit = int(float(chosen) * GB)
    except (ValueError, OverflowError):
        limit = -1
    if limit < 0:
        raise InputError(
            f"MTLHELPERS_CACHE_GB is {chosen!r}: give a number of gigabytes, like 5"
        )
    return limit


def kept_files(folder: Path) -> list[KeptFile]:
    """List this package's files in a folder, the one used longest ago first."""
    files, now = [], time.time()
    for path in folder.glob("*"):
        with suppress(OSError):  # another process has just removed it
            size, used = path.stat().st_size, path.stat().st_mtime
            left = is_temporary(path) and now - used > STALE  # by a process killed
            if left or OWN.fullmatch(path.name):
                files.append(KeptFile(path, size, used))
    return sorted(files, key=lambda file: file.used)


def make_room(folder: Path, size: int) -> None:
    """Make the folder, and room in it for a file of `size` bytes.

    Removes `kept_files`, the one used longest ago first, as far as `cache_limit` asks.
    Raises `OSError` where that cannot help.
    """
    limit = cache_limit()
    if size > limit:
        raise StorageError(f"{size:,} bytes are over the limit of {limit:,}")
    files = kept_files(folder)
    total = sum(file.bytes for file in files)
    while total + size > limit:
        oldest = files.pop(0)
        oldest.path.unlink(missing_ok=True)
        total -= oldest.bytes
    folder.mkdir(parents=True, exist_ok=True)


def clear_folder(folder: Path) -> None:
    """Remove `kept_files`. Raises `OSError` where one cannot go."""
    for file in kept_files(folder):
        file.path.unlink(missing_ok=True)


def show_folder(folder: Path) -> list[str]:
    """Describe a folder: one line per file, the one used last first, and the sum.

    Raises `ValueError` where MTLHELPERS_CACHE_GB is no number.
    """
    line = "{:12}{:>12}{:>8}{:>10}{:>11}{:>16}  {}".format
    names = ("backbone", "layers", "device", "type", "sentences", "bytes", "last used")
    files = kept_files(folder)
    lines = [line(*names)]
    for path, size, used in reversed(files):
        when = datetime.fromtimestamp(used).isoformat(" ", "minutes")
        lines.append(line(*_description(path), f"{size:,}", when))
    total = sum(file.bytes for file in files)
    limit = f"at most {cache_limit() / GB:g} GB (MTLHELPERS_CACHE_GB)"
    return [*lines, f"files in {folder}: {len(files)}, {total:,} bytes of {limit}"]


def _description(path: Path) -> tuple[str, str, str, str, str]:
    """Read backbone, layers, device, type and sentences from the head of a file."""
    try:
        check_regular(path)
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            sentences = file.get_slice("lengths").get_shape()[0]
    except UNREADABLE:
        return "unreadable", "-", "-", "-", "-"
    layers, device, dtype = (about.get(k, "-") for k in ("layers", "device", "dtype"))
    return about.get("backbone", "-")[:12], layers, device, dtype, f"{sentences:,}"
