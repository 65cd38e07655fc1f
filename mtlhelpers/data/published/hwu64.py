"""HWU64, fold 1: for each intent a CSV of annotated sentences, for train and test."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from mtlhelpers.data.words import tag_segments

_FOLDERS = {"train": "trainset", "test": "csv"}
_SPAN = re.compile(r"\[\s*(?P<type>[^\[\]:]+?)\s*:(?P<text>[^\[\]]*)\]")


def parse(contents: Mapping[str, bytes]) -> dict[str, list[dict]]:
    """Return id, tokens, tags and label (the scenario) of each split's sentences."""
    return {
        split: [
            fields
            for path in sorted(map(PurePosixPath, contents))
            if path.parent.name == folder
            for fields in _sentences(contents[str(path)], f"hwu64-{split}-{path.stem}")
        ]
        for split, folder in _FOLDERS.items()
    }


def _sentences(content: bytes, prefix: str) -> Iterator[dict]:
    text = io.StringIO(content.decode("utf-8"), newline="")
    for number, line in enumerate(csv.DictReader(text, delimiter=";")):
        tokens, tags = tag_segments(_segments(line["answer_annotation"]))
        # The row number is in the id because some answerids occur twice.
        yield {
            "id": f"{prefix}-{number:04}-a{line['answerid']}",
            "tokens": tokens,
            "tags": tags,
            "label": line["scenario"],
        }


def _segments(annotated: str) -> Iterator[tuple[str, str | None]]:
    """Cut "wake me at [time : six]" into ("wake me at ", None), (" six", "time")."""
    end = 0
    for span in _SPAN.finditer(annotated):
        yield annotated[end : span.start()], None
        yield span["text"], span["type"]
        end = span.end()
    yield annotated[end:], None
