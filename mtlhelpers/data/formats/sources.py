"""Where sentences lie: files, folders, patterns, standard input; and their splits."""

import glob
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset

from mtlhelpers.data.formats.arrow import items_of, load_disk, load_hub
from mtlhelpers.data.formats.items import Item, Part
from mtlhelpers.data.formats.keys import split_of
from mtlhelpers.data.formats.recognition import is_known, recognise_format
from mtlhelpers.data.regular import MB, read_regular
from mtlhelpers.data.rows import SPLITS
from mtlhelpers.errors import CorpusError

STDIN = "-"
Given = (
    Iterable[Mapping[str, Any]] | Mapping[str, Iterable[Mapping[str, Any]] | Dataset]
)
Opened = tuple[list[Part], list[str], list[str]]  # parts, their formats, notes
_CARDS = ("dataset_info.json", "dataset_infos.json", "README.md")
MOST_SENTENCES = 1_000 * MB  # of a file of sentences; all of it is held in memory
_DEEPEST = 3  # folders below the one given: config/split/0000.parquet


class Source(NamedTuple):
    """A file, and the split that its name says it is."""

    path: str
    stem: str  # the name without folder and ending
    split: str | None
    content: Callable[[], bytes]


def is_there(source: str) -> bool:
    """Whether a source is a file, a folder, a pattern that fits, or standard input."""
    return source == STDIN or Path(source).exists() or bool(_matches(source))


def find_sources(source: str, any_name: bool) -> tuple[list[Source], list[str]]:
    """Return the files to read, and notes on those that are not.

    Of a folder these are the ones with a known ending, or all if `any_name`. Once some
    are called by a split (`train.csv`, `my-dev.conll`), others are left out.

    Raises:
        CorpusError: where there are none.
    """
    if source == STDIN:
        content = sys.stdin.buffer.read
        return [Source("stdin", "stdin", None, content)], []
    folder = Path(source) if Path(source).is_dir() else Path()
    if folder != Path():
        paths = _inside(folder, any_name)
    else:
        paths = [Path(source)] if Path(source).exists() else _matches(source)
    if not paths:
        raise CorpusError(
            f"{source}: no file in it that can be read. Put in train.jsonl and "
            "test.jsonl; or .csv, .tsv, .conll, .json, .parquet, .arrow, .spacy."
        )
    found = [_source(path, folder) for path in paths]
    found.sort(key=lambda one: SPLITS.index(one.split) if one.split else 0)
    if len(found) == 1:
        return [found[0]._replace(split=None)], []
    left = [one.path for one in found if one.split is None]
    if left and len(left) < len(found):
        note = f"not read, since their names are of no split: {', '.join(left)}"
        return _told_apart([one for one in found if one.split]), [note]
    return _told_apart(found), []


def _told_apart(found: list[Source]) -> list[Source]:
    """Put folders before names that several files have: train/0000, test/0000."""
    if len({one.stem for one in found}) == len(found):
        return found
    top = os.path.commonpath([Path(one.path).parent for one in found])
    paths = [Path(one.path).relative_to(top).with_suffix("") for one in found]
    return [one._replace(stem="-".join(p.parts)) for one, p in zip(found, paths)]


def open_parts(source: str, forced: str | None, revision: str | None = None) -> Opened:
    """Return what is to be read of a file, a folder, a pattern, "-", or a hub id.

    forced: the name of the format; else each file's is recognised. revision: of a data
    set on the hub, which a source is that is nothing here.

    Raises:
        CorpusError: where nothing can be read, or no format fits.
    """
    if revision is not None and is_there(source):
        raise CorpusError(
            f"{source}: a revision is of a data set on a hub. Leave it out."
        )
    if forced == "hub" or not is_there(source):
        return parts_of(load_hub(source, revision), source), ["hub"], []
    folder = Path(source)
    if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
        return parts_of(load_disk(folder), source), ["save_to_disk"], []
    found, notes = find_sources(source, forced is not None)
    parts, formats = [], set()
    for one in found:
        content = one.content()
        format_ = recognise_format(one.path, content, forced)
        items = format_.reader(content, one.path, one.stem)
        parts.append(Part(items, one.path, one.split, format_.export))
        formats.add(format_.name)
    return parts, sorted(formats), notes


def parts_of(rows: Given, source: str) -> list[Part]:
    """Return the parts of sentences that are there already, as dicts or a `Dataset`.

    By split, or all together. Raises `CorpusError` for a split of another name.
    """
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise CorpusError(
            f"{source}: of type {type(rows).__name__}. Give dicts, a `Dataset`, or a "
            "mapping of them by split."
        )
    if not isinstance(rows, Mapping):
        return [Part(_items(rows, source, "row"), source, None)]
    parts = []
    for name, own in rows.items():
        if (split := split_of(name)) is None:
            raise CorpusError(
                f"{source}: a split is called {name!r}. Call them train, validation "
                "and test."
            )
        place = f"{source}, {name}"
        parts.append(Part(_items(own, place, name), place, split))
    return parts


def _items(rows: Iterable[Any] | Dataset, path: str, stem: str) -> Iterator[Item]:
    if isinstance(rows, Dataset):
        return items_of(rows, path, stem)
    return (
        Item(row, f"{path}, row {number}", f"{stem}-{number}")
        for number, row in enumerate(rows)
    )


def _matches(pattern: str) -> list[Path]:
    return [Path(path) for path in sorted(glob.glob(pattern, recursive=True))]


def _inside(folder: Path, any_name: bool) -> list[Path]:
    """The files of the uppermost folder that has any which can be read."""
    for depth in range(1, _DEEPEST + 1):
        found = [
            path
            for path in sorted(folder.glob("/".join("*" * depth)))
            if not any(part[0] == "." for part in path.relative_to(folder).parts)
            and path.name not in _CARDS
            and (is_known(path) or (any_name and path.is_file()))
        ]
        if found:
            return found
    return []


def _source(path: Path, folder: Path) -> Source:
    names = path.relative_to(folder).with_suffix("").parts if folder != Path() else ()
    words = re.split(r"[^A-Za-z]+", path.stem) + list(names[:-1])
    splits = {split_of(word) for word in words} - {None}
    if len(splits) > 1:
        raise CorpusError(
            f"{path}: the name is of several splits. Rename the file after one."
        )
    return Source(str(path), path.stem, next(iter(splits), None), lambda: _read(path))


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, MOST_SENTENCES)
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}). Give a regular file "
            "that you may read."
        ) from error
