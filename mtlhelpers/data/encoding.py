"""Words to word pieces, with each word's label on its first piece.

Lesson: 01_shared_model. This is the only place where words and pieces meet. A word
can lose its piece in two ways: the sentence is cut at `max_length`, or the word has
none (a lone variation selector, say). Such words stay in the gold, are predicted `O`,
and are counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from transformers import BatchEncoding, PreTrainedTokenizerBase

IGNORED = -100  # the index that cross-entropy leaves out


class Columns(Protocol):
    """Sentences by column: a `Dataset`, or a dict of lists."""

    def __getitem__(self, column: str, /) -> Any: ...


@dataclass(frozen=True)
class Encoded:
    """Encoded sentences, one entry per sentence; P pieces, K words with a piece."""

    input_ids: list[np.ndarray]  # (P,) with [CLS] and [SEP]
    first_pieces: list[np.ndarray]  # (K,) where each word's first piece stands
    kept_words: list[np.ndarray]  # (K,) which word that is
    label_ids: np.ndarray  # (N,) or IGNORED where there is no label
    tag_ids: list[np.ndarray]  # (K,) or IGNORED where there are no tags
    truncated: np.ndarray  # (N,) bool: the sentence was cut
    lost_words: np.ndarray  # (N,) words without a piece, cut ones included
    pad_id: int

    def __len__(self) -> int:
        return len(self.input_ids)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Word pieces of each sentence, (N,)."""
        return np.array([len(ids) for ids in self.input_ids], dtype=np.int64)

    @cached_property
    def cut_words(self) -> np.ndarray:
        """Words beyond the cut, (N,): those after the last one that has a piece."""
        last = np.array([kept.max(initial=-1) for kept in self.kept_words])
        words = self.lost_words + np.array(list(map(len, self.kept_words)))
        return np.where(self.truncated, words - 1 - last, 0)


def length_note(encoded: Encoded, what: str) -> str | None:
    """Say what was cut of sentences, named by `what` ("train"); None if nothing was."""
    if not encoded.truncated.any():
        return None
    limit = encoded.lengths.max()  # as long is a sentence that was cut
    return (
        f"{what}: {encoded.truncated.sum():,} of {len(encoded):,} sentences are "
        f"longer than {limit} word pieces; {encoded.cut_words.sum():,} words beyond "
        "are not read (they count as O in scores). Split the sentences, "
        "or raise the model's max_length (up to what its backbone holds)."
    )


def encode(
    sentences: Columns,
    tokenizer: PreTrainedTokenizerBase,
    labels: Sequence[str] = (),
    tags: Sequence[str] = (),
    max_length: int = 128,
) -> Encoded:
    """Encode sentences with columns `tokens`, `tags` and `label`.

    A label or tag that is not in `labels` or `tags` raises `KeyError`; without any
    names given, the column is left out. No more than `max_length` word pieces of a
    sentence are read, [CLS] and [SEP] included.
    """
    words = sentences["tokens"][:]
    pieces = tokenizer(
        words, is_split_into_words=True, truncation=True, max_length=max_length
    )
    first, kept = _first_pieces(pieces, len(words))
    tag_ids = _tag_ids(
        sentences["tags"][:] if tags else [None] * len(words), kept, tags
    )
    number = {name: i for i, name in enumerate(labels)}
    label_ids = [
        IGNORED if label is None or not labels else number[label]
        for label in sentences["label"][:]
    ]
    return Encoded(
        input_ids=[np.array(ids, dtype=np.int64) for ids in pieces["input_ids"]],
        first_pieces=first,
        kept_words=kept,
        label_ids=np.array(label_ids, dtype=np.int64),
        tag_ids=tag_ids,
        truncated=np.array([bool(e.overflowing) for e in pieces.encodings]),
        lost_words=np.array([len(w) - len(k) for w, k in zip(words, kept)]),
        pad_id=tokenizer.pad_token_id,
    )


def collate(encoded: Encoded, rows: Sequence[int]) -> dict[str, torch.Tensor]:
    """Make one batch, padded to its longest sentence.

    Returns `input_ids`, `attention_mask`, `word_mask` and `ner_labels`, each (B, T),
    and `sentence_labels` (B,). `word_mask` is true on the first piece of each word.
    `ner_labels` is -100 everywhere else; absent labels are -100 too.
    """
    longest = max(len(encoded.input_ids[row]) for row in rows)
    shape = (len(rows), longest)
    input_ids = np.full(shape, encoded.pad_id, dtype=np.int64)
    attention_mask = np.zeros(shape, dtype=np.int64)
    word_mask = np.zeros(shape, dtype=bool)
    ner_labels = np.full(shape, IGNORED, dtype=np.int64)
    for i, row in enumerate(rows):
        length = len(encoded.input_ids[row])
        input_ids[i, :length] = encoded.input_ids[row]
        attention_mask[i, :length] = 1
        word_mask[i, encoded.first_pieces[row]] = True
        ner_labels[i, encoded.first_pieces[row]] = encoded.tag_ids[row]
    return {
        "input_ids": torch.from_numpy(input_ids),
        "attention_mask": torch.from_numpy(attention_mask),
        "word_mask": torch.from_numpy(word_mask),
        "ner_labels": torch.from_numpy(ner_labels),
        "sentence_labels": torch.from_numpy(encoded.label_ids[np.asarray(rows)]),
    }


def _first_pieces(
    pieces: BatchEncoding, count: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each sentence, where each word's first piece stands, and which word it is."""
    first, kept = [], []
    for row in range(count):
        words = np.array(
            [-1 if word is None else word for word in pieces.word_ids(row)],
            dtype=np.int64,
        )
        starts = np.flatnonzero((words >= 0) & (np.diff(words, prepend=-1) != 0))
        first.append(starts)
        kept.append(words[starts])
    return first, kept


def _tag_ids(
    tags: list[list[str] | None], kept: list[np.ndarray], names: Sequence[str]
) -> list[np.ndarray]:
    number = {name: i for i, name in enumerate(names)}
    return [
        np.full(len(words), IGNORED, dtype=np.int64)
        if sentence is None
        else np.array([number[sentence[word]] for word in words], dtype=np.int64)
        for sentence, words in zip(tags, kept)
    ]
