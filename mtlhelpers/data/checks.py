"""What must hold between the sentences of a corpus."""

from collections.abc import Iterable, Mapping, Sequence

from mtlhelpers.data.rows import CorpusError, Row, entity_types


def check_splits(splits: Mapping[str, Sequence[Row]]) -> None:
    """Raise `CorpusError` for the first fault between sentences or between splits.

    Faults: a split without sentences; an id that occurs twice, in one split or in two;
    a group in two splits; a label or tag of validation or test that train has not.
    """
    for split, rows in splits.items():
        if not rows:
            raise CorpusError(
                f"{split}: no sentences. Each split needs at least one; a corpus "
                "without validation may leave that split out."
            )
    _check_ids(row for rows in splits.values() for row in rows)
    _check_groups(splits)
    known_labels = set(label_names(splits["train"]))
    known_tags = set(tag_names(splits["train"]))
    for split in ("validation", "test"):
        _check_names(splits.get(split, ()), known_labels, known_tags)


def label_names(rows: Iterable[Row]) -> list[str]:
    """Return the labels that occur, sorted."""
    return sorted({row.label for row in rows if row.label is not None})


def tag_names(rows: Iterable[Row]) -> list[str]:
    """Return "O" and then B-x and I-x for each type x, sorted by type.

    Every type has both, whether or not both occur: a head that is trained on one-word
    spans should not be unable to say that a span goes on. Without tags: [].
    """
    tagged = [row.tags for row in rows if row.tags is not None]
    if not tagged:
        return []
    types = sorted(set().union(*map(entity_types, tagged)))
    return ["O", *(f"{mark}-{name}" for name in types for mark in "BI")]


def _check_ids(rows: Iterable[Row]) -> None:
    places: dict[str, str] = {}
    for row in rows:
        if row.id in places:
            raise CorpusError(
                f"{row.place}: id {row.id!r} was used before, in {places[row.id]}. "
                "Give each sentence of the corpus an id of its own."
            )
        places[row.id] = row.place


def _check_groups(splits: Mapping[str, Sequence[Row]]) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for split, rows in splits.items():
        for row in rows:
            other_split, place = seen.setdefault(row.group, (split, row.place))
            if other_split != split:
                raise CorpusError(
                    f"{row.place}: group {row.group!r} is in {other_split} too "
                    f"({place}). Keep all sentences of a group in one split."
                )


def _check_names(rows: Iterable[Row], labels: set[str], tags: set[str]) -> None:
    remedy = "Correct it, add such sentences to train, or remove this one."
    for row in rows:
        if row.label is not None and row.label not in labels:
            raise CorpusError(
                f"{row.place}: label {row.label!r} is not in train. {remedy}"
            )
        for tag in row.tags or ():
            if tag not in tags:
                raise CorpusError(f"{row.place}: tag {tag!r} is not in train. {remedy}")
