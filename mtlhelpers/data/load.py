"""Corpora by name, from a folder, and from a hub."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

from mtlhelpers.data.corpus import SPLITS, Corpus, build_corpus, rows_of
from mtlhelpers.data.hub import read_hub
from mtlhelpers.data.jsonl import read_folder
from mtlhelpers.data.published.download import fetch_files, given_folder
from mtlhelpers.data.published.registry import (
    NEWSDESK_ROWS,
    PUBLISHERS,
    STUDIED,
    Publisher,
)
from mtlhelpers.data.rows import CorpusError, Row, label_names, tag_names
from mtlhelpers.data.variants import cap_validation, combine_corpora, extend_test

_INTENT = ":intent"
_KNOWN = ", ".join([*sorted(["newsdesk", *PUBLISHERS]), *STUDIED])


def load_corpus(
    source: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    revision: str | None = None,
) -> Corpus:
    """Load a corpus.

    `source` is "newsdesk", which ships with the package; a registered name ("snips");
    two of them joined by "+", one with labels and one with tags ("clinc150+wnut17");
    one of `STUDIED`, as studies take it ("snips+2000", "hwu64:intent"); a folder ("~"
    is the home folder) with `train.jsonl`, `test.jsonl` and perhaps
    `validation.jsonl`, as `read_folder` takes it; or, with `columns`, a data set on a
    hub or in a folder, as `read_hub` takes it. `columns` names the data set's columns
    for `tokens`, and for `tags`, `label`, `id` and `group` as far as they exist;
    `revision` is a commit.

    `<MTLHELPERS_DATA>/<name>` stands for a named corpus if that folder exists; else it
    is downloaded once and kept. Raises `CorpusError` for the first fault.
    """
    name = os.path.expanduser(source)
    if columns is not None:
        rows = read_hub(name, columns, revision)
        version = f", revision {revision}" if revision else ""
        return build_corpus(Path(name).name, rows, source=name + version)
    if revision is not None:
        raise CorpusError(f"{name}: a revision needs `columns`, for a hub data set.")
    if name == "newsdesk":
        return _load_newsdesk()
    if name in PUBLISHERS:
        return _load_published(PUBLISHERS[name])
    if name in STUDIED:
        return _load_studied(name)
    if Path(name).is_dir():
        return build_corpus(Path(name).resolve().name, read_folder(Path(name)))
    if name.count("+") == 1:
        return combine_corpora(*map(load_corpus, name.split("+")))
    raise CorpusError(
        f"no corpus {name!r}. Known names: {_KNOWN}. Or give a folder that holds "
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
    rows = rows_of(corpus)
    for split in rows:
        for at, row in enumerate(rows[split]):
            intent = intents.get(row.id)
            if row.label and not intent:
                raise CorpusError(
                    f"{name}: sentence {row.id} has no intent. Add it to the folder "
                    "that MTLHELPERS_DATA names, or unset that."
                )
            rows[split][at] = row._replace(label=intent)
    return replace(corpus.with_rows(rows, "label: the intent"), name=name)


def _read(publisher: Publisher, label: str = "label") -> dict[str, list[Row]]:
    folder = given_folder(publisher.name)
    if folder:
        return read_folder(folder, label)
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
