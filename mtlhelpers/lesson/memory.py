"""What a reader has guessed and solved, in one file on this machine alone.

Lesson: 00_start_here.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from mtlhelpers.data.cache import write_atomically

UNATTENDED = "MTLHELPERS_UNATTENDED"  # set where nobody reads: nothing is kept

Entries = dict[str, Any]


def attended() -> bool:
    """Whether somebody reads the notebook that runs."""
    return not os.environ.get(UNATTENDED)


def progress_file() -> Path:
    """Where it is kept: the user's folder for data, the same for all notebooks."""
    return Path(user_data_dir("mtlhelpers", appauthor=False)) / "progress.json"


def remembered(section: str) -> Entries:
    """The entries of a section by key; a file that cannot be read holds none.

    None either where nobody reads: what is built holds no one's guesses.
    """
    if not attended():
        return {}
    with suppress(OSError, ValueError):
        found = json.loads(progress_file().read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get(section, {}), dict):
            return dict(found.get(section, {}))
    return {}


def remember(section: str, key: str, entry: object) -> None:
    """Keep an entry; where the folder cannot be written, the lesson goes on without."""
    if not attended():
        return
    sections = {name: remembered(name) for name in ("guesses", "solved")}
    sections[section][key] = entry
    text = json.dumps(sections, indent=1, ensure_ascii=False)
    with suppress(OSError):
        write_atomically(progress_file(), text.encode("utf-8"))
