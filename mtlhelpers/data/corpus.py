"""What a corpus is, and how one is made of sentences."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from datasets import Dataset, DatasetDict, Features, List, Value

from mtlhelpers.data.holdout import SEED, carve_validation
from mtlhelpers.data.rows import SPLITS, Row, check_splits, label_names, tag_names
from mtlhelpers.data.streams import stream
from mtlhelpers.data.words import spans_of
from mtlhelpers.errors import CorpusError
from mtlhelpers.escapes import escaped

if TYPE_CHECKING:
    import pandas as pd

    from mtlhelpers.data.formats.sources import Given

FEATURES = Features(
    id=Value("string"),
    tokens=List(Value("string")),
    tags=List(Value("string")),
    label=Value("string"),
    group=Value("string"),
)
WIDTH = 88  # characters in a line of a description


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sentences in three splits, with tags, a label, or both on each.

    Attributes:
        name: a registered name, the name of the folder, or that of the hub data set.
        splits: train, validation and test, each sorted by id, with the columns id,
            tokens (list of strings), tags (list of BIO tags, or None), label (string,
            or None) and group (sentences made from one another share it).
        labels: the labels of train, sorted; may be empty.
        tags: "O", then B-x and I-x for each type x of train, sorted; may be empty.
        licence, citation, source: of the sentences; "" where unknown.
        notes: what was done to the sentences on the way here.
    """

    name: str
    splits: DatasetDict
    labels: list[str]
    tags: list[str]
    licence: str = ""
    citation: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_rows(
        cls,
        rows: "Given",
        *,
        columns: Mapping[str, str] | None = None,
        repair: bool = False,
        name: str = "rows",
    ) -> "Corpus":
        """Make a corpus of sentences in memory, checked as those of files.

        Args:
            rows: dicts, or a `Dataset`; or a mapping of them by split, as `DatasetDict`
                is one. Without splits, and without a field `split`, one is made.
            columns, repair: as `load_corpus` takes them.
            name: of the corpus.

        Raises:
            CorpusError: for the first fault.
        """
        from mtlhelpers.data.load import corpus_of  # which imports this file

        return corpus_of(rows, columns, repair, name)

    @classmethod
    def from_pandas(
        cls,
        frame: "pd.DataFrame",
        *,
        columns: Mapping[str, str] | None = None,
        repair: bool = False,
        name: str = "frame",
    ) -> "Corpus":
        """Make a corpus of a table with a sentence per row, as `from_rows` does.

        A missing value (NaN, NA) counts as absent; an array is taken as a list.
        """
        plain = frame.astype(object).where(frame.notna(), None)
        listed = [
            {
                str(key): cell.tolist() if hasattr(cell, "tolist") else cell
                for key, cell in row.items()
            }
            for row in plain.to_dict("records")
        ]
        return cls.from_rows(listed, columns=columns, repair=repair, name=name)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the corpus can train: "sentence", "ner", or both."""
        return ("sentence",) * bool(self.labels) + ("ner",) * bool(self.tags)

    @cached_property
    def disjoint(self) -> bool:
        """Whether the corpus has both tasks, but no sentence of train has both."""
        train = self.splits["train"]
        both = zip(train["label"][:], train["tags"][:], strict=True)
        return len(self.tasks) == 2 and all(None in cells for cells in both)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256, in hex, of labels, tags and the sentences of every split.

        It depends neither on the order of the sentences nor on where they came from.
        """
        digest = hashlib.sha256(json.dumps([self.labels, self.tags]).encode())
        for split in SPLITS:
            for cells in sorted(_cells(self.splits[split]), key=lambda row: row[0]):
                digest.update(json.dumps([split, *cells]).encode())
        return digest.hexdigest()

    def with_rows(self, rows: Mapping[str, Sequence[Row]], *notes: str) -> "Corpus":
        """Return a corpus of other sentences under the same name, and further notes.

        Raises `CorpusError` as `build_corpus` does.
        """
        made = build_corpus(self.name, rows, notes=(*self.notes, *notes))
        return replace(
            made, licence=self.licence, citation=self.citation, source=self.source
        )

    def without_label(self, label: str) -> "Corpus":
        """Return the corpus without the sentences that have this label.

        Raises:
            CorpusError: if no sentence of train has it, or if what is left is no
                corpus (an empty split, a tag of test that train no longer has).
        """
        if label not in self.labels:
            names = ", ".join(self.labels) or "none"
            raise CorpusError(
                f"{self.name}: no label {label!r} to leave out. Its labels: {names}."
            )
        rows = rows_of(self)
        kept = {
            split: [row for row in rows[split] if row.label != label] for split in rows
        }
        dropped = sum(len(rows[split]) - len(kept[split]) for split in rows)
        return self.with_rows(
            kept, f"label {label} left out, and with it {dropped:,} of the sentences"
        )

    def describe(self) -> str:
        """Return counts per split, names of labels and types, and where it is from.

        Labels and spans are counted over all sentences of a split. No line is wider
        than 88 characters.
        """
        header = f"{'':<12}{'sentences':>11}{'tokens':>11}{'labels':>11}{'spans':>11}"
        counts = [
            f"{split:<12}" + "".join(f"{count:>11,}" for count in _count(rows))
            for split, rows in self.splits.items()
        ]
        types = sorted({tag[2:] for tag in self.tags if tag != "O"})
        facts = [
            (f"{len(self.labels)} labels", ", ".join(self.labels)),
            (f"{len(types)} types", ", ".join(types)),
            ("licence", self.licence),
            ("citation", self.citation),
            ("source", self.source),
            *(("note", note) for note in self.notes),
        ]
        lines = [
            fill(
                f"{name:<12}{text}",
                WIDTH,
                subsequent_indent=" " * 12,
                break_on_hyphens=False,
            )
            for name, text in facts
            if text
        ]
        return escaped("\n".join([f"corpus {self.name}", header, *counts, *lines]))

    __str__ = describe


