"""The folder of hidden states: what lies in it, how much may, and what goes first.

Its files can all be made again, so nothing is lost with one but time.
"""

import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mtlhelpers.data.cache import cache_folder, is_temporary, whole_file
from mtlhelpers.model.digests import tensor_bytes
from mtlhelpers.training.features.arrays import States

GB = 10**9
LIMIT = "5"  # GB, unless the user says otherwise
# The names of whole files. Beside them, only what a killed process left is our own.
OWN = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.safetensors")


class KeptFile(NamedTuple):
    """A file of the folder."""

    path: Path
    bytes: int
    used: float  # seconds since 1970, when it was last used


def features_folder() -> Path:
    """Where hidden states lie in the user's cache."""
    return cache_folder() / "features"


def cache_limit() -> int:
    """Bytes that a folder of hidden states may hold: 5 GB, or MTLHELPERS_CACHE_GB.

    Raises `ValueError` where that variable is no number from 0 up.
    """
    chosen = os.environ.get("MTLHELPERS_CACHE_GB") or LIMIT
    try:
        limit = int(float(chosen) * GB)
    except (ValueError, OverflowError):
        limit = -1
    if limit < 0:
        raise ValueError(
            f"MTLHELPERS_CACHE_GB is {chosen!r}: give a number of gigabytes, like 5"
        )
    return limit


def kept_files(folder: Path) -> list[KeptFile]:
    """This package's files in a folder, the one that was used longest ago first."""
    found = []
    for path in folder.glob("*"):
        if not (OWN.fullmatch(path.name) or is_temporary(path)):
            continue
        with suppress(OSError):  # another process has just removed it
            status = path.stat()
            found.append(KeptFile(path, status.st_size, status.st_mtime))
    return sorted(found, key=lambda file: file.used)


def mark_used(path: Path) -> None:
    """Note that a file is used now; nothing happens where that cannot be written."""
    with suppress(OSError):
        os.utime(path)


def make_room(folder: Path, size: int) -> None:
    """Make the folder, and room in it for a file of `size` bytes.

    Removes `kept_files`, the one used longest ago first, as far as `cache_limit` asks.
    Raises `OSError` where that cannot help, or where the disk has no room.
    """
    limit = cache_limit()
    if size > limit:
        raise OSError(f"{size:,} bytes are over the limit of {limit:,}")
    files = kept_files(folder)
    total = sum(file.bytes for file in files)
    while total + size > limit:
        oldest = files.pop(0)
        oldest.path.unlink(missing_ok=True)
        total -= oldest.bytes
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(f"{size:,} bytes do not fit on the disk: {free:,} are free")


def clear_folder(folder: Path) -> None:
    """Remove `kept_files`. Raises `OSError` where one cannot go."""
    for file in kept_files(folder):
        file.path.unlink(missing_ok=True)


def show_folder(folder: Path) -> list[str]:
    """A readable table: a line a file, the one that was used last first, and the sum.

    Raises `ValueError` where MTLHELPERS_CACHE_GB is no number.
    """
    line = "{:12}{:>12}{:>8}{:>10}{:>11}{:>16}  {}".format
    names = ("backbone", "layers", "device", "type", "sentences", "bytes", "last used")
    files = kept_files(folder)
    lines = [line(*names)]
    for path, size, used in reversed(files):
        when = datetime.fromtimestamp(used).isoformat(" ", "minutes")
        lines.append(line(*_told_of(path), f"{size:,}", when))
    total = sum(file.bytes for file in files)
    limit = f"at most {cache_limit() / GB:g} GB (MTLHELPERS_CACHE_GB)"
    return [*lines, f"files in {folder}: {len(files)}, {total:,} bytes of {limit}"]


def _told_of(path: Path) -> tuple[str, str, str, str, str]:
    """Backbone, layers, device, type and sentences, from the head of a file alone."""
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            sentences = file.get_slice("keys").get_shape()[0]
    except (SafetensorError, OSError):
        return "unreadable", "-", "-", "-", "-"
    layers, device, dtype = (about.get(k, "-") for k in ("layers", "device", "dtype"))
    return about.get("backbone", "-")[:12], layers, device, dtype, f"{sentences:,}"


KEY = 32  # bytes of a sentence's key
CHECKSUM = 4  # bytes of the CRC-32
BLOCK = 1 << 20  # bytes to read at a time
DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
}


class SegmentError(Exception):
    """A file is not what was written; the message says in what way."""


