"""From items of files to the checked sentences of splits, with notes on what was done.

Raw text is split into words as in prediction, spans become tags, tags become IOB2, and
a split is made where there is none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mtlhelpers.data.formats.exports import EXPORTS
from mtlhelpers.data.formats.items import Item, Part
from mtlhelpers.data.formats.keys import KeyMap, split_of
from mtlhelpers.data.formats.schemes import find_scheme, scheme_fault, to_iob2
from mtlhelpers.data.formats.spans import read_span, tag_text
from mtlhelpers.data.holdout import SEED, carve
from mtlhelpers.data.rows import SPLITS, Row, read_row
from mtlhelpers.data.words import letters_of, split_words
from mtlhelpers.errors import CorpusError

Splits = dict[str, list[Row]]
TEST_SHARE = 5  # a fifth of the sentences become test where no split is given


class _Found(NamedTuple):
    """A sentence by field; `keys` are those of its record."""

    fields: dict[str, Any]
    keys: tuple[str, ...]
    place: str
    name: str
    file: str
    split: str | None


@dataclass
class Intake:
    """Makes rows of what files hold.

    Attributes:
        source: named in messages.
        columns: the key of each field, where the user names them.
        repair: widen spans that begin or end inside a word.
        faults: where given, faults are collected there, and the sentences left out;
            else the first is raised.
        done: notes on what was done, each with its number.
    """

    source: str
    columns: Mapping[str, str] | None = None
    repair: bool = False
    faults: list[str] | None = None
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Find the keys; `CorpusError` for columns that are not enough."""
        self.keys = KeyMap(self.columns, self.source)

    def read(self, parts: Iterable[Part]) -> tuple[Splits, tuple[str, ...]]:
        """Return the sentences of each split, and notes.

        Raises:
            CorpusError: for the first fault, in the order of the files.
        """
        found, broken = self._collect(parts)
        if not broken:
            self.keys.check_columns(self.source)
        self._number_by_file(found)
        tagged = [one.fields["tags"] for one in found if _is_list(one.fields, "tags")]
        scheme = find_scheme(tagged)
        spans = any(one.fields.get("spans") for one in found)
        rows: dict[str | None, list[Row]] = {}
        for one in found:
            if row := self._row(one, scheme, spans):
                rows.setdefault(one.split, []).append(row)
        if broken:
            self._fault(broken)
        splits = self._splits(rows)
        notes = [f"{count:,} {what}" for what, count in self.done.items() if count]
        if ignored := self.keys.ignored():
            counts = ", ".join(f"{key} ({count:,})" for key, count in ignored.items())
            notes.append(f"keys not read (in so many sentences): {counts}")
        return splits, tuple(notes)

    def _collect(self, parts: Iterable[Part]) -> tuple[list[_Found], str | None]:
        """Return all items by field, up to a fault that ends reading, and that fault.

        So faults of sentences before that place are said first.
        """
        found: list[_Found] = []
        try:
            for part in parts:
                item = None
                for item in part.items:
                    found += self._fields(item, part)
                if item is None:
                    raise CorpusError(
                        f"{part.path}: no sentences. Put some in, or remove the file."
                    )
        except CorpusError as error:
            return found, str(error)
        return found, None

    def _number_by_file(self, found: list[_Found]) -> None:
        """Put a file's name before ids that are numbers, where another has them too.

        Tools count from the same number in each file.
        """
        ids = [str(one.fields.get("id", "")) for one in found]
        numbers = {(i, one.file) for i, one in zip(ids, found) if i.isdecimal()}
        if len(numbers) == len({number for number, _ in numbers}):
            return
        for one, number in zip(found, ids):
            if number.isdecimal():
                one.fields["id"] = f"{one.file}-{number}"
                self.done["ids that several files have, put after the file's name"] += 1

    def _fields(self, item: Item, part: Part) -> list[_Found]:
        try:
            records = EXPORTS[part.export](item.value)
            if not records:
                self.done["examples left out, since they were not accepted"] += 1
            found = []
            for number, record in enumerate(records):
                fields = self.keys.fields(record)
                _shape_label(fields)
                split = _split(fields.pop("split", None), part.split)
                name = f"{item.name}-{number}" if len(records) > 1 else item.name
                keys, file = tuple(record), item.name.rpartition("-")[0]
                found.append(_Found(fields, keys, item.place, name, file, split))
            return found
        except CorpusError as error:
            self._fault(f"{item.place}: {error}.")
        except (AttributeError, KeyError, TypeError, ValueError):
            self._fault(
                f"{item.place}: not as {part.export} writes it. Export it again, or "
                "say which format it has."
            )
        return []

    def _row(self, one: _Found, scheme: str, spans: bool) -> Row | None:
        try:
            fields = self._made(one, scheme, spans)
        except CorpusError as error:
            self._fault(f"{one.place}: {error}.")
            return None
        try:
            return read_row(fields, one.place, one.name)
        except CorpusError as error:
            self._fault(str(error))
            return None

    def _fault(self, message: str) -> None:
        if self.faults is None:
            raise CorpusError(message)
        self.faults.append(message)

    def _made(self, one: _Found, scheme: str, spans: bool) -> dict[str, Any]:
        """Return tokens, tags, label, id and group as `read_row` takes them."""
        fields = dict(one.fields)
        if not fields.keys() & {"text", "tokens"}:
            raise CorpusError(self.keys.say_missing(one.keys))
        for key in ("id", "group"):
            if type(fields.get(key)) is int:
                fields[key] = str(fields[key])
        marks = fields.pop("spans", None)
        if marks and "tags" in fields:
            self.done["sentences with tags and spans, of which the tags count"] += 1
        elif marks and "text" not in fields:
            raise CorpusError("spans, but no text. Give the text that they count in")
        if "tokens" not in fields or (marks and "tags" not in fields):
            self._split_text(fields, marks if spans else None)
        tags: list[str] = fields["tags"] if _is_list(fields, "tags") else []
        if set(map(type, tags)) == {str}:
            if fault := scheme_fault(tags, scheme):
                raise CorpusError(f"{fault}. Correct the tag")
            fields["tags"] = to_iob2(tags, scheme)
            changed = fields["tags"] != tags
            note = f"sentences with tags as in {scheme}, turned into IOB2 (B-x, I-x)"
            self.done[note] += changed
        return fields

    def _split_text(self, fields: dict[str, Any], spans: Any) -> None:
        """Put the words of the text into the fields, and the tags of its spans."""
        text = fields.pop("text", None)
        if not isinstance(text, str):
            kind = "missing" if text is None else f"of type {type(text).__name__}"
            raise CorpusError(f"text is {kind}. Give the sentence as a string")
        if spans is None or "tags" in fields:
            fields["tokens"] = split_words(text)
        elif not isinstance(spans, list):
            raise CorpusError(f"spans are of type {type(spans).__name__}. List them")
        else:
            read = [read_span(span) for span in spans]
            fields["tokens"], fields["tags"], widened = tag_text(
                text, read, self.repair
            )
            self.done["spans that broke words, widened to whole words"] += widened
        if not fields["tokens"]:
            raise CorpusError("text is blank. Fill it in, or leave the sentence out")
        self.done["sentences of raw text, split into words as in prediction"] += 1

    def _splits(self, rows: Mapping[str | None, list[Row]]) -> Splits:
        named = {split: rows[split] for split in SPLITS if split in rows}
        loose = rows.get(None, [])
        if loose and named:
            self._fault(
                f"{loose[0].place}: in no split, while other sentences are. Name its "
                f"split: {', '.join(SPLITS)}."
            )
        elif loose or list(named) == ["train"]:
            return self._dealt(loose or named["train"])
        elif not rows and self.faults is None:
            self._fault(f"{self.source}: no sentences. Put some in.")
        elif rows and (missing := {"train", "test"} - named.keys()):
            self._fault(
                f"{self.source}: no {' and no '.join(missing)}, only "
                f"{' and '.join(named)}. Add it; or give all sentences without any "
                "split, and one is made."
            )
        return named

    def _dealt(self, rows: list[Row]) -> Splits:
        """Draw test; what says the same, in letters and digits, stays together."""
        first: dict[str, str] = {}
        grouped = [
            row._replace(group=first.setdefault(_said(row), row.id))
            if row.group == row.id
            else row
            for row in rows
        ]
        train, test = carve(grouped, -(-len(rows) // TEST_SHARE), "test")
        if not test and not self.faults:
            self._fault(
                f"{self.source}: no test split, and none can be drawn: each sentence "
                "is the only one of its label or type. Add sentences."
            )
        note = (
            f"sentences drawn as test (seed {SEED}), since no split was given; groups, "
        )
        self.done[f"{note}and sentences that say the same, stay together"] = len(test)
        return {"train": train, "test": test}


def _said(row: Row) -> str:
    return letters_of(row.tokens) or " ".join(row.tokens)


def _is_list(fields: dict[str, Any], key: str) -> bool:
    return isinstance(fields.get(key), list)


def _split(value: object, of_file: str | None) -> str | None:
    """The split of a sentence: what its own field says, else its file."""
    if value is None:
        return of_file
    found = split_of(value) if isinstance(value, str) else None
    if found is None:
        raise CorpusError(f"split is {value!r}. Write train, validation or test")
    return found


def _shape_label(fields: dict[str, Any]) -> None:
    """Put what stands under `label` where its shape says that it belongs."""
    if not _is_list(fields, "label"):
        return
    label = fields.pop("label")
    words = len(fields["tokens"]) if _is_list(fields, "tokens") else -1
    if not label:
        fields.setdefault("spans", [])  # of a text without spans, in an export
    elif isinstance(label[0], list | dict):
        fields["spans"] = label
    elif len(label) == words and "tags" not in fields:
        fields["tags"] = label
    elif len(label) == 1:
        fields["label"] = label[0]
    else:
        raise CorpusError(
            f"{len(label)} labels ({', '.join(map(str, label[:3]))}). One per sentence "
            "can be learned: keep the main one, or make one corpus per question (has "
            "it label x, or not?)"
        )
