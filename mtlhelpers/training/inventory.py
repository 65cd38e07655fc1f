"""The folder of hidden states: what lies in it, how much may, and what goes first.

Its files can all be made again, so nothing is lost with one but time.
"""

import os
import re
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open

from mtlhelpers.data.cache import cache_folder

GB = 10**9
LIMIT = "5"  # GB, unless the user says otherwise
# Names that this package gives: whole files, and what a killed process left of one.
# Whatever else lies in the folder is another's.
OWN = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.safetensors|[0-9a-f]{12}\.tmp")


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
    for path in [one for one in folder.glob("*") if OWN.fullmatch(one.name)]:
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
        lines.append(line(*_head(path), f"{size:,}", when))
    total = sum(file.bytes for file in files)
    limit = f"at most {cache_limit() / GB:g} GB (MTLHELPERS_CACHE_GB)"
    return [*lines, f"files in {folder}: {len(files)}, {total:,} bytes of {limit}"]


def _head(path: Path) -> tuple[str, str, str, str, str]:
    """Backbone, layers, device, type and sentences, from the head of a file alone."""
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            sentences = file.get_slice("keys").get_shape()[0]
    except (SafetensorError, OSError):
        return "unreadable", "-", "-", "-", "-"
    layers, device, dtype = (about.get(k, "-") for k in ("layers", "device", "dtype"))
    return about.get("backbone", "-")[:12], layers, device, dtype, f"{sentences:,}"
