"""The sentences of a case: a part of a corpus, or sentences of one exact length."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

from datasets import Dataset, DatasetDict
from transformers import BertTokenizer

import mtlhelpers as mtl
from mtlhelpers.data.subsets import take_subset

SPECIAL = 2  # [CLS] and [SEP]


def with_train(corpus: mtl.Corpus, train: Dataset) -> mtl.Corpus:
    """The corpus with these sentences to train on, and one test sentence.

    `mtl.train` scores test before and after; one sentence costs next to nothing.
    """
    test = corpus.splits["test"].select([0])
    splits = DatasetDict(train=train, validation=test, test=test)
    return replace(corpus, splits=splits)


def some(
    corpus: mtl.Corpus,
    tokenizer: BertTokenizer,
    count: int,
    seed: int,
    length: int | None = None,
) -> Dataset:
    """So many sentences to train on: a seed's subset, or sentences of one length."""
    if length is None:
        return take_subset(corpus.splits["train"], count, seed)
    return of_length(corpus.splits["train"], tokenizer, length, count)


def of_length(
    train: Dataset, tokenizer: BertTokenizer, length: int, count: int
) -> Dataset:
    """Sentences of exactly `length` word pieces, cut from the running text of a corpus.

    Made of the words that are one piece each, with their tags, over and over; a
    sentence takes the label of the one that it begins in. To time, not to learn from.
    """
    words = cycle(_single_pieces(train, tokenizer))
    rows = [list(islice(words, length - SPECIAL)) for _ in range(count)]
    names = [f"{length}-{number:05}" for number in range(count)]
    return Dataset.from_dict(
        {
            "id": names,
            "tokens": [[token for token, _, _ in row] for row in rows],
            "tags": [[tag for _, tag, _ in row] for row in rows],
            "label": [row[0][2] for row in rows],
            "group": names,
        }
    )


def _single_pieces(
    train: Dataset, tokenizer: BertTokenizer
) -> Iterator[tuple[str, str, str]]:
    """Each word of one word piece, with its tag and its sentence's label."""
    known = sorted({token for tokens in train["tokens"] for token in tokens})
    pieces = tokenizer(known, add_special_tokens=False)["input_ids"]
    single = {word for word, ids in zip(known, pieces) if len(ids) == 1}
    for tokens, tags, label in zip(train["tokens"], train["tags"], train["label"]):
        for token, tag in zip(tokens, tags):
            if token in single:
                yield token, tag, label
