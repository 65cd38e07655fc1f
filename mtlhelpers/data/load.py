"""Corpora by name, from files of any known format, and from a hub."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

from mtlhelpers.data.corpus import Corpus, build_corpus, rows_of
from mtlhelpers.data.formats.intake import Intake, Splits
from mtlhelpers.data.formats.recognition import is_known
from mtlhelpers.data.formats.sources import (
    STDIN,
    Given,
    is_there,
    open_parts,
    parts_of,
)
from mtlhelpers.data.published.download import fetch_files, given_folder
from mtlhelpers.data.published.registry import (
    NEWSDESK_ROWS,
    PUBLISHERS,
    STUDIED,
    Publisher,
)
from mtlhelpers.data.rows import SPLITS, Row, label_names, tag_names
from mtlhelpers.data.variants import cap_validation, combine_corpora, extend_test
from mtlhelpers.errors import CorpusError

_INTENT = ":intent"
_KNOWN = ", ".join([*sorted(["newsdesk", *PUBLISHERS]), *STUDIED])


class Reading(NamedTuple):
    """What a source holds: sentences by split, checked one by one but not together."""

    name: str
    splits: Splits
    source: str
    notes: tuple[str, ...]


def load_corpus(
    source: str | Path,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    revision: str | None = None,
    repair: bool = False,
) -> Corpus:
    """Load a corpus.

    Args:
        source: "newsdesk", which ships with the package; a registered name ("snips");
            two of them joined by "+", one with labels and one with tags
            ("clinc150+wnut17"); one of `STUDIED`, as studies take it ("snips+2000",
            "hwu64:intent"). Or a file, a folder, a pattern (`*.csv`), "-" for standard
            input ("~" is the home folder); or, with `columns` or `format="hub"`, the id
            of a data set on a hub.
        format: of the files, one of `FORMATS`, or "hub"; else it is recognised.
        columns: the column or key of `text` or `tokens`, and of `tags`, `spans`,
            `label`, `id`, `group` and `split` as far as they exist; else those with the
            usual names are taken, as `KEYS` lists them.
        revision: the commit of a data set on a hub.
        repair: widen spans of characters that break words, instead of refusing them.

    Files, or a column, say what is train, validation and test; else a fifth is drawn as
    test. `<MTLHELPERS_DATA>/<name>` stands for a named corpus if that folder exists;
    else it is downloaded once and kept. Raises `CorpusError` for the first fault.
    """
    name = os.path.expanduser(source)
    own = format is not None or columns is not None or revision is not None
    if not own and not is_file_source(name):
        return _load_named(name)
    reading = read_source(
        name, format=format, columns=columns, revision=revision, repair=repair
    )
    return build_corpus(
        reading.name, reading.splits, source=reading.source, notes=reading.notes
    )


def is_file_source(name: str) -> bool:
    """Whether a source is no name of a corpus, and is there as a file or folder."""
    return name not in ("newsdesk", *PUBLISHERS, *STUDIED) and is_there(name)


def _load_named(name: str) -> Corpus:
    if name == "newsdesk":
        return _load_newsdesk()
    if name in PUBLISHERS:
        return _load_published(PUBLISHERS[name])
    if name in STUDIED:
        return _load_studied(name)
    if name.count("+") == 1:
        return combine_corpora(*map(load_corpus, name.split("+")))
    if is_known(Path(name)) or any(mark in name for mark in "*?["):
        raise CorpusError(
            f"{name}: no such file here. Check the name and the folder ({Path.cwd()})."
        )
    raise CorpusError(
        f"no corpus {name!r}. Known names: {_KNOWN}. Or give a file, a folder with "
        "train.jsonl and test.jsonl, or a hub data set together with `columns`."
    )


def _load_newsdesk() -> Corpus:
    """The corpus that comes with the package; studies/newsdesk makes its rows."""
    try:
        with pq.ParquetFile(NEWSDESK_ROWS, page_checksum_verification=True) as file:
            tables = [file.read_row_group(at) for at in range(len(SPLITS))]
    except (OSError, pa.ArrowException) as error:
        raise CorpusError(
            f"{NEWSDESK_ROWS} is damaged ({error}): install mtlhelpers again."
        ) from error
    splits = DatasetDict({split: Dataset(one) for split, one in zip(SPLITS, tables)})
    train, room = splits["train"], "mtlhelpers/data/newsdesk"
    return Corpus(
        "newsdesk",
        splits,
        label_names(train["label"][:]),
        tag_names(train["tags"][:]),
        licence="CC BY 4.0",
        citation=f"newsdesk, the embedded corpus of mtlhelpers ({room})",
        source=f"written for this project; its data card: {room}/README.md",
        notes=(
            "sentences drafted by a language model under an editorial brief, then "
            "checked",
            "rows of one group are variants of one hand-written sentence: count groups",
        ),
    )


def read_source(
    source: str,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    revision: str | None = None,
    repair: bool = False,
    faults: list[str] | None = None,
) -> Reading:
    """Read the sentences of a source that is no name, as `load_corpus` takes them.

    With a list for `faults`, those of sentences are put there instead of the first
    being raised as `CorpusError`.
    """
    intake = Intake(source, columns, repair, faults)
    parts, formats, said = open_parts(source, format, revision)
    splits, notes = intake.read(parts)
    version = f", revision {revision}" if revision else ""
    place = f"{source}, read as {' and '.join(formats)}{version}"
    return Reading(_name_of(source), splits, place, (*said, *notes))


def corpus_of(
    rows: Given, columns: Mapping[str, str] | None, repair: bool, name: str
) -> Corpus:
    """Make a corpus of sentences that are there already; see `Corpus.from_rows`."""
    splits, notes = Intake(name, columns, repair).read(parts_of(rows, name))
    return build_corpus(name, splits, notes=notes)


def _name_of(source: str) -> str:
    path = Path(source)
    if source == STDIN:
        return "stdin"
    if path.is_dir():
        return path.resolve().name
    if not path.exists() and any(mark in source for mark in "*?["):
        return path.parent.resolve().name
    return path.stem


def _load_studied(name: str) -> Corpus:
    first, _, second = name.replace(_INTENT, "").partition("+")
    corpus = load_corpus(first.removesuffix("-oos"))
    if first.endswith("-oos"):
        corpus = corpus.without_label("oos")
        if second:
            corpus = combine_corpora(corpus, load_corpus(second))
        corpus = cap_validation(corpus, 700, name)
    elif second:
        corpus = extend_test(corpus, int(second), name)
    return _with_intents(corpus, name) if _INTENT in name else corpus


def _with_intents(corpus: Corpus, name: str) -> Corpus:
    """The same sentences under another name, with intents for labels."""
    publisher = PUBLISHERS[re.split(r"\W", name)[0]]
    read = _read(publisher, "intent").values()
    intents = {row.id: row.label for rows in read for row in rows}
    rows = {
        split: [row._replace(label=intents.get(row.id)) for row in rows]
        for split, rows in rows_of(corpus).items()
    }
    return replace(corpus.with_rows(rows, "label: the intent"), name=name)


def _read(publisher: Publisher, label: str = "label") -> dict[str, list[Row]]:
    folder = given_folder(publisher.name)
    if folder:
        named = None if label == "label" else {"tokens": "tokens", "label": label}
        return read_source(str(folder), columns=named).splits
    return publisher.read(fetch_files(publisher), label)


def _load_published(publisher: Publisher) -> Corpus:
    return build_corpus(
        publisher.name,
        _read(publisher),
        licence=publisher.licence,
        citation=publisher.citation,
        source=publisher.source,
        notes=publisher.changes,
    )
