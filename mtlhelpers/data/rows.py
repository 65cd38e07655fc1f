"""One sentence as it comes from a source, and what must hold of it by itself."""

from typing import Any, NamedTuple, NoReturn


class CorpusError(ValueError):
    """A corpus that cannot be had or used: the message says where, why, what to do."""


class Row(NamedTuple):
    """A sentence that passed the checks of `read_row`."""

    id: str
    tokens: list[str]
    tags: list[str] | None  # one BIO tag a token
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