def build_corpus(
    name: str,
    rows: Mapping[str, Sequence[Row]],
    *,
    licence: str = "",
    citation: str = "",
    source: str = "",
    notes: tuple[str, ...] = (),
) -> Corpus:
    """Make a corpus of the sentences of train, perhaps validation, and test.

    Without validation, one is carved from train, and a note says so.

    Raises:
        CorpusError: for the first fault that `check_splits` finds.
    """
    check_splits(rows)
    if "validation" not in rows:
        train, carved = carve_validation(rows["train"], source or name)
        rows = {"train": train, "validation": carved, "test": rows["test"]}
        note = f"validation: {len(carved):,} sentences carved from train (seed {SEED})"
        notes = (*notes, note)
    splits = DatasetDict({split: _to_dataset(rows[split]) for split in SPLITS})
    labels = label_names(row.label for row in rows["train"])
    tags = tag_names(row.tags for row in rows["train"])
    return Corpus(name, splits, labels, tags, licence, citation, source, notes)


def rows_of(corpus: Corpus) -> dict[str, list[Row]]:
    """Return the sentences of each split, as `build_corpus` takes them."""
    return {
        split: [
            Row(name, tokens, tags, label, group, f"{corpus.name}, {split}, {name}")
            for name, tokens, tags, label, group in _cells(corpus.splits[split])
        ]
        for split in SPLITS
    }


def _to_dataset(rows: Sequence[Row]) -> Dataset:
    in_order = sorted(rows, key=lambda row: row.id)
    columns = [[getattr(row, column) for row in in_order] for column in FEATURES]
    # Through Arrow itself, in half the time that Dataset.from_dict takes.
    return Dataset(pa.table(columns, schema=FEATURES.arrow_schema))


def _cells(rows: Dataset) -> Iterator[tuple[Any, ...]]:
    """Yield id, tokens, tags, label and group of each sentence.

    By whole columns, which is many times faster than by sentence.
    """
    return zip(*(rows[column][:] for column in FEATURES), strict=True)


def _count(rows: Dataset) -> tuple[int, int, int, int]:
    """Count sentences, tokens, sentences with a label, and spans."""
    tags = [tag for sentence in rows["tags"][:] for tag in sentence or ()]
    return (
        len(rows),
        sum(map(len, rows["tokens"][:])),
        sum(label is not None for label in rows["label"][:]),
        sum(tag.startswith("B-") for tag in tags),
    )


def sample_sentences(rows: Dataset, count: int, seed: int = 0) -> list[str]:
    """Return sentences of a split, drawn evenly over its labels, each with its label.

    `count` of each label, or as many as there are; entities stand in marks, as in the
    sentence files: "politics: [Ada Park|person] opened the hearing ."
    """
    drawn = rows.select(stream(seed, "samples").permutation(len(rows)))
    cells = zip(drawn["label"], drawn["tokens"], drawn["tags"], strict=True)
    lines: dict[str, list[str]] = {}
    for label, words, tags in cells:
        name = label or "no label"
        own = lines.setdefault(name, [])
        if len(own) < count:
            own.append(f"{name}: {mark(words, tags or [])}")
    return [line for name in sorted(lines) for line in lines[name]]


def mark(words: Sequence[str], tags: Sequence[str]) -> str:
    """Return the words in one line, spans as `[surface|type]`."""
    pieces: list[str] = []
    at = 0
    for start, end, type_ in spans_of(tags):
        pieces += words[at:start]
        pieces.append(f"[{' '.join(words[start:end])}|{type_}]")
        at = end
    return " ".join([*pieces, *words[at:]])
