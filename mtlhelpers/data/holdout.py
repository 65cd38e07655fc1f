"""Sentences of train set aside: validation for a corpus that brings none, more test."""

from collections import Counter
from collections.abc import Sequence

from mtlhelpers.data.rows import Row, entity_types
from mtlhelpers.data.streams import stream
from mtlhelpers.errors import CorpusError

LARGEST = 700
SEED = 0


def carve_validation(
    train: Sequence[Row], source: str = "train"
) -> tuple[list[Row], list[Row]]:
    """Return train without, and validation with, a tenth of train's sentences.

    Validation gets whole groups, until it holds a tenth of the sentences (rounded up)
    or `LARGEST`. A group that holds the last sentences of a label or type stays in
    train. The draw has a fixed seed and does not depend on the order of `train`.
    `source` is named in messages.

    Raises:
        CorpusError: if no group can be spared.
    """
    size = min(LARGEST, -(-len(train) // 10))
    rest, carved = carve(train, size, "validation")
    if not carved:
        raise CorpusError(
            f"{source}: no validation split, and none can be carved from train: every "
            "group there is the only one with its label or type. "
            "Add a validation split."
        )
    return rest, carved


def carve(train: Sequence[Row], size: int, part: str) -> tuple[list[Row], list[Row]]:
    """Return what is left of train, and at least `size` of its sentences in groups.

    Fewer are carved where more cannot be spared. `part` names the draw: each part has
    its own stream of random numbers, whose seed is `SEED`.
    """
    groups: dict[str, list[Row]] = {}
    for row in sorted(train, key=lambda row: row.id):
        groups.setdefault(row.group, []).append(row)
    in_order = list(groups.values())
    left = _count_names(train)
    carved: list[Row] = []
    for position in stream(SEED, part).permutation(len(in_order)):
        if len(carved) >= size:
            break
        names = _count_names(in_order[position])
        if all(left[name] > names[name] for name in names):
            carved += in_order[position]
            left -= names
    taken = {row.group for row in carved}
    return [row for row in train if row.group not in taken], carved


def _count_names(rows: Sequence[Row]) -> Counter[tuple[str, str | None]]:
    """Count sentences by label and by type, and all of them as one more name."""
    names: Counter[tuple[str, str | None]] = Counter()
    for row in rows:
        names["sentence", None] += 1
        names["label", row.label] += row.label is not None
        names.update(("type", name) for name in entity_types(row.tags))
    return +names
