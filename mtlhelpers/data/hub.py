"""A data set on a hub, or in a folder in a format that `datasets` reads."""

from collections.abc import Mapping
from typing import Any

import datasets
from datasets import ClassLabel, Dataset, DatasetDict, LargeList, List

from mtlhelpers.data.rows import CorpusError, Row, read_row

_NAMES = {
    "train": ("train",),
    "validation": ("validation", "dev", "valid"),
    "test": ("test",),
}
_FIELDS = ("tokens", "tags", "label", "id", "group")


def read_hub(
    source: str, columns: Mapping[str, str], revision: str | None = None
) -> dict[str, list[Row]]:
    """Read the sentences of train, validation (may be absent) and test.

    Args:
        source: "owner/name" on the hub, or a folder of Parquet, CSV or JSON files.
        columns: the column of the data set for each of `tokens`, `tags`, `label`, `id`
            and `group` that it has. Numbers that stand for names (`ClassLabel`) become
            these names; an id or a group may be a number. A sentence without id is
            called "<split>-<row>".
        revision: the commit, tag or branch on the hub.

    Raises:
        CorpusError: if the data set cannot be had, a split or column is missing, or
            for the first row that is wrong.
    """
    if "tokens" not in columns or not set(columns) <= set(_FIELDS):
        raise CorpusError(
            f"{source}: columns names {sorted(columns)}. Name the column of tokens, "
            "and those of tags, label, id, group as far as there are such."
        )
    loaded = _load(source, revision)
    rows = {}
    for split, names in _NAMES.items():
        own = next((name for name in names if name in loaded), None)
        if own:
            rows[split] = _read_split(loaded[own], source, own, columns)
        elif split != "validation":
            raise CorpusError(
                f"{source}: no split {split}, only {', '.join(sorted(loaded))}. Use a "
                "data set with train and test."
            )
    return rows


def _load(source: str, revision: str | None) -> DatasetDict:
    try:
        # No loading script is ever run: `datasets` has no way to any more.
        return datasets.load_dataset(source, revision=revision)
    # Whatever goes wrong in there (name, network, access, format) is the same to the
    # caller: there are no rows. It has no common class.
    except Exception as error:
        raise CorpusError(
            f"{source}: neither a data set on the hub nor a folder with data files "
            f"could be loaded (revision {revision or 'newest'}): "
            f"{type(error).__name__}: {error}. Check the name and the connection; or "
            "download the data set and give its folder."
        ) from error


def _read_split(
    split: Dataset, source: str, name: str, columns: Mapping[str, str]
) -> list[Row]:
    for field, column in columns.items():
        if column not in split.column_names:
            raise CorpusError(
                f"{source}, {name}: no column {column!r} for {field}, only "
                f"{', '.join(split.column_names)}. Correct `columns`."
            )
    features = [split.features[column] for column in columns.values()]
    values = [split[column][:] for column in columns.values()]
    rows = []
    for number, cells in enumerate(zip(*values, strict=True)):
        place = f"{source}, {name}, row {number}"
        fields = dict(zip(columns, map(_name, cells, features), strict=True))
        for key in ("id", "group"):
            if isinstance(fields.get(key), int):
                fields[key] = str(fields[key])
        rows.append(read_row(fields, place, f"{name}-{number}"))
    return rows


def _name(value: Any, feature: Any) -> Any:
    """Replace the numbers of a `ClassLabel`, or of a list of them, by their names."""
    if isinstance(feature, List | LargeList) and isinstance(value, list):
        return [_name(item, feature.feature) for item in value]
    # -1 is how data sets say "no label", often for all of test.
    if isinstance(feature, ClassLabel) and value is not None:
        return feature.int2str(value) if value >= 0 else None
    return value
