"""CLINC150 (full): one JSON file of texts with intents, one of intents by domain."""

import json
from collections.abc import Mapping

from mtlhelpers.data.words import split_words

_PARTS = {
    "train": ("train", "oos_train"),
    "validation": ("val", "oos_val"),
    "test": ("test", "oos_test"),
}


def parse(contents: Mapping[str, bytes]) -> dict[str, list[dict]]:
    """Return id, tokens and label (the domain, or "oos") of each split's sentences."""
    parts = json.loads(contents["data/data_full.json"])
    domains = json.loads(contents["data/domains.json"])
    domain_of = {
        intent: domain for domain, intents in domains.items() for intent in intents
    }
    domain_of["oos"] = "oos"
    return {
        split: [
            {
                "id": f"clinc150-{part}-{number:05}",
                "tokens": split_words(text),
                "label": domain_of[intent],
            }
            for part in parts_of_split
            for number, (text, intent) in enumerate(parts[part])
        ]
        for split, parts_of_split in _PARTS.items()
    }
