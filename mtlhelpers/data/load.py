"""Corpora by name, from a folder, and from a hub."""

import os
from collections.abc import Mapping
from pathlib import Path

from mtlhelpers.data.corpus import Corpus, build_corpus
from mtlhelpers.data.hub import read_hub
from mtlhelpers.data.jsonl import read_folder
from mtlhelpers.data.newsdesk.release import load_newsdesk
from mtlhelpers.data.published.download import fetch_files
from mtlhelpers.data.published.registry import (
    LARGER_TEST,
    PUBLISHERS,
    STUDIED,
    Publisher,
)
from mtlhelpers.data.rows import CorpusError
from mtlhelpers.data.variants import cap_validation, combine_corpora, extend_test

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
    one of `STUDIED`, as studies take it ("snips+2000"); a folder ("~" is the home
    folder) with `train.jsonl`, `test.jsonl` and perhaps `validation.jsonl`, as
    `read_folder` takes it; or, with `columns`, a data set on a hub or in a folder, as
    `read_hub` takes it. `columns` names the data set's columns for `tokens`, and for
    `tags`, `label`, `id` and `group` as far as they exist; `revision` is a commit.

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
        return load_newsdesk()
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


def given_folder(name: str) -> Path | None:
    """The folder in MTLHELPERS_DATA that stands for a named corpus, if there is one."""
    given = os.environ.get("MTLHELPERS_DATA")
    folder = Path(given).expanduser() / name if given else None
    return folder if folder and folder.is_dir() else None


def _load_studied(name: str) -> Corpus:
    if name in LARGER_TEST:
        return extend_test(load_corpus(LARGER_TEST[name]), 2_000, name)
    in_domain = load_corpus("clinc150").without_label("oos")
    return cap_validation(combine_corpora(in_domain, load_corpus("wnut17")), 700, name)


def _load_published(publisher: Publisher) -> Corpus:
    folder = given_folder(publisher.name)
    rows = read_folder(folder) if folder else publisher.read(fetch_files(publisher))
    return build_corpus(
        publisher.name,
        rows,
        licence=publisher.licence,
        citation=publisher.citation,
        source=publisher.source,
        notes=publisher.changes,
    )
