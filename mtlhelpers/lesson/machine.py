"""What this machine has, and where the records lie.

Lesson: 00_start_here.
"""

import re
from pathlib import Path

import pandas as pd

from mtlhelpers.doctor import Check, examine
from mtlhelpers.errors import StudyError


def machine_table() -> pd.DataFrame:
    """The doctor's checks, one row each: what was looked at, state, what was found.

    `state` is `ok`, `mend` or `absent` (not needed for the lessons). Folders are left
    out, so that the table can be shown to others.
    """
    return pd.DataFrame([_check_row(check) for check in examine()]).set_index("check")


def studies_folder() -> Path:
    """The folder `studies/` with the recorded runs, found from where a notebook runs.

    Raises `StudyError` outside a clone of the repository, which alone has it.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "studies" / "transfer" / "grid.toml").is_file():
            return folder / "studies"
    raise StudyError(
        f"no folder studies/ in or above {here}: open the notebook where it lies in "
        "the repository"
    )


def _check_row(check: Check) -> dict[str, str]:
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
