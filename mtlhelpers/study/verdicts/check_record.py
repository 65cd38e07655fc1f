"""What each fresh check last found, in one file beside the studies.

Lesson: 08_what_should_i_freeze. A check takes seconds, so its result is kept with the
day and the machine that it comes from.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.errors import RecordError
from mtlhelpers.study.protocol import Verdict
from mtlhelpers.study.verdicts.decisions import Decision

FILE = Path("fresh_checks") / "record.json"  # below the folder of the studies
_KEPT = ("corpus", "task", "size", "verdict", "said", "difference", "interval", "seeds")


def read_check(folder: Path, claim: str) -> tuple[Decision, ...]:
    """What the check of a claim last found; not tested where it was never recorded.

    Raises `RecordError` that names the file where it is damaged.
    """
    try:
        entry = _entries(folder).get(claim)
        if entry:
            return tuple(_decision(one, entry["checked"]) for one in entry["decisions"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"{folder / FILE}, claim {claim}: {error!r}. Run the checks again: "
            f"mtlhelpers claims --fresh"
        ) from error
    said = f"no result of its check in {FILE}: run mtlhelpers claims {claim} --fresh"
    return (Decision("-", "both", None, Verdict.NOT_TESTED, said),)


def write_check(
    folder: Path,
    claim: str,
    day: str,
    decisions: Sequence[Decision],
    machine: Mapping[str, Any],
) -> None:
    """Record what the check of a claim found; those of other claims stay."""
    kept = [{key: vars(one)[key] for key in _KEPT} for one in decisions]
    entry = {"checked": day, "machine": dict(machine), "decisions": kept}
    entries = _entries(folder) | {claim: entry}
    text = json.dumps(entries, indent=1, ensure_ascii=False, sort_keys=True)
    write_atomically(folder / FILE, (text + "\n").encode("utf-8"))


def _entries(folder: Path) -> dict[str, Any]:
    """By claim."""
    path = folder / FILE
    if not path.is_file():
        return {}
    entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def _decision(kept: Mapping[str, Any], day: str) -> Decision:
    return Decision(
        kept["corpus"],
        kept["task"],
        kept["size"],
        Verdict(kept["verdict"]),
        kept["said"],
        kept["difference"],
        kept["interval"] and (kept["interval"][0], kept["interval"][1]),
        kept["seeds"],
        checked=day,
    )
