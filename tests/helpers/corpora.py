"""Download the named corpora into one folder: `python tests/helpers/corpora.py FOLDER`.

The folder is then what MTLHELPERS_DATA names for the tests that are marked `real`:
JSONL per corpus and split, and the publishers' own files under `source/`.
"""

import json
import sys
from pathlib import Path

from mtlhelpers.data.published.download import fetch_files
from mtlhelpers.data.published.registry import PUBLISHERS


def main(folder: Path) -> None:
    """Download every named corpus; files of the same names are replaced."""
    for name, publisher in PUBLISHERS.items():
        contents = fetch_files(publisher)
        for path, content in contents.items():
            write(folder / name / "source" / path, content)
        for split, rows in publisher.parse(contents).items():
            lines = "".join(f"{json.dumps(row)}\n" for row in rows)
            write(folder / name / f"{split}.jsonl", lines.encode())
        print(f"{name}: {len(contents)} files")


def write(path: Path, content: bytes) -> None:
    """Write a file, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
