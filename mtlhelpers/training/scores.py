"""What scoring gives: scores with their counts, and the outcome of each sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtlhelpers.data.streams import stream


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
