"""The user's cache folder, and files that are written whole or not at all."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from platformdirs import user_cache_dir

STALE = 3600.0  # seconds after which no process can still be writing a file
_TEMPORARY = re.compile(r"\.[0-9a-f]{12}\.mtl-tmp")


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again; it need not exist.

    The environment variable MTLHELPERS_CACHE names it ("~" is the home folder). Without
    it, the folder lies where the platform keeps such things: on Linux in
    XDG_CACHE_HOME, else in ~/.cache.
    """
    folder = os.environ.get("MTLHELPERS_CACHE") or user_cache_dir(
        "mtlhelpers", appauthor=False, opinion=False
    )
    return Path(folder).expanduser()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is, at every moment, either absent, its old self, or whole.

    Missing parent folders are made. Raises `OSError` if writing fails; nothing of the
    attempt is then left behind.
    """
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name on leaving, once it is synced.

    As `write_atomically`, for content that comes bit by bit. After an error, nothing is
    left of the file; after a kill, one for which `is_temporary` holds, and which goes
    with a later file of the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_left(path.parent)
    # In the same folder, since a rename is atomic only within one file system. Without
    # the real name, since some of those come near to the longest path on Windows.
    temporary = path.with_name(f".{uuid4().hex[:12]}.mtl-tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say where
        raise


def is_temporary(path: Path) -> bool:
    """Whether a path has a name that `whole_file` gives to a file half written."""
    return _TEMPORARY.fullmatch(path.name) is not None


def clear_left(folder: Path, is_left: Callable[[Path], bool] = is_temporary) -> None:
    """Remove files half written, over an hour old: whoever wrote them was killed."""
    for path in filter(is_left, folder.iterdir() if folder.is_dir() else ()):
        with suppress(OSError):  # another process clears away too, or it stays
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()
