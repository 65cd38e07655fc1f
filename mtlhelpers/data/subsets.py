"""Training sets of a chosen size, each within the larger ones of the same seed."""

from collections.abc import Sequence

from datasets import Dataset

from mtlhelpers.data.streams import stream
from mtlhelpers.errors import CorpusError


def take_subset(
    train: Dataset, size: int | None, seed: int, *, skip: int = 0
) -> Dataset:
    """Return `size` sentences of a train split, in the order that they have there.

    The subset of a seed is contained in every larger one of that seed. It is drawn by
    group: groups come in an order that the seed decides, and all sentences of one are
    taken before the next; only the last may be cut.

    Args:
        train: a split with the columns tags, label and group.
        size: the number of sentences; of a disjoint corpus, where some sentences have a
            label alone and the others tags alone, the number of each. None takes all.
        seed: zero or larger.
        skip: sentences to leave out first, in whole groups, so that it and the subset
            of size `skip` share no group.

    Raises:
        CorpusError: if `size` is less than 1 or more than there is.
    """
    if size is None and not skip:
        return train
    groups = train["group"][:]
    chosen: list[int] = []
    for task, positions in _pools(train).items():
        drawn = _after(_in_drawn_order(positions, groups, seed), groups, skip)
        wanted = len(drawn) if size is None else size
        if not 1 <= wanted <= len(drawn):
            raise CorpusError(
                f"train has {len(drawn):,} sentences {task}, so a subset of "
                f"{wanted:,} cannot be taken. Choose a size from 1 to that."
            )
        chosen += drawn[:wanted]
    return train.select(sorted(chosen))


def _pools(train: Dataset) -> dict[str, list[int]]:
    """Return the positions to draw from: one list, or one per task if disjoint."""
    cells = zip(train["label"][:], train["tags"][:], strict=True)
    has = [(label is not None, tags is not None) for label, tags in cells]
    if set(has) != {(True, False), (False, True)}:
        return {"in all": list(range(len(has)))}
    return {
        "with a label": [at for at, (label, _) in enumerate(has) if label],
        "with tags": [at for at, (_, tags) in enumerate(has) if tags],
    }


def _after(drawn: list[int], groups: Sequence[str], skip: int) -> list[int]:
    """What follows the first `skip` positions and the rest of the group cut there."""
    while 0 < skip < len(drawn) and groups[drawn[skip]] == groups[drawn[skip - 1]]:
        skip += 1
    return drawn[skip:]


def _in_drawn_order(
    positions: Sequence[int], groups: Sequence[str], seed: int
) -> list[int]:
    members: dict[str, list[int]] = {}
    for position in positions:
        members.setdefault(groups[position], []).append(position)
    # Sorted, so that the draw depends on the names of the groups alone.
    in_order = [members[group] for group in sorted(members)]
    drawn = stream(seed, "subset").permutation(len(in_order))
    return [position for at in drawn for position in in_order[at]]