@dataclass(eq=False)
class Segment:
    """Hidden states of sentences that lie together, in memory or in a file."""

    rows: dict[bytes, int]  # the sentences' keys, and where each is in `states`
    states: States
    path: Path | None = None
    checked: bool = False  # the whole file, once in a process

    def check(self) -> None:
        """Compare a file with its checksum. Raises `SegmentError` or `OSError`.

        CRC-32 finds what disks and copying do to a file, and is several times as fast
        as sha256.
        """
        if self.path is None or self.checked:
            return
        found, left = 0, self.path.stat().st_size - CHECKSUM
        with open(self.path, "rb") as file:
            while left > 0 and (block := file.read(min(BLOCK, left))):
                found, left = zlib.crc32(block, found), left - len(block)
            if file.read() != _checksum(found):
                raise SegmentError("its content does not fit its checksum")
        self.checked = True


def place_of(about: Mapping[str, str]) -> str:
    """Sixteen hex digits, with which the names of all files of one kind begin."""
    text = json.dumps(about, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def write_segment(
    folder: Path,
    about: dict[str, str],
    lengths: dict[bytes, int],
    width: int,
    dtype: torch.dtype,
    parts: Iterable[tuple[Tensor, Tensor]],
) -> Path:
    """Write sentences as their hidden states come in; makes room for them before.

    `lengths`: word pieces of each sentence, by its key. `parts`: pieces (p, width) and
    means (n, width) of one or more sentences, in that order. Raises `OSError`; nothing
    of the attempt is then left.
    """
    counts = np.fromiter(lengths.values(), dtype=np.int64)
    index = b"".join(lengths) + counts.tobytes()
    head, size = _head(about, len(counts), int(counts.sum()), width, dtype)
    make_room(folder, size)
    path = folder / _name(about, index)
    # The means come last in the file, and wait for that in another one, not in memory.
    with whole_file(path) as file, TemporaryFile(dir=folder) as waiting:
        summed = _Summed(file)
        summed.write(head)
        summed.write(index)
        for pieces, means in parts:
            summed.write(tensor_bytes(pieces.to(dtype)))
            waiting.write(tensor_bytes(means.to(dtype)))
        waiting.seek(0)
        while block := waiting.read(BLOCK):
            summed.write(block)
        file.write(_checksum(summed.found))
    return path


def open_segment(path: Path) -> Segment:
    """Map a file into memory; its index is checked, its content not yet.

    Raises `SegmentError` where it is not what was written, `OSError` where it is gone.
    """
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            keys, lengths = (file.get_tensor(n).numpy() for n in ("keys", "lengths"))
            pieces, means = (file.get_tensor(n) for n in ("pieces", "means"))
    except SafetensorError as error:
        raise SegmentError(str(error)) from error
    if path.name != _name(about, keys.tobytes() + lengths.tobytes()):
        raise SegmentError("its index does not fit its name")
    rows = {key.tobytes(): row for row, key in enumerate(keys)}
    return Segment(rows, States.of(pieces, means, lengths), path)


class _Summed:
    """A file, and the CRC-32 of what was written into it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.found = file, 0

    def write(self, block: bytes | np.ndarray) -> None:
        self._file.write(block)
        self.found = zlib.crc32(block, self.found)


def _head(
    about: dict[str, str], sentences: int, pieces: int, width: int, dtype: torch.dtype
) -> tuple[bytes, int]:
    """The head of a safetensors file, and the bytes of the whole of it."""
    code, each = DTYPES[dtype], dtype.itemsize
    tensors = {
        "keys": ("U8", [sentences, KEY], 1),
        "lengths": ("I64", [sentences], 8),
        "pieces": (code, [pieces, width], each),
        "means": (code, [sentences, width], each),
        "checksum": ("U8", [CHECKSUM], 1),
    }
    head: dict[str, object] = {"__metadata__": about}
    end = 0
    for name, (kind, shape, itemsize) in tensors.items():
        start, end = end, end + int(np.prod(shape)) * itemsize
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(head).encode("utf-8")
    text += b" " * (-len(text) % 8)  # so that the tensors are aligned
    return len(text).to_bytes(8, "little") + text, 8 + len(text) + end


def _name(about: Mapping[str, str], index: bytes) -> str:
    return f"{place_of(about)}-{hashlib.sha256(index).hexdigest()[:16]}.safetensors"


def _checksum(found: int) -> bytes:
    return found.to_bytes(CHECKSUM, "little")
