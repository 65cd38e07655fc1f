"""Corpora made of corpora: two made one, and as studies take them.

Lesson: 07_limited_vs_sufficient_data. 700 test sentences alone leave an accuracy open
by a point, whatever the arms do. So studies of SNIPS set aside further ones: the same
for every arm, size and seed, and gone from train for all of them.
"""

from dataclasses import replace

from datasets import DatasetDict

from mtlhelpers.data.corpus import Corpus, build_corpus, rows_of
from mtlhelpers.data.holdout import SEED, carve
from mtlhelpers.data.rows import SPLITS
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.data.words import letters_of
from mtlhelpers.errors import CorpusError


def combine_corpora(first: Corpus, second: Corpus) -> Corpus:
    """Return the disjoint corpus of one that has labels and one that has tags.

    Each sentence keeps what it has, so that none has both.

    Raises:
        CorpusError: unless each has one task, and not the same; or if ids clash.
    """
    both = (first, second)
    if sorted(corpus.tasks for corpus in both) != [("ner",), ("sentence",)]:
        has = ", ".join(f"{one.name} has {' and '.join(one.tasks)}" for one in both)
        raise CorpusError(
            f"{has}: cannot be combined. Take one corpus with labels alone and one "
            "with tags alone."
        )
    rows = [rows_of(corpus) for corpus in both]
    return build_corpus(
        "+".join(corpus.name for corpus in both),
        {split: rows[0][split] + rows[1][split] for split in SPLITS},
        licence="; ".join(f"{one.name}: {one.licence}" for one in both),
        citation="; ".join(f"{one.name}: {one.citation}" for one in both),
        source="; ".join(f"{one.name}: {one.source}" for one in both),
        notes=tuple(f"{one.name}: {note}" for one in both for note in one.notes),
    )


def extend_test(corpus: Corpus, sentences: int, name: str) -> Corpus:
    """Return the corpus with so many sentences of train in test, under another name.

    Whole groups move, drawn with a fixed seed, until `sentences` have moved or no more
    can be spared; a sentence of train that repeats one of them, in letters and digits,
    is left out. The corpus's own test sentences stay, with their ids.
    """
    rows = rows_of(corpus)
    rest, further = carve(rows["train"], sentences, "further test")
    moved = {letters_of(row.tokens) for row in further}
    train = [row for row in rest if letters_of(row.tokens) not in moved]
    extended = corpus.with_rows(
        rows | {"train": train, "test": [*rows["test"], *further]},
        f"test: {len(further):,} sentences more, taken from train (seed {SEED})",
        f"train: {len(rest) - len(train):,} sentences that repeat one of them left out",
    )
    return replace(extended, name=name)


def cap_validation(corpus: Corpus, sentences: int, name: str) -> Corpus:
    """Return the corpus with so many validation sentences, under another name.

    In a disjoint corpus there are so many of each task. Drawn with a fixed seed; raises
    `CorpusError` where there are fewer.
    """
    validation = take_subset(corpus.splits["validation"], sentences, SEED)
    note = f"validation: {len(validation):,} sentences drawn from it (seed {SEED})"
    return replace(
        corpus,
        name=name,
        splits=DatasetDict({**corpus.splits, "validation": validation}),
        notes=(*corpus.notes, note),
    )
