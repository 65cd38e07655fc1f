"""Scores of both tasks, by word, against the whole gold.

Lesson: 01_shared_model. Entity F1 is seqeval's (Nakayama 2018), after the CoNLL scorer
(Tjong Kim Sang 2000). Its lenient mode is the literature's and the default here; the
strict mode (IOB2) stands beside it, since the two can be as far apart as 1.0 and 0.0.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from seqeval.metrics import f1_score as entity_f1
from seqeval.scheme import IOB2
from sklearn.metrics import f1_score

from mtlhelpers.data.encoding import Encoded, encode
from mtlhelpers.data.words import spans_of
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.store import FeatureStore, extract_features
from mtlhelpers.training.run import Outcomes, Scores


@dataclass(frozen=True)
class Predicted:
    """Predictions for N sentences: label numbers (N,) and word-level tag names."""

    labels: np.ndarray | None
    tags: list[list[str]] | None


def encode_for(model: SharedModel, sentences: Dataset) -> Encoded:
    """Encode sentences with the model's tokenizer, labels and tags."""
    names = model.labels, model.tags
    try:
        return encode(sentences, model.tokenizer, *names, max_length=model.max_length)
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
    features = extract_features(model, encoded, store)
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


def score(
    sentences: Dataset, predicted: Predicted, model: SharedModel, encoded: Encoded
) -> Scores:
    """Compare predictions with the gold of the sentences."""
    gold = sentences["tags"][:]
    labelled = [
        row for row, y in enumerate(encoded.label_ids) if y >= 0 and model.labels
    ]
    tagged = [row for row, tags in enumerate(gold) if tags is not None and model.tags]
    both = sorted(set(labelled) & set(tagged))
    right = {row: predicted.labels[row] == encoded.label_ids[row] for row in labelled}
    majority, share = _majority(encoded.label_ids[labelled])
    all_outside = [
        encoded.label_ids[row] == majority and set(gold[row]) == {"O"} for row in both
    ]
    return Scores(
        accuracy=_mean(list(right.values())),
        macro_f1=_macro_f1(encoded.label_ids[labelled], predicted, labelled),
        exact_match=_mean(
            [right[row] and gold[row] == predicted.tags[row] for row in both]
        ),
        majority_accuracy=share,
        majority_exact_match=_mean(all_outside),
        labelled_sentences=len(labelled),
        tagged_sentences=len(tagged),
        sentences_with_both=len(both),
        truncated_sentences=int(encoded.truncated.sum()),
        words_without_piece=int(encoded.lost_words.sum()),
        **_tag_scores([gold[row] for row in tagged], predicted, tagged),
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


def _tag_scores(
    gold: list[list[str]], predicted: Predicted, rows: list[int]
) -> dict[str, Any]:
    found = [predicted.tags[row] for row in rows] if rows else []
    return {
        "ner_f1": _entity_f1(gold, found),
        "ner_f1_strict": _entity_f1(gold, found, mode="strict", scheme=IOB2),
        "words": sum(map(len, gold)),
        "spans": sum(len(spans_of(tags)) for tags in gold),
        "predicted_spans": sum(len(spans_of(tags)) for tags in found),
    }


def _majority(gold: np.ndarray) -> tuple[int | None, float | None]:
    """The most frequent label number and its share; None without labels."""
    if not len(gold):
        return None, None
    label, count = Counter(gold.tolist()).most_common(1)[0]
    return label, count / len(gold)


def _macro_f1(gold: np.ndarray, predicted: Predicted, rows: list[int]) -> float | None:
    """Mean F1 over the labels that occur in the gold."""
    if not rows:
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
