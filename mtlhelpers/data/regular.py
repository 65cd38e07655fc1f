"""Files that are read: regular ones, and no larger than is stated.

A named pipe would be waited for without end, and a device never ends. So a file is
opened without waiting, and looked at before anything is read.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from mtlhelpers.errors import StorageError

MB = 10**6
MOST_SETTINGS = 10 * MB  # of a file that somebody writes by hand, or a configuration
MOST_BYTES = 4_000 * MB  # of any other
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_regular(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file of at most so many bytes.

    Raises `OSError`: `StorageError` for what is no file or larger, else Python's own.
    """
    with open_regular(path, most) as file:
        return file.read()


def open_regular(path: Path, most: int = MOST_BYTES) -> BinaryIO:
    """Open a file to read its bytes; raises as `read_regular` does."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 (the caller's)
    try:
        _check(path, os.fstat(file.fileno()), most)
    except StorageError:
        file.close()
        raise
    return file


def check_regular(path: Path, most: int = MOST_BYTES) -> None:
    """Raise as `read_regular` does, for a library that opens the file by itself."""
    _check(path, path.stat(), most)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(path: Path, found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise StorageError(f"{path} is {kind}, not a file. Give a regular file.")
    if found.st_size > most:
        raise StorageError(
            f"{path} has {found.st_size:,} bytes, and {most:,} are the limit. Give a "
            "smaller file, or several."
        )
