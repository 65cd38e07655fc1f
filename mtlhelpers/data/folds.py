"""Folds for cross-validation: each sentence is tested by a model that never saw it.

Groups are dealt whole, and sentences that say the same, in letters and digits, with
one another.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mtlhelpers.data.corpus import Corpus, rows_of
from mtlhelpers.data.holdout import carve_validation
from mtlhelpers.data.rows import Row, entity_types
from mtlhelpers.data.streams import stream
from mtlhelpers.data.words import letters_of
from mtlhelpers.errors import CorpusError

Names = set[tuple[str, str]]  # of labels and types


def deal_folds(corpus: Corpus, folds: int, seed: int = 0) -> list[Corpus]:
    """Return one corpus per fold, tested on it and trained on all others.

    The sentences of all splits are dealt. Labels are spread over the folds. A group
    that alone has a label or a type could not be learned from the others: it is always
    trained with, never tested, and a note says how many sentences that are. Each fold's
    validation is carved from its train.

    Raises:
        CorpusError: with fewer than two folds, or than two groups per fold.
    """
    rows = sorted(sum(rows_of(corpus).values(), []), key=lambda row: row.id)
    units = _units(rows)
    if folds < 2 or len(units) < 2 * folds:
        raise CorpusError(
            f"{corpus.name} has {len(units):,} groups of sentences, too few for "
            f"{folds} folds. Choose from 2 to {max(2, len(units) // 2)}."
        )
    dealt, always = _deal(units, folds, seed)
    notes = [f"{len(always):,} sentences never tested: no other group has their names"]
    made = []
    for at, test in enumerate(dealt):
        others = [row for part in (*dealt[:at], *dealt[at + 1 :]) for row in part]
        train, validation = carve_validation(sorted([*others, *always]))
        splits = {"train": train, "validation": validation, "test": test}
        name = f"{corpus.name}, fold {at + 1} of {folds}, dealt by {seed}"
        one = corpus.with_rows(splits, *(notes if always else []))
        made.append(replace(one, name=name))
    return made


def _units(rows: Sequence[Row]) -> list[list[Row]]:
    """The sentences in what must stay together: groups, joined by what they say."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for row in rows:
        said = letters_of(row.tokens) or " ".join(row.tokens)
        one, other = root(f"group {row.group}"), root(f"said {said}")
        parent[max(one, other)] = min(one, other)
    units: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        unit = root(f"group {row.group}")
        units[unit].append(row._replace(group=unit))
    return list(units.values())


def _deal(
    units: list[list[Row]], folds: int, seed: int
) -> tuple[list[list[Row]], list[Row]]:
    """The sentences of each fold, and those that no fold can test."""
    counts = Counter(name for unit in units for name in _names(unit))
    drawn = [units[at] for at in stream(seed, "folds").permutation(len(units))]
    # Units of one rarest name follow each other, so that it comes to several folds.
    drawn.sort(key=lambda unit: min((counts[n], n) for n in [*_names(unit), ("", "")]))
    dealt: list[list[list[Row]]] = [drawn[at::folds] for at in range(folds)]
    always: list[Row] = []
    for at, fold in enumerate(dealt):
        rest = [unit for other in (*dealt[:at], *dealt[at + 1 :]) for unit in other]
        elsewhere = {name for unit in [*rest, always] for name in _names(unit)}
        alone = [unit for unit in fold if _names(unit) - elsewhere]
        always += [row for unit in alone for row in unit]
        dealt[at] = [unit for unit in fold if not _names(unit) - elsewhere]
    if not all(dealt):
        raise CorpusError(
            f"of {folds} folds some would be empty, since their labels or types are in "
            "one group alone. Choose fewer folds, or add sentences."
        )
    return [[row for unit in fold for row in unit] for fold in dealt], always


def _names(rows: Sequence[Row]) -> Names:
    names = {("label", row.label) for row in rows if row.label is not None}
    return names | {("type", name) for row in rows for name in entity_types(row.tags)}
