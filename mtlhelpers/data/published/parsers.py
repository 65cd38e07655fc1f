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
from itertools import groupby
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
    """Read fold 1 of HWU64, a CSV file per intent; the label is the scenario.

    The finer intent, "alarm_set", is the scenario and what the publisher calls intent.
    """
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
        label = line["scenario"]
        intent = f"{label}_{line['intent']}"
        yield {
            "id": name,
            "tokens": tokens,
            "tags": tags,
            "label": label,
            "intent": intent,
        }


def _bracketed(annotated: str) -> Iterator[tuple[str, str | None]]:
    """Cut "wake me at [time : six]" into ("wake me at ", None), (" six", "time")."""
    end = 0
    for span in re.finditer(r"\[\s*([^\[\]:]+?)\s*:([^\[\]]*)\]", annotated):
        yield annotated[end : span.start()], None
        yield span[2], span[1]
        end = span.end()
    yield annotated[end:], None


def parse_wnut17(contents: Contents) -> dict[str, list[Fields]]:
    """Read WNUT 2017, three files of a token and its tag per line."""
    paths = {
        "train": "wnut17train.conll",
        "validation": "emerging.dev.conll",
        "test": "emerging.test.annotated",
    }
    return {
        split: list(_tagged_sentences(contents[path], f"wnut17-{split}-", 4))
        for split, path in paths.items()
    }


def parse_bc5cdr(contents: Contents) -> dict[str, list[Fields]]:
    """Read BC5CDR as Crichton et al. cut it: a token and its tag per line."""
    files = {"train": "train", "validation": "devel", "test": "test"}
    return {
        split: list(
            _tagged_sentences(
                contents[f"data/BC5CDR-IOB/{file}.tsv"], f"bc5cdr-{split}-", 5
            )
        )
        for split, file in files.items()
    }


def _tagged_sentences(content: bytes, prefix: str, digits: int) -> Iterator[Fields]:
    """Yield the sentences that blank lines part, under numbers of so many digits."""
    # Only "\n" ends a line, since tokens may hold other line separators. The blank line
    # between sentences holds a tab in one of WNUT's files.
    lines = content.decode("utf-8").split("\n")
    groups = groupby(lines, key=lambda line: bool(line.strip()))
    sentences = (list(lines) for filled, lines in groups if filled)
    for number, sentence in enumerate(sentences):
        tokens, tags = zip(*(line.split("\t") for line in sentence), strict=True)
        name = f"{prefix}{number:0{digits}}"
        yield {"id": name, "tokens": list(tokens), "tags": list(tags)}


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
                "intent": intent,
            }
            for part in (short, f"oos_{short}")
            for number, (text, intent) in enumerate(parts[part])
        ]
        for split, short in short_names.items()
    }
