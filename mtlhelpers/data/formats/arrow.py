"""Parquet, Arrow, and data sets of `datasets`, from a folder or a hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, DatasetDict, Features, LargeList, List

from mtlhelpers.data.formats.items import Item
from mtlhelpers.errors import CorpusError, InputError

MOST_UNPACKED = 4 * 10**9  # bytes of a Parquet file, as it says itself


def read_parquet(content: bytes, path: str, stem: str) -> Iterator[Item]:
    """Yield the rows of a Parquet file; numbers of a `ClassLabel` become its names.

    Raises `CorpusError` for a file that is none, or is cut off.
    """
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            groups = range(file.metadata.num_row_groups)
            sizes = (file.metadata.row_group(at).total_byte_size for at in groups)
            if (unpacked := sum(sizes)) > MOST_UNPACKED:
                raise InputError(f"unpacked it would take {unpacked:,} bytes")
            rows = _sound(file.read())
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise _unreadable(path, "Parquet", error) from error
    yield from items_of(rows, path, stem)


def read_arrow(content: bytes, path: str, stem: str) -> Iterator[Item]:
    """Yield the rows of an Arrow file or stream, as `read_parquet` does."""
    try:
        try:
            table = pa.ipc.open_file(content).read_all()
        except pa.ArrowInvalid:
            table = pa.ipc.open_stream(content).read_all()
        rows = _sound(table)
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise _unreadable(path, "Arrow", error) from error
    yield from items_of(rows, path, stem)


def _sound(table: pa.Table) -> Dataset:
    """The table, looked through: a damaged one would read beyond its memory."""
    table.validate(full=True)
    return Dataset(table)


def load_disk(folder: Path) -> dict[str, Dataset]:
    """Return the splits that `save_to_disk` wrote; one alone is called "train"."""
    try:
        loaded = datasets.load_from_disk(str(folder))
    # Whatever is wrong with the files in there, there are no rows, and no common class.
    except Exception as error:
        raise _unreadable(str(folder), "save_to_disk", error) from error
    return dict(loaded) if isinstance(loaded, DatasetDict) else {"train": loaded}


def load_hub(source: str, revision: str | None = None) -> dict[str, Dataset]:
    """Return the splits of a data set on the hub.

    Raises `CorpusError` where it cannot be had.
    """
    try:
        # No loading script is ever run: `datasets` has no way to any more.
        return dict(datasets.load_dataset(source, revision=revision))
    # Whatever goes wrong in there (name, network, access, format) is the same to the
    # caller: there are no rows. It has no common class.
    except Exception as error:
        raise CorpusError(
            f"{source}: neither a file or folder here nor a data set on the hub that "
            f"could be loaded (revision {revision or 'newest'}): "
            f"{type(error).__name__}: {error}. Check the name and the connection; or "
            "download the data set and give its folder."
        ) from error


def items_of(rows: Dataset, path: str, stem: str) -> Iterator[Item]:
    """Yield the rows of a data set, with names in the place of numbers."""
    names = rows.column_names
    try:
        features = Features(rows.features)
        columns = [
            [_name(cell, features[name]) for cell in rows[name][:]] for name in names
        ]
    # What is wrong with a cell shows only now: a text that is no UTF-8, a date that
    # is none. It has no common class.
    except Exception as error:
        raise _unreadable(path, "a table of sentences", error) from error
    for number, cells in enumerate(zip(*columns, strict=True)):
        record = dict(zip(names, cells, strict=True))
        yield Item(record, f"{path}, row {number}", f"{stem}-{number}")


def _name(value: Any, feature: Any) -> Any:
    """Replace the numbers of a `ClassLabel`, or of a list of them, by their names."""
    if isinstance(feature, List | LargeList) and isinstance(value, list):
        return [_name(item, feature.feature) for item in value]
    # -1 is how data sets say "no label", often for all of test.
    if isinstance(feature, ClassLabel) and value is not None:
        known = value < feature.num_classes  # else the number stays, and is refused
        return (feature.int2str(value) if known else value) if value >= 0 else None
    return value


def _unreadable(path: str, format_: str, error: Exception) -> CorpusError:
    reason = str(error).split("\n")[0] or type(error).__name__
    return CorpusError(
        f"{path}: cannot be read as {format_} ({reason}). Write or copy it again."
    )
