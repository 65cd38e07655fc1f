"""What publishers' files hold: each corpus in the form that it was published in.

A parser gets the contents of the files by path in the repository. It gives the fields
of each split's sentences, as `read_row` takes them.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from mtlhelpers.data.words import split_words, tag_segments

Contents = Mapping[str, bytes]
Fields = dict[str, Any]


def parse_snips(contents: Contents) -> dict[str, list[Fields]]:
    """Read SNIPS 2017-06, a JSON file of segments per intent; the label is the intent.

    The publisher's `train_*_full.json` are the pool of train and validation, and its
    `validate_*.json` are test, as is customary. Which of the pool are validation, and
    which repeat a sentence of validation or test and are dropped, a list of ids says.
    """
    pool: list[Fields] = []
    test: list[Fields] = []
    for path in sorted(contents):
        _, intent, file = path.split("/")
        if file.startswith("validate"):
            test += _snips_sentences(contents[path], "test", intent)
        else:
            pool += _snips_sentences(contents[path], "train", intent)
    chosen = snips_ids()
    kept = [fields for fields in pool if fields["id"] not in chosen["dropped"]]
    return {
        "train": [one for one in kept if one["id"] not in chosen["validation"]],
        "validation": [one for one in kept if one["id"] in chosen["validation"]],
        "test": test,
    }


def _snips_sentences(content: bytes, part: str, intent: str) -> Iterator[Fields]:
    # One character in PlayMusic is a surrogate pair encoded by halves (CESU-8). Half a
    # pair alone still raises `UnicodeError`.
    halves = content.decode("utf-8", "surrogatepass")
    text = halves.encode("utf-16", "surrogatepass").decode("utf-16")
    for number, entry in enumerate(json.loads(text)[intent]):
        segments = ((piece["text"], piece.get("entity")) for piece in entry["data"])
        tokens, tags = tag_segments(segments)
        name = f"snips-{part}-{intent}-{number:04}"
        yield {"id": name, "tokens": tokens, "tags": tags, "label": intent}


def snips_ids() -> dict[str, set[str]]:
    """Return the ids of SNIPS's pool under "validation" and "dropped"."""
    listing = files("mtlhelpers.data") / "registry" / "snips.ids"
    chosen: dict[str, set[str]] = {"validation": set(), "dropped": set()}
    for line in listing.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            fate, name = line.split()
            chosen[fate].add(name)
    return chosen


def parse_hwu64(contents: Contents) -> dict[str, list[Fields]]:
    """Read fold 1 of HWU64, a CSV file per intent; the label is the scenario."""
    paths = sorted(map(PurePosixPath, contents))
    return {
        split: [
            fields
            for path in paths
            if path.parent.name == folder
            for fields in _hwu64_sentences(
                contents[str(path)], f"hwu64-{split}-{path.stem}"
            )
        ]
        for split, folder in {"train": "trainset", "test": "csv"}.items()
    }


def _hwu64_sentences(content: bytes, prefix: str) -> Iterator[Fields]:
    text = io.StringIO(content.decode("utf-8"), newline="")
    for number, line in enumerate(csv.DictReader(text, delimiter=";")):
        tokens, tags = tag_segments(_bracketed(line["answer_annotation"]))
        # The row number is in the id because some answerids occur twice.
        name = f"{prefix}-{number:04}-a{line['answerid']}"
        yield {"id": name, "tokens": tokens, "tags": tags, "label": line["scenario"]}


def _bracketed(annotated: str) -> Iterator[tuple[str, str | None]]:
    """Cut "wake me at [time : six]" into ("wake me at ", None), (" six", "time")."""
    end = 0
    for span in re.finditer(r"\[\s*([^\[\]:]+?)\s*:([^\[\]]*)\]", annotated):
        yield annotated[end : span.start()], None
        yield span[2], span[1]
        end = span.end()
    yield annotated[end:], None


def parse_wnut17(contents: Contents) -> dict[str, list[Fields]]:
    """Read WNUT 2017: a token and its tag per line, a blank line between sentences."""
    paths = {
        "train": "wnut17train.conll",
        "validation": "emerging.dev.conll",
        "test": "emerging.test.annotated",
    }
    return {
        split: [
            {"id": f"wnut17-{split}-{number:04}", "tokens": tokens, "tags": tags}
            for number, (tokens, tags) in enumerate(_wnut17_sentences(contents[path]))
        ]
        for split, path in paths.items()
    }


def _wnut17_sentences(content: bytes) -> list[tuple[list[str], list[str]]]:
    # Only "\n" ends a line, since tokens may hold other line separators. The blank line
    # between sentences holds a tab in one of the files.
    sentences: list[tuple[list[str], list[str]]] = [([], [])]
    for line in content.decode("utf-8").split("\n"):
        if line.strip():
            token, tag = line.split("\t")
            sentences[-1][0].append(token)
            sentences[-1][1].append(tag)
        else:
            sentences.append(([], []))
    return [sentence for sentence in sentences if sentence[0]]


def parse_clinc150(contents: Contents) -> dict[str, list[Fields]]:
    """Read CLINC150 (full), two JSON files; the label is the domain of the intent.

    Sentences out of scope have the label "oos".
    """
    parts = json.loads(contents["data/data_full.json"])
    domains = json.loads(contents["data/domains.json"])
    domain_of = {
        intent: domain for domain, intents in domains.items() for intent in intents
    } | {"oos": "oos"}
    short_names = {"train": "train", "validation": "val", "test": "test"}
    return {
        split: [
            {
                "id": f"clinc150-{part}-{number:05}",
                "tokens": split_words(text),
                "label": domain_of[intent],
            }
            for part in (short, f"oos_{short}")
            for number, (text, intent) in enumerate(parts[part])
        ]
        for split, short in short_names.items()
    }
