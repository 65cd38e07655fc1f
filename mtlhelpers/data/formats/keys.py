"""Which key of a file holds what, as people call them.

What is not understood is named: no key is left out in silence.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mtlhelpers.errors import CorpusError

# In the order in which they count, where a file has several.
KEYS = {
    "text": ["text", "sentence", "utterance", "query", "content", "message", "data"],
    "tokens": ["tokens", "words", "token"],
    "tags": ["tags", "ner_tags", "bio_tags", "slot_tags", "slots", "ner"],
    "label": ["label_text", "label", "intent", "category", "class", "topic", "labels"],
    "spans": ["entities", "spans"],
    "id": ["id", "guid"],
    "group": ["group", "group_id", "doc_id", "document_id"],
    "split": ["split", "subset", "partition"],
}
CONTENT = ("text", "tokens", "tags", "label", "spans")


_SPLITS_CALLED = {
    "train": ["train", "training"],
    "validation": ["dev", "devel", "valid", "validation", "val"],
    "test": ["test", "testing"],
}


def split_of(name: str) -> str | None:
    """Return the split that a word stands for: "dev" for validation; None for none."""
    plain = name.strip().casefold()
    return next((one for one, names in _SPLITS_CALLED.items() if plain in names), None)


class KeyMap:
    """Finds the fields of sentences by their keys, and remembers what it passed over.

    Attributes:
        columns: the key of each field that the user named. Then no other text, tokens,
            tags, label or spans are read.
    """

    def __init__(self, columns: Mapping[str, str] | None, source: str) -> None:
        """`CorpusError` for names that are no fields, or are too few."""
        self.columns = dict(columns or {})
        self._named = tuple(self.columns.items())
        # How many records had these keys, and these with something in them.
        self._shapes: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
        if columns is None:
            return
        if not {"text", "tokens"} & columns.keys() or not columns.keys() <= KEYS.keys():
            raise CorpusError(
                f"{source}: columns names {', '.join(columns) or 'nothing'}. Name the "
                "column of text or tokens, and those of tags, label, spans, id, group "
                "and split as far as there are such."
            )

    def fields(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a record has of each field; null counts as absent."""
        filled = tuple(key for key in record if record[key] is not None)
        self._shapes[tuple(record), filled] += 1
        found = _keys_of(filled, self._named)
        return {field: record[key] for field, key in found.items()}

    def ignored(self) -> dict[str, int]:
        """Return how many records had each key that was not read."""
        counts: Counter[str] = Counter()
        for (_, filled), count in self._shapes.items():
            read = _keys_of(filled, self._named).values()
            counts.update({key: count for key in filled if key not in read})
        return dict(sorted(counts.items()))

    def say_missing(self, keys: Sequence[str]) -> str:
        """Say that a sentence has neither tokens nor text, and what to do.

        If others have, it is empty in this one; else the key has another name.
        """
        read = [_keys_of(filled, self._named) for _, filled in self._shapes]
        for field in ("tokens", "text"):
            if any(field in found for found in read):
                return f"no {field}. Fill it in, or leave the sentence out"
        return (
            f"no tokens, and no text: its keys are {', '.join(keys)}. Call one of them "
            "text or tokens (in the first line of a table), or name it by `columns`"
        )

    def check_columns(self, source: str) -> None:
        """Raise `CorpusError` for a column that no sentence has."""
        seen = dict.fromkeys(key for keys, _ in self._shapes for key in keys)
        for field, column in self.columns.items():
            if seen and column not in seen:
                raise CorpusError(
                    f"{source}: no column {column!r} for {field}, only "
                    f"{', '.join(map(str, seen))}. Correct `columns`."
                )


@cache
def _keys_of(
    keys: tuple[str, ...], columns: tuple[tuple[str, str], ...]
) -> dict[str, str]:
    """Return the key of each field that is there."""
    plain = {key.strip().casefold().replace(" ", "_"): key for key in reversed(keys)}
    named, found = dict(columns), {}
    for field, names in KEYS.items():
        if field in named:
            key = named[field] if named[field] in keys else None
        elif named and field in CONTENT:
            key = None
        else:
            key = next((plain[name] for name in names if name in plain), None)
        if key is not None:
            found[field] = key
    return found
