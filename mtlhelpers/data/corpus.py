"""What a corpus is, and how one is made of sentences."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from datasets import Dataset, DatasetDict, Features, List, Value

from mtlhelpers.data.carving import SEED, carve_validation
from mtlhelpers.data.checks import check_splits, label_names, tag_names
from mtlhelpers.data.describing import describe_corpus
from mtlhelpers.data.rows import CorpusError, Row

SPLITS = ("train", "validation", "test")
_FEATURES = Features(
    id=Value("string"),
    tokens=List(Value("string")),
    tags=List(Value("string")),
    label=Value("string"),
    group=Value("string"),
)


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
        note = f"label {label} left out, and with it {dropped:,} of the sentences"
        return build_corpus(
            self.name,
            kept,
            licence=self.licence,
            citation=self.citation,
            source=self.source,
            notes=(*self.notes, note),
        )

    def describe(self) -> str:
        """Return a short table: counts, names, licence, citation and notes."""
        return describe_corpus(self)

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
        train, carved = carve_validation(rows["train"])
        rows = {"train": train, "validation": carved, "test": rows["test"]}
        note = f"validation: {len(carved):,} sentences carved from train (seed {SEED})"
        notes = (*notes, note)
    splits = DatasetDict({split: _to_dataset(rows[split]) for split in SPLITS})
    labels, tags = label_names(rows["train"]), tag_names(rows["train"])
    return Corpus(name, splits, labels, tags, licence, citation, source, notes)


def rows_of(corpus: Corpus) -> dict[str, list[Row]]:
    """Return the sentences of each split, as `build_corpus` takes them."""
    return {
        split: [
            Row(*cells, place=f"{corpus.name}, {split}, {cells[0]}")
            for cells in _cells(corpus.splits[split])
        ]
        for split in SPLITS
    }


def _to_dataset(rows: Sequence[Row]) -> Dataset:
    in_order = sorted(rows, key=lambda row: row.id)
    return Dataset.from_dict(
        {column: [getattr(row, column) for row in in_order] for column in _FEATURES},
        features=_FEATURES,
    )


def _cells(rows: Dataset) -> Iterator[tuple]:
    """Yield id, tokens, tags, label and group of each sentence.

    By whole columns, which is many times faster than by sentence.
    """
    return zip(*(rows[column][:] for column in _FEATURES), strict=True)
