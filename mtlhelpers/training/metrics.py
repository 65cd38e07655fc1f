"""Scores of both tasks, by word, against the whole gold.

Lesson: 01_shared_model. Entity F1 is seqeval's (Nakayama 2018), after the CoNLL scorer
(Tjong Kim Sang 2000). Its lenient mode is the literature's and the default here; the
strict mode (IOB2) stands beside it, since the two can be as far apart as 1.0 and 0.0.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from seqeval.metrics import f1_score as entity_f1
from seqeval.scheme import IOB2
from sklearn.metrics import f1_score

from mtlhelpers.data.encoding import Encoded, encode
from mtlhelpers.data.spans import spans_of
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features import FeatureStore, extract_features


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
    words: int
    spans: int  # in the gold
    predicted_spans: int
    truncated_sentences: int
    words_without_piece: int

    def __str__(self) -> str:
        rows = [
            (
                "accuracy",
                self.accuracy,
                self.majority_accuracy,
                self.labelled_sentences,
            ),
            ("macro F1", self.macro_f1, None, self.labelled_sentences),
            ("NER F1 (lenient)", self.ner_f1, 0.0, self.spans),
            ("NER F1 (strict)", self.ner_f1_strict, 0.0, self.spans),
            (
                "exact match",
                self.exact_match,
                self.majority_exact_match,
                self.tagged_sentences,
            ),
        ]
        lines = [f"{'':18}{'score':>7}{'majority':>10}{'counted on':>12}"]
        for name, score, majority, count in rows:
            if score is not None:
                beside = "-" if majority is None else f"{majority:.3f}"
                unit = "spans" if name.startswith("NER") else "sentences"
                lines.append(f"{name:18}{score:7.3f}{beside:>10}{count:>8} {unit}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Predicted:
    """Predictions for N sentences: label numbers (N,) and word-level tag names."""

    labels: np.ndarray | None
    tags: list[list[str]] | None


@dataclass(frozen=True)
class Outcomes:
    """What became of each of N sentences: enough to draw them again by bootstrap."""

    label_right: list[bool | None]  # None without a gold label
    true_spans: list[int]
    predicted_spans: list[int]
    correct_spans: list[int]


def evaluate(
    model: SharedModel, sentences: Dataset, *, store: FeatureStore | None = None
) -> Scores:
    """Score a model on sentences.

    `store` keeps features where the backbone is frozen. Raises `ValueError` where the
    sentences hold a label or tag that the model does not know.
    """
    return assess(model, sentences, store)[0]


def assess(
    model: SharedModel, sentences: Dataset, store: FeatureStore | None = None
) -> tuple[Scores, Outcomes]:
    """As `evaluate`, with the outcome of each sentence beside the scores."""
    encoded = encode_for(model, sentences)
    predicted = predict_all(model, encoded, sentences, store)
    scores = score(sentences, predicted, model, encoded)
    return scores, outcomes(sentences, predicted, encoded)


def encode_for(model: SharedModel, sentences: Dataset) -> Encoded:
    """Encode sentences with the model's tokenizer, labels and tags."""
    try:
        return encode(sentences, model.tokenizer, model.labels, model.tags)
    except KeyError as error:
        raise ValueError(
            f"the model knows no label or tag {error}: build it with the corpus's own "
            f"labels and tags"
        ) from error


@torch.no_grad()
def predict_all(
    model: SharedModel,
    encoded: Encoded,
    sentences: Dataset,
    store: FeatureStore | None = None,
) -> Predicted:
    """Predict a label for each sentence and a tag for each word; lost words are O."""
    moves = any(tensor.requires_grad for tensor in model.backbone.parameters())
    if store is None or moves:
        features = extract_features(model, encoded)
    else:
        features = store.features(model, encoded)
    logits = model.classify(features.pooled, features.words)
    labels = (
        None if logits.sentence is None else logits.sentence.argmax(-1).cpu().numpy()
    )
    if logits.ner is None:
        return Predicted(labels, None)
    best = logits.ner.argmax(-1).cpu().numpy()  # (W,)
    tags = [["O"] * len(words) for words in sentences["tokens"]]
    for row, kept in enumerate(encoded.kept_words):
        for word, tag in zip(
            kept, best[features.starts[row] : features.starts[row + 1]]
        ):
            tags[row][word] = model.tags[tag]
    return Predicted(labels, tags)


