"""A corpus as a folder of JSONL: train, validation (if there is one) and test."""

import json
from pathlib import Path

from mtlhelpers.data.rows import CorpusError, Row, read_row

FORM = '{"id": ..., "tokens": [...], "tags": [...], "label": ...}'


def read_folder(folder: Path, label: str = "label") -> dict[str, list[Row]]:
    """Read `train.jsonl`, `validation.jsonl` (may be absent) and `test.jsonl`.

    Each line is an object as `read_row` takes it, in UTF-8. A sentence without id is
    called "<split>-<line>". `label` is the key of what is taken for the label.

    Raises:
        CorpusError: for the first file that is missing or line that is wrong.
    """
    splits = {}
    for split in ("train", "validation", "test"):
        path = folder / f"{split}.jsonl"
        if split == "validation" and not path.exists():
            continue
        splits[split] = _read_file(path, split, label)
    return splits


def _read_file(path: Path, split: str, label: str) -> list[Row]:
    # Only "\n" ends a line: str.splitlines would also cut at U+2028 inside a string.
    lines = _read_text(path).split("\n")
    rows = [
        _read_line(line, f"{path}, line {number}", f"{split}-{number}", label)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not rows:
        raise CorpusError(f"{path}: no sentences. Put one per line: {FORM}.")
    return rows


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise CorpusError(
            f"{path}: the file is missing. A corpus folder holds train.jsonl and "
            f"test.jsonl, and may hold validation.jsonl, with a line {FORM} for each "
            "sentence; for other formats give `columns`."
        ) from None
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror}). Make it a readable file."
        ) from error
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path}, line {line}: not UTF-8 at byte {error.start} of the file "
            f"(0x{content[error.start]:02x}). Save the file as UTF-8."
        ) from error


def _read_line(line: str, place: str, default_id: str, label: str) -> Row:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{place}: malformed JSON at column {error.colno} ({error.msg}). Write one "
            f"object per line: {FORM}."
        ) from error
    if isinstance(fields, dict):
        fields["label"] = fields.get(label)
    return read_row(fields, place, default_id)
