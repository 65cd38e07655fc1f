"""Files of hidden states: written whole or not at all, checked, memory-mapped.

A segment holds sentences that were stored together. Its file has the safetensors
format: an index (keys and lengths), pieces, means, and last the CRC-32 of all bytes
before. It is written as the backbone runs, so that no file is ever held in memory.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mtlhelpers.data.cache import whole_file
from mtlhelpers.training.digests import tensor_bytes
from mtlhelpers.training.inventory import make_room
from mtlhelpers.training.states import States

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
