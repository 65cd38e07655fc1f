"""The user's cache folder, and files that are written whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again.

    The environment variable MTLHELPERS_CACHE names it; else it lies where the platform
    keeps such things. The folder need not exist.
    """
    chosen = os.environ.get("MTLHELPERS_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return _platform_caches() / "mtlhelpers"


def _platform_caches() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is, at every moment, either absent, its old self, or whole.

    Missing parent folders are made. Raises `OSError` if writing fails; nothing of the
    attempt is then left behind.
    """
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """As `write_atomically`, for content that comes bit by bit: a file to write it to.

    It gets its name on leaving, once it is synced; by an error it is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, since a rename is atomic only within one file system; a short
    # name, since some of the real names come near to the longest path on Windows.
    temporary = path.with_name(f"{uuid4().hex[:12]}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
