"""What scoring gives: scores with their counts, the outcome of each sentence, and what
was said of it beside its gold.

Lesson: 01_shared_model. Scores say how good a model is; details, where it is wrong.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mtlhelpers.data.streams import stream
from mtlhelpers.errors import InputError

_Span = tuple[int, int, str]  # first word, the word after the last, type
_Item = tuple[Any, ...]  # its name stands last
_NOTHING = "nothing"  # in the place of a span's type
_COLUMNS = ["task", "name", "precision", "recall", "f1", "support"]


@dataclass(frozen=True)
class Scores:
    """Scores from 0 to 1, None where a task is absent, with their counts.

    `majority_*` is what always saying the most frequent label and `O` would get.
    """

    accuracy: float | None
    macro_f1: float | None
    ner_f1: float | None  # lenient, as conlleval
    ner_f1_strict: float | None
    exact_match: float | None  # label and every tag of the sentence right
    majority_accuracy: float | None
    majority_exact_match: float | None  # majority entity F1 is 0: O has no spans
    labelled_sentences: int
    tagged_sentences: int
    sentences_with_both: int  # what exact match is counted on
    words: int
    spans: int  # in the gold
    predicted_spans: int
    truncated_sentences: int
    words_without_piece: int
    # Lenient too, of the best tags that BIO allows; None in records from before.
    ner_f1_constrained: float | None = None

    def __str__(self) -> str:
        labels, both = self.labelled_sentences, self.sentences_with_both
        rows = [
            ("accuracy", self.accuracy, self.majority_accuracy, labels),
            ("macro F1", self.macro_f1, None, labels),
            ("NER F1 (lenient)", self.ner_f1, 0.0, self.spans),
            ("NER F1 (strict)", self.ner_f1_strict, 0.0, self.spans),
            ("exact match", self.exact_match, self.majority_exact_match, both),
        ]
        lines = [f"{'':18}{'score':>7}{'majority':>10}{'counted on':>12}"]
        for name, score, majority, count in rows:
            if score is not None:
                beside = "-" if majority is None else f"{majority:.3f}"
                unit = "spans" if name.startswith("NER") else "sentences"
                lines.append(f"{name:18}{score:7.3f}{beside:>10}{count:>8} {unit}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Outcomes:
    """What became of each of N sentences: enough to draw them again by bootstrap."""

    label_right: list[bool | None]  # None without a gold label
    true_spans: list[int]
    predicted_spans: list[int]
    correct_spans: list[int]

    def intervals(self, groups: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Return the middle 95 % of accuracy and NER F1 over 2,000 bootstrap draws.

        groups: that of each sentence; they are drawn whole. The intervals hold the
        choice of test sentences, not that of a seed. A score that some draw leaves with
        nothing to count is left out.
        """
        spans = zip(self.true_spans, self.predicted_spans, self.correct_spans)
        rows = [(x is not None, x is True, *s) for x, s in zip(self.label_right, spans)]
        names, group = np.unique(np.array(groups), return_inverse=True)
        sums = np.zeros((len(names), 5), dtype=np.int64)
        np.add.at(sums, group, np.array(rows, dtype=np.int64))
        kinds, sizes = np.unique(sums, axis=0, return_counts=True)
        draw = stream(0, "intervals")
        drawn = draw.multinomial(len(names), sizes / len(names), size=2000) @ kinds
        known, right, true, predicted, correct = drawn.T  # (2000,) each
        shares = {"accuracy": (right, known), "ner_f1": (2 * correct, true + predicted)}
        found = {}
        for name, (part, whole) in shares.items():
            if whole.all():
                low, high = np.percentile(part / whole, [2.5, 97.5])
                found[name] = float(low), float(high)
        return found


