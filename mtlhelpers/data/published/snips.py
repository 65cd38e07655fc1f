"""SNIPS 2017-06 custom intent engines: a JSON file of segments for each intent."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files

from mtlhelpers.data.words import tag_segments


def parse(contents: Mapping[str, bytes]) -> dict[str, list[dict]]:
    """Return id, tokens, tags and label (the intent) of each split's sentences.

    The publisher's `train_*_full.json` are the pool of train and validation, and its
    `validate_*.json` are test, as is customary. Which of the pool are validation, and
    which repeat a sentence of validation or test and are dropped, a list of ids says.
    """
    pool, test = [], []
    for path in sorted(contents):
        _, intent, file = path.split("/")
        if file.startswith("validate"):
            test += _sentences(contents[path], "test", intent)
        else:
            pool += _sentences(contents[path], "train", intent)
    chosen = _chosen_ids()
    dropped, validation = chosen["dropped"], chosen["validation"]
    kept = [fields for fields in pool if fields["id"] not in dropped]
    return {
        "train": [fields for fields in kept if fields["id"] not in validation],
        "validation": [fields for fields in kept if fields["id"] in validation],
        "test": test,
    }


def _sentences(content: bytes, part: str, intent: str) -> Iterator[dict]:
    for number, entry in enumerate(json.loads(_decode(content))[intent]):
        segments = ((piece["text"], piece.get("entity")) for piece in entry["data"])
        tokens, tags = tag_segments(segments)
        yield {
            "id": f"snips-{part}-{intent}-{number:04}",
            "tokens": tokens,
            "tags": tags,
            "label": intent,
        }


def _decode(content: bytes) -> str:
    """Decode UTF-8 in which one character is a surrogate pair (CESU-8).

    The publisher's PlayMusic file has it. A half pair still raises `UnicodeError`.
    """
    halves = content.decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16")


def _chosen_ids() -> dict[str, set[str]]:
    """Return the ids under "validation" and "dropped"."""
    listing = files("mtlhelpers.data") / "registry" / "snips.ids"
    chosen: dict[str, set[str]] = {"validation": set(), "dropped": set()}
    for line in listing.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            fate, row_id = line.split()
            chosen[fate].add(row_id)
    return chosen
