"""A sentence as it comes from a source, and what must hold of it and of its splits."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from mtlhelpers.errors import CorpusError

UNWRITTEN = re.compile("[\x00-\x1f\x7f-\x9f]")  # of names: in words there are some
SPLITS = ("train", "validation", "test")


class Row(NamedTuple):
    """A sentence that passed the checks of `read_row`."""

    id: str
    tokens: list[str]
    tags: list[str] | None  # one BIO tag per token
    label: str | None
    group: str  # sentences made from one another share it
    place: str  # where it was read, for messages: "train.jsonl, line 3"


def read_row(fields: object, place: str, default_id: str) -> Row:
    """Check one sentence and return it; `CorpusError` for the first thing wrong.

    Args:
        fields: a mapping with `tokens` (list of strings), and `tags` (list of BIO
            tags, as long as `tokens`), `label` (a string), or both; `id` and `group`
            (strings) may be absent. Other fields are ignored.
        place: where the sentence was read, named in messages.
        default_id: the id of a sentence that brings none.
    """
    if not isinstance(fields, dict):
        fault = f"not an object but {_kind(fields)}"
        raise CorpusError(f"{place}: {fault}. Write {{...}} on each line.")
    for fault, remedy in _faults(fields):
        raise CorpusError(f"{place}: {fault}. {remedy}.")
    name = fields.get("id") or default_id
    tags, label = fields.get("tags"), fields.get("label")
    group = fields.get("group") or name
    return Row(name, fields["tokens"], tags, label, group, place)


def _faults(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong and what to do about it.

    Only the first one counts: what follows it takes for granted that there was none.
    """
    for key in ("id", "label", "group"):
        if (text := fields.get(key)) is not None:
            yield from _faults_of_text(key, text)
    tokens, tags = fields.get("tokens"), fields.get("tags")
    for key, items in (("tokens", tokens), ("tags", tags)):
        if items is not None:
            yield from _faults_of_list(key, items)
    if not tokens:
        yield "no tokens", "Give each sentence a list of at least one token"
    for position, token in enumerate(tokens or (), start=1):
        if not token.strip():
            yield f"token {position} is blank", "Remove it, and its tag"
    if tags is not None:
        yield from _faults_of_tags(tags, tokens or ())
    elif fields.get("label") is None:
        yield "neither tags nor label", "Give the sentence one or both"


def _faults_of_text(key: str, text: object) -> Iterator[tuple[str, str]]:
    if not isinstance(text, str):
        yield f"{key} is {_kind(text)}", _name_it(text, f"Make {key} a string")
    elif not text.strip():
        yield f"{key} is blank", f"Fill in {key} or leave it out"
    elif UNWRITTEN.search(text):
        yield f"{key} {text!r} holds a control character", "Remove it"
    else:
        yield from _faults_of_unicode(key, text)


def _faults_of_list(key: str, items: object) -> Iterator[tuple[str, str]]:
    remedy = f"Make {key} a list of strings"
    if not isinstance(items, list):
        yield f"{key} is {_kind(items)}", remedy
        return
    for position, item in enumerate(items, start=1):
        if not isinstance(item, str):
            yield f"item {position} of {key} is {_kind(item)}", _name_it(item, remedy)
    yield from _faults_of_unicode(key, "".join(items))


def _faults_of_unicode(key: str, text: str) -> Iterator[tuple[str, str]]:
    # JSON can spell half a surrogate pair ("\ud83c"), which no file can then hold.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        half = text[error.start]
        yield (
            f"{key} holds half a surrogate pair, {half!r}",
            "Write the whole character",
        )


def _faults_of_tags(
    tags: Sequence[str], tokens: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if len(tags) != len(tokens):
        fault = f"{len(tokens)} tokens but {len(tags)} tags"
        yield fault, "Give each token one tag"
    for position, (before, tag) in enumerate(pairwise(["O", *tags]), start=1):
        if UNWRITTEN.search(tag):
            yield f"tag {position}, {tag!r}, holds a control character", "Remove it"
        if tag != "O" and (tag[:2] not in ("B-", "I-") or not tag[2:].strip()):
            remedy = "Use O, or B- and I- with the name of a type"
            yield f"tag {position} is {tag!r}", remedy
        if tag.startswith("I-") and before[2:] != tag[2:]:
            fault = f"tag {position} is {tag!r} after {before!r}"
            yield fault, f"Begin the span with 'B-{tag[2:]}'"


def _name_it(value: object, remedy: str) -> str:
    named = "the name that the number stands for (a `ClassLabel` of `datasets` has it)"
    return f"{remedy}: {named}" if isinstance(value, int) else remedy


def _kind(value: object) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"


def entity_types(tags: Iterable[str] | None) -> set[str]:
    """Return the types of the spans that the tags mark, "person" for "B-person"."""
    return {tag[2:] for tag in tags or () if tag != "O"}


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
    _check_ids_and_groups(splits)
    known_labels = {None, *label_names(row.label for row in splits["train"])}
    known_tags = set(tag_names(row.tags for row in splits["train"]))
    remedy = "Correct it, add such sentences to train, or remove this one."
    for row in (*splits.get("validation", ()), *splits["test"]):
        if row.label not in known_labels:
            fault = f"label {row.label!r} is not in train"
            raise CorpusError(f"{row.place}: {fault}. {remedy}")
        for tag in row.tags or ():
            if tag not in known_tags:
                fault = f"tag {tag!r} is not in train"
                raise CorpusError(f"{row.place}: {fault}. {remedy}")


def _check_ids_and_groups(splits: Mapping[str, Sequence[Row]]) -> None:
    ids: dict[str, str] = {}  # where each was read
    groups: dict[str, tuple[str, str]] = {}  # in which split, and where it was read
    for split, rows in splits.items():
        for row in rows:
            if row.id in ids:
                raise CorpusError(
                    f"{row.place}: id {row.id!r} was used before, in {ids[row.id]}. "
                    "Give each sentence of the corpus an id of its own."
                )
            ids[row.id] = row.place
            other_split, place = groups.setdefault(row.group, (split, row.place))
            if other_split != split:
                raise CorpusError(
                    f"{row.place}: group {row.group!r} is in {other_split} too "
                    f"({place}). Keep all sentences of a group in one split."
                )


def label_names(labels: Iterable[str | None]) -> list[str]:
    """Return the labels that occur, sorted."""
    return sorted({label for label in labels if label is not None})


def tag_names(sentences: Iterable[list[str] | None]) -> list[str]:
    """Return "O" and then B-x and I-x for each type x, sorted by type.

    Every type has both, whether or not both occur: a head that is trained on one-word
    spans should not be unable to say that a span goes on. Without tags: [].
    """
    tagged = [tags for tags in sentences if tags is not None]
    types = sorted(entity_types(tag for tags in tagged for tag in tags))
    inside = [f"{mark}-{name}" for name in types for mark in "BI"]
    return ["O", *inside] if tagged else []
