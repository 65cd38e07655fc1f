"""What a model says of raw sentences, in words and in places of their text.

Shapes: B sentences of a batch, W their words with a word piece, L labels, G tags.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from mtlhelpers.data.encoding import Encoded, collate, encode
from mtlhelpers.data.words import locate_words, spans_of
from mtlhelpers.errors import InputError, KindError
from mtlhelpers.escapes import escaped
from mtlhelpers.model.device import advice_on_memory, fast_products
from mtlhelpers.model.encoders.families import longest_of
from mtlhelpers.model.heads.decoding import tag_shares, tag_words

if TYPE_CHECKING:
    from mtlhelpers.model.shared import SharedModel

RawSentence = str | Sequence[str] | None  # raw text, its words, or nothing
Place = tuple[int, int]  # of characters in a text, the end exclusive


class TextSpan(NamedTuple):
    """A stretch of a text, and what it names."""

    start: int  # the first character
    end: int  # one past the last
    type: str
    text: str


@dataclass(frozen=True)
class Prediction:
    """Word-level tags and a sentence label, each with its probability (0 to 1).

    A word that the model did not see has the tag None and the probability None: it has
    no word piece, or stands beyond the length limit. `offsets` are places in `text`,
    which is the sentence as it was given; of a list of words, they and spaces between.
    """

    words: list[str] = field(default_factory=list)
    tags: list[str | None] = field(default_factory=list)  # empty without an NER head
    tag_probabilities: list[float | None] = field(default_factory=list)
    label: str | None = None
    label_probabilities: dict[str, float] = field(default_factory=dict)
    text: str = ""
    offsets: list[Place] = field(default_factory=list)  # one per word

    @property
    def label_probability(self) -> float | None:
        """The probability of the label; None without a sentence head."""
        return None if self.label is None else self.label_probabilities[self.label]

    @property
    def spans(self) -> list[TextSpan]:
        """What the tags mark, in order; a word without a tag is in none."""
        found = []
        for first, last, kind in spans_of([tag or "O" for tag in self.tags]):
            start, end = self.offsets[first][0], self.offsets[last - 1][1]
            found.append(TextSpan(start, end, kind, self.text[start:end]))
        return found

    @property
    def entities(self) -> list[tuple[str, str]]:
        """The spans as (text, type), in order."""
        return [(span.text, span.type) for span in self.spans]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON data, the text first."""
        spans = {"spans": [span._asdict() for span in self.spans]}
        return {"text": self.text, "label": self.label, **spans, **asdict(self)}

    def __str__(self) -> str:
        parts = [f"{text} [{kind}]" for text, kind in self.entities] or ["no entity"]
        if self.label is not None:
            parts.insert(0, f"{self.label} ({self.label_probability:.2f})")
        return escaped(" · ".join(parts))


def predict(
    model: "SharedModel", sentences: Sequence[RawSentence], batch_size: int
) -> list[Prediction]:
    """Label and tag sentences, in eval mode; the answers come in their order.

    Sentences of like length share a batch, so that little of it is padding. Blank ones
    and None give an empty answer. Of sentences that are cut a warning tells.
    """
    if isinstance(sentences, str):
        raise KindError("predict takes a list of sentences, not one string")
    if type(batch_size) is not int or batch_size < 1:
        raise InputError(f"batch_size {batch_size!r}: give a whole number from 1")
    given = [_read(sentence, at) for at, sentence in enumerate(sentences)]
    answers = [Prediction(text=text) for text, _, _ in given]
    filled = [at for at, (_, words, _) in enumerate(given) if words]
    if not filled:
        return answers
    rows = {"tokens": [given[at][1] for at in filled], "label": [None] * len(filled)}
    encoded = encode(rows, model.tokenizer, max_length=model.max_length)
    order = np.argsort(-encoded.lengths, kind="stable")  # most memory is taken first
    what, remedy = f"batches of {batch_size} sentences", "Choose a smaller batch_size"
    with _resting(model), advice_on_memory(what, remedy):
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size].tolist()
            for row, (shares, tagged) in zip(batch, _answer(model, encoded, batch)):
                text, words, offsets = given[filled[row]]
                seen = [tagged.get(n, (None, None)) for n in range(len(words))]
                tags, sure = zip(*seen) if model.tags else ((), ())
                label = max(shares, key=shares.__getitem__, default=None)
                said = list(tags), list(sure), label, shares
                answers[filled[row]] = Prediction(words, *said, text, offsets)
    _warn_of_cuts(model, encoded, len(answers))
    return answers


def _read(sentence: RawSentence, at: int) -> tuple[str, list[str], list[Place]]:
    """The text of a sentence, its words, and where they stand in it."""
    if sentence is None or sentence != sentence:  # NaN is what pandas has for None
        return "", [], []
    if isinstance(sentence, str):
        found = locate_words(sentence)
        return sentence, [word for word, _ in found], [place for _, place in found]
    if not isinstance(sentence, Sequence):
        kind = type(sentence).__name__
        raise KindError(f"sentence {at} is a {kind}: give text, a list of words, None")
    words, end = list(sentence), -1
    offsets = [(start := end + 1, end := start + len(word)) for word in words]
    return " ".join(words), words, offsets


@contextmanager
def _resting(model: "SharedModel") -> Iterator[None]:
    """Eval mode, and afterwards the mode that the model was in."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


Shares = dict[str, float]  # of each label
Tagged = dict[int, tuple[str, float]]  # by the number of a word: its tag, how likely


@torch.no_grad()
def _answer(
    model: "SharedModel", encoded: Encoded, rows: Sequence[int]
) -> list[tuple[Shares, Tagged]]:
    """What the heads say of some rows; numbers leave the device all at once."""
    batch = {k: v.to(model.device) for k, v in collate(encoded, rows).items()}
    with fast_products(model.device):
        sentence, ner = model(**batch)
    labels = [()] * len(rows) if sentence is None else sentence.softmax(-1).tolist()
    tags, sure = [], []
    if (head := model.ner_classifier) is not None and ner is not None:
        scores = ner[batch["word_mask"]]  # (W, G)
        kept = [encoded.kept_words[row] for row in rows]
        best = tag_words(head, scores, kept, model.tags).legal  # (W,)
        chances = tag_shares(head, scores, batch["word_mask"].sum(1))  # (W, G)
        tags = [model.tags[n] for n in best.tolist()]
        sure = chances[range(len(best)), best].tolist()
    words = iter(zip(tags, sure))  # of one sentence after another
    return [
        (
            dict(zip(model.labels, shares)),
            dict(zip(encoded.kept_words[row].tolist(), words)),
        )
        for row, shares in zip(rows, labels)
    ]


def _warn_of_cuts(model: "SharedModel", encoded: Encoded, count: int) -> None:
    lost = encoded.lost_words[encoded.truncated]
    if len(lost):
        warnings.warn(
            f"{len(lost)} of {count} sentences were cut at {model.max_length} word "
            f"pieces: {lost.sum()} words have no tag. Raise max_length (to "
            f"{longest_of(model.backbone.config)} at most), or split these "
            f"sentences.",
            stacklevel=4,
        )