@dataclass(frozen=True)
class Details:
    """Gold and predictions of N sentences.

    A gold label is None where there is none, gold spans likewise; a predicted label is
    None, and predicted spans are absent, where the model has no head for them.
    """

    gold_labels: list[str | None]
    labels: list[str | None]
    gold_spans: list[list[_Span] | None]
    spans: list[list[_Span]]

    def to_dict(self) -> dict[str, Any]:
        """Return the details as JSON data; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Details":
        """Read what `to_dict` gave. Raises `ValueError` for anything else."""
        columns = {name: list(data[name]) for name in cls.__dataclass_fields__}
        if len({len(column) for column in columns.values()}) > 1:
            raise InputError("not as many answers as gold")
        labels = (*columns["gold_labels"], *columns["labels"])
        if not all(label is None or isinstance(label, str) for label in labels):
            raise InputError("labels are no texts")
        for name in ("gold_spans", "spans"):
            read = [cell if cell is None else _spans(cell) for cell in columns[name]]
            columns[name] = read
        return cls(**columns)

    @classmethod
    def joined(cls, parts: Sequence["Details"]) -> "Details":
        """Return those of all sentences of some parts, such as folds."""
        names = cls.__dataclass_fields__
        return cls(*([row for one in parts for row in getattr(one, n)] for n in names))

    def report(self) -> pd.DataFrame:
        """Return one row per label and per type of span: how it is found.

        Columns: `task`, `name`, `precision`, `recall`, `f1` (0 to 1; 0 where nothing
        counts) and `support`, the number in the gold.
        """
        rows = [
            row
            for task, sentences in (
                ("sentence", self._labels()),
                ("ner", self._spans()),
            )
            for row in _rows(task, list(sentences))
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def confusions(self) -> pd.DataFrame:
        """Return what was taken for what, the most frequent first.

        Columns: `task`, `gold`, `said`, `count`. A gold span counts as taken for one of
        another type that shares a word with it; `nothing` stands for a span that is
        missed, or invented. "x (other words)" is the right type with other ends.
        """
        counts = Counter(
            ("sentence", str(gold), str(said))
            for gold, said in zip(self.gold_labels, self.labels)
            if gold is not None and said is not None and gold != said
        )
        for true, found in self._spans():
            counts.update(("ner", *pair) for pair in _taken_for(true, found))
        rows = [(*pair, count) for pair, count in counts.most_common()]
        return pd.DataFrame(rows, columns=["task", "gold", "said", "count"])

    def _labels(self) -> Iterator[tuple[set[_Item], set[_Item]]]:
        for gold, said in zip(self.gold_labels, self.labels):
            if gold is not None and said is not None:
                yield {(gold,)}, {(said,)}

    def _spans(self) -> Iterator[tuple[set[_Item], set[_Item]]]:
        for true, found in zip(self.gold_spans, self.spans):
            if true is not None:
                yield set(true), set(found)


def _spans(cell: Any) -> list[_Span]:
    spans = [(start, end, name) for start, end, name in cell]
    if not all(type(s) is type(e) is int and type(n) is str for s, e, n in spans):
        raise InputError("spans are not of the form [start, end, type]")
    return spans


def _rows(
    task: str, sentences: Sequence[tuple[set[_Item], set[_Item]]]
) -> Iterator[tuple[Any, ...]]:
    true = Counter(item[-1] for gold, _ in sentences for item in gold)
    said = Counter(item[-1] for _, found in sentences for item in found)
    right = Counter(item[-1] for gold, found in sentences for item in gold & found)
    for name in sorted(true | said):
        hits = right[name]
        both = true[name] + said[name]
        precision, recall = hits / max(1, said[name]), hits / max(1, true[name])
        yield task, name, precision, recall, 2 * hits / both, true[name]


def _taken_for(true: set[_Item], found: set[_Item]) -> Iterator[tuple[str, str]]:
    """Yield gold and said type of each span that is wrong, in order of the words."""
    missed, invented = sorted(true - found), sorted(found - true)
    met = set()
    for start, end, name in missed:
        over = [span for span in invented if span[0] < end and start < span[1]]
        met.update(over)
        said = min((span[2] for span in over), default=_NOTHING)
        yield name, f"{said} (other words)" if said == name else said
    yield from ((_NOTHING, span[2]) for span in invented if span not in met)
