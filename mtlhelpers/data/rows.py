"""A sentence as it comes from a source, and what must hold of it and of its splits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn


class CorpusError(ValueError):
    """A corpus that cannot be had or used: the message says where, why, what to do."""


class Row(NamedTuple):
    """A sentence that passed the checks of `read_row`."""

    id: str
    tokens: list[str]
    tags: list[str] | None  # one BIO tag per token
    label: str | None
    group: str  # sentences made from one another share it
    place: str  # where it was read, for messages: "train.jsonl, line 3"


def read_row(fields: object, place: str, default_id: str) -> Row:
    """Check one sentence and return it.

    Args:
        fields: a mapping with `tokens` (list of strings), and `tags` (list of BIO
            tags, as long as `tokens`), `label` (a string), or both; `id` and `group`
            (strings) may be absent. Other fields are ignored.
        place: where the sentence was read, named in messages.
        default_id: the id of a sentence that brings none.

    Raises:
        CorpusError: for the first thing that is wrong.
    """
    if not isinstance(fields, dict):
        _fail(place, f"not an object but {_kind(fields)}", "Write {...} on each line")
    row_id = _read_text(fields, "id", place) or default_id
    tokens = _read_strings(fields, "tokens", place)
    tags = _read_strings(fields, "tags", place)
    label = _read_text(fields, "label", place)
    if not tokens:
        _fail(place, "no tokens", "Give each sentence a list of at least one token")
    _check_tokens(tokens, place)
    if tags is None and label is None:
        _fail(place, "neither tags nor label", "Give the sentence one or both")
    if tags is not None:
        _check_tags(tokens, tags, place)
    group = _read_text(fields, "group", place) or row_id
    return Row(row_id, tokens, tags, label, group, place)


def entity_types(tags: list[str] | None) -> set[str]:
    """Return the types of the spans that the tags mark, "person" for "B-person"."""
    return {tag[2:] for tag in tags or () if tag != "O"}


def _read_text(fields: dict[str, Any], key: str, place: str) -> str | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        _fail(place, f"{key} is {_kind(value)}", f"Make {key} a string")
    if not value.strip():
        _fail(place, f"{key} is blank", f"Fill in {key} or leave it out")
    _check_unicode(value, key, place)
    return value


def _read_strings(fields: dict[str, Any], key: str, place: str) -> list[str] | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, list):
        _fail(place, f"{key} is {_kind(value)}", f"Make {key} a list of strings")
    for position, item in enumerate(value, start=1):
        if not isinstance(item, str):
            fault = f"item {position} of {key} is {_kind(item)}"
            _fail(place, fault, f"Make {key} a list of strings")
    _check_unicode("".join(value), key, place)
    return value


def _check_tokens(tokens: list[str], place: str) -> None:
    for position, token in enumerate(tokens, start=1):
        if not token.strip():
            _fail(place, f"token {position} is blank", "Remove it, and its tag")


def _check_tags(tokens: list[str], tags: list[str], place: str) -> None:
    if len(tags) != len(tokens):
        fault = f"{len(tokens)} tokens but {len(tags)} tags"
        _fail(place, fault, "Give each token one tag")
    before = "O"
    for position, tag in enumerate(tags, start=1):
        if tag != "O" and (tag[:2] not in ("B-", "I-") or not tag[2:].strip()):
            fault = f"tag {position} is {tag!r}"
            _fail(place, fault, "Use O, or B- and I- with the name of a type")
        if tag.startswith("I-") and before[2:] != tag[2:]:
            fault = f"tag {position} is {tag!r} after {before!r}"
            _fail(place, fault, f"Begin the span with 'B-{tag[2:]}'")
        before = tag


def _check_unicode(text: str, key: str, place: str) -> None:
    # JSON can spell half a surrogate pair ("\ud83c"), which no file can then hold.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        fault = f"{key} holds half a surrogate pair, {text[error.start]!r}"
        _fail(place, fault, "Write the whole character")


def _kind(value: object) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"


def _fail(place: str, fault: str, remedy: str) -> NoReturn:
    raise CorpusError(f"{place}: {fault}. {remedy}.")


def check_splits(splits: Mapping[str, Sequence[Row]]) -> None:
    """Raise `CorpusError` for the first fault between sentences or between splits.

    Faults: a split without sentences; an id that occurs twice, in one split or in two;
    a group in two splits; a label or tag of validation or test that train has not.
    """
    for split, rows in splits.items():
        if not rows:
            raise CorpusError(
                f"{split}: no sentences. Each split needs at least one; a corpus "
                "without validation may leave that split out."
            )
    _check_ids(row for rows in splits.values() for row in rows)
    _check_groups(splits)
    known_labels = set(label_names(row.label for row in splits["train"]))
    known_tags = set(tag_names(row.tags for row in splits["train"]))
    for split in ("validation", "test"):
        _check_names(splits.get(split, ()), known_labels, known_tags)


def label_names(labels: Iterable[str | None]) -> list[str]:
    """Return the labels that occur, sorted."""
    return sorted({label for label in labels if label is not None})


def tag_names(sentences: Iterable[list[str] | None]) -> list[str]:
    """Return "O" and then B-x and I-x for each type x, sorted by type.

    Every type has both, whether or not both occur: a head that is trained on one-word
    spans should not be unable to say that a span goes on. Without tags: [].
    """
    tagged = [tags for tags in sentences if tags is not None]
    if not tagged:
        return []
    types = sorted(entity_types([tag for tags in tagged for tag in tags]))
    return ["O", *(f"{mark}-{name}" for name in types for mark in "BI")]


def _check_ids(rows: Iterable[Row]) -> None:
    places: dict[str, str] = {}
    for row in rows:
        if row.id in places:
            raise CorpusError(
                f"{row.place}: id {row.id!r} was used before, in {places[row.id]}. "
                "Give each sentence of the corpus an id of its own."
            )
        places[row.id] = row.place


def _check_groups(splits: Mapping[str, Sequence[Row]]) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for split, rows in splits.items():
        for row in rows:
            other_split, place = seen.setdefault(row.group, (split, row.place))
            if other_split != split:
                raise CorpusError(
                    f"{row.place}: group {row.group!r} is in {other_split} too "
                    f"({place}). Keep all sentences of a group in one split."
                )


def _check_names(rows: Iterable[Row], labels: set[str], tags: set[str]) -> None:
    remedy = "Correct it, add such sentences to train, or remove this one."
    for row in rows:
        if row.label is not None and row.label not in labels:
            raise CorpusError(
                f"{row.place}: label {row.label!r} is not in train. {remedy}"
            )
        for tag in row.tags or ():
            if tag not in tags:
                raise CorpusError(f"{row.place}: tag {tag!r} is not in train. {remedy}")