def score(
    sentences: Dataset, predicted: Predicted, model: SharedModel, encoded: Encoded
) -> Scores:
    """Compare predictions with the gold of the sentences."""
    gold_tags = sentences["tags"][:]
    labelled = (
        np.flatnonzero(encoded.label_ids >= 0) if model.labels else np.array([], int)
    )
    tagged = [
        row for row, tags in enumerate(gold_tags) if tags is not None and model.tags
    ]
    label_right = _labels_right(encoded.label_ids, predicted, labelled)
    gold = [gold_tags[row] for row in tagged]
    found = [predicted.tags[row] for row in tagged] if tagged else []
    both = sorted(set(labelled.tolist()) & set(tagged))
    common = Counter(encoded.label_ids[labelled].tolist()).most_common(1)
    majority = common[0][0] if common else None
    return Scores(
        accuracy=_mean([label_right[row] for row in labelled]),
        macro_f1=_macro_f1(encoded.label_ids[labelled], predicted, labelled),
        ner_f1=_entity_f1(gold, found),
        ner_f1_strict=_entity_f1(gold, found, mode="strict", scheme=IOB2),
        exact_match=_mean(
            [label_right[row] and gold_tags[row] == predicted.tags[row] for row in both]
        ),
        majority_accuracy=common[0][1] / len(labelled) if common else None,
        majority_exact_match=_mean(
            [
                encoded.label_ids[row] == majority and set(gold_tags[row]) == {"O"}
                for row in both
            ]
        ),
        labelled_sentences=len(labelled),
        tagged_sentences=len(tagged),
        words=sum(map(len, gold)),
        spans=sum(len(spans_of(tags)) for tags in gold),
        predicted_spans=sum(len(spans_of(tags)) for tags in found),
        truncated_sentences=int(encoded.truncated.sum()),
        words_without_piece=int(encoded.lost_words.sum()),
    )


def outcomes(sentences: Dataset, predicted: Predicted, encoded: Encoded) -> Outcomes:
    """Right or wrong label, and counts of spans, sentence by sentence."""
    right: list[bool | None] = [None] * len(encoded)
    if predicted.labels is not None:
        for row in np.flatnonzero(encoded.label_ids >= 0):
            right[row] = bool(predicted.labels[row] == encoded.label_ids[row])
    counts = []
    for row, gold in enumerate(sentences["tags"][:]):
        scored = predicted.tags is not None and gold is not None
        true = set(spans_of(gold)) if scored else set()
        found = set(spans_of(predicted.tags[row])) if scored else set()
        counts.append((len(true), len(found), len(true & found)))
    true_spans, predicted_spans, correct_spans = map(list, zip(*counts))
    return Outcomes(right, true_spans, predicted_spans, correct_spans)


def _labels_right(gold: np.ndarray, predicted: Predicted, rows: np.ndarray) -> dict:
    return {int(row): bool(predicted.labels[row] == gold[row]) for row in rows}


def _macro_f1(gold: np.ndarray, predicted: Predicted, rows: np.ndarray) -> float | None:
    """Mean F1 over the labels that occur in the gold."""
    if not len(rows):
        return None
    found = predicted.labels[rows]
    return float(
        f1_score(gold, found, labels=np.unique(gold), average="macro", zero_division=0)
    )


def _entity_f1(gold: list[list[str]], found: list[list[str]], **mode) -> float | None:
    if not gold:
        return None
    return float(entity_f1(gold, found, zero_division=0, **mode))


def _mean(right: Sequence[bool]) -> float | None:
    return float(np.mean(right)) if len(right) else None
