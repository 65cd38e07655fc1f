"""Scores of both tasks, by word, against the whole gold.

Lesson: 01_shared_model. Entity F1 is seqeval's (Nakayama 2018), after the CoNLL scorer
(Tjong Kim Sang 2000). Its lenient mode is the literature's and the default here; the
strict mode (IOB2) stands beside it, since the two can be as far apart as 1.0 and 0.0.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from seqeval.metrics import f1_score as entity_f1
from seqeval.scheme import IOB2
from sklearn.metrics import f1_score

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.encoding import Columns, Encoded, encode
from mtlhelpers.data.words import spans_of
from mtlhelpers.errors import InputError, PlanError
from mtlhelpers.model.device import advice_on_memory
from mtlhelpers.model.heads.decoding import tag_words
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.store import FeatureStore, extract_features
from mtlhelpers.training.plan import METRICS, FilledPlan
from mtlhelpers.training.scores import Details, Outcomes, Scores

GOLD = {"sentence": "label", "ner": "tags"}  # the column that a task learns from


@dataclass(frozen=True)
class Gold:
    """N sentences, read once: their word pieces, and the gold tags of all their words.

    `encoded` knows only the tags of words that have a piece.
    """

    encoded: Encoded
    tags: list[list[str] | None]  # (N,), None for a sentence without tags

    @classmethod
    def of(cls, model: SharedModel, sentences: Dataset) -> "Gold":
        """Read sentences. Raises `ValueError` for none, or a label the model lacks."""
        if not len(sentences):
            raise InputError("there are no sentences to score")
        columns = {name: sentences[name][:] for name in ("tokens", "tags", "label")}
        return cls(encode_for(model, columns), columns["tags"])

    def spread_out(self, most: int) -> "Gold":
        """Take some of the sentences, at equal distances: a corpus may be sorted."""
        total = len(self.encoded)
        rows = np.linspace(0, total - 1, min(total, most)).astype(np.int64)

        def some(entries: Any) -> Any:  # whatever has one entry per sentence
            if isinstance(entries, np.ndarray):
                return entries[rows]
            return [entries[r] for r in rows] if isinstance(entries, list) else entries

        chosen = [some(getattr(self.encoded, part.name)) for part in fields(Encoded)]
        return Gold(Encoded(*chosen), some(self.tags))


@dataclass(frozen=True)
class Predicted:
    """Predictions for N sentences: label numbers (N,) and tag names by word."""

    labels: np.ndarray | None
    tags: list[list[str]] | None
    # Where BIO forbids these tags, the best that it allows, by the sentence's position.
    legal: dict[int, list[str]] = field(default_factory=dict)

    def beside(self, gold: Gold, labels: Sequence[str]) -> Details:
        """Return what was said of each sentence, in names, beside its gold."""
        true = gold.encoded.label_ids.tolist()
        said = [None] * len(true) if self.labels is None else self.labels.tolist()
        return Details(
            [labels[number] if number >= 0 else None for number in true],
            [number if number is None else labels[number] for number in said],
            [tags if tags is None else spans_of(tags) for tags in gold.tags],
            [spans_of(tags) for tags in self.tags or [[]] * len(true)],
        )


class Assessment(NamedTuple):
    """Scores, the outcome of each sentence, and what was said of it."""

    scores: Scores
    outcomes: Outcomes
    predicted: Predicted


def encode_for(model: SharedModel, sentences: Columns) -> Encoded:
    """Encode sentences with the model's tokenizer, labels and tags."""
    names = model.labels, model.tags
    try:
        return encode(sentences, model.tokenizer, *names, max_length=model.max_length)
    except KeyError as error:
        raise InputError(
            f"the model knows no label or tag {error}: build it with the corpus's own "
            f"labels and tags"
        ) from error


def check_fit(
    model: SharedModel, corpus: Corpus, sentences: Dataset, plan: FilledPlan
) -> None:
    """Raise `PlanError` where the model lacks a head, or sentences what is asked."""
    for task in plan.tasks:
        if model.head(task) is None:
            raise PlanError(f"the model has no head for the plan's task {task!r}")
        if not any(has_gold(sentences, task)):
            raise PlanError(
                f"no training sentence has a {GOLD[task].removesuffix('s')} for the "
                f"plan's task {task!r}: name other tasks, or choose another corpus"
            )
    if plan.select is not None:
        tasks, validation = METRICS[plan.select], corpus.splits["validation"]
        counts = np.all([has_gold(validation, task) for task in tasks], axis=0)
        if not any(counts) or not set(tasks) <= set(model.tasks):
            raise PlanError(
                f"validation has no {plan.select}: select by another metric"
            )


def has_gold(sentences: Dataset, task: str) -> list[bool]:
    """Say of each of N sentences whether it has gold to learn the task from."""
    return [cell is not None for cell in sentences[GOLD[task]][:]]


def evaluate(
    model: SharedModel,
    sentences: Dataset | Corpus,
    *,
    store: FeatureStore | None = None,
) -> Scores:
    """Score a model on sentences; of a corpus, on those of its test split.

    `store` keeps features where the backbone is frozen. Raises `ValueError` where the
    sentences hold a label or tag that the model does not know.
    """
    if isinstance(sentences, Corpus):
        sentences = sentences.splits["test"]
    return assess(model, Gold.of(model, sentences), store).scores


def assess(
    model: SharedModel, gold: Gold, store: FeatureStore | None = None
) -> Assessment:
    """Score as `evaluate` does, with what became of each sentence beside the scores."""
    predicted = predict_all(model, gold.encoded, store)
    results = outcomes(gold, predicted)
    return Assessment(score(gold, predicted, results), results, predicted)


def predict_all(
    model: SharedModel, encoded: Encoded, store: FeatureStore | None = None
) -> Predicted:
    """Predict a label for each sentence and a tag for each word; lost words are O."""
    what = f"the hidden states of {len(encoded):,} sentences"
    with torch.no_grad(), advice_on_memory(what, "Give fewer sentences"):
        features = extract_features(model, encoded, store)
        logits = features.scored_by(model)  # (N, L), (W, G)
    labels = None
    if logits.sentence is not None:
        labels = logits.sentence.argmax(-1).cpu().numpy()
    if logits.ner is None or model.ner_classifier is None:
        return Predicted(labels, None)
    head, starts = model.ner_classifier, features.starts
    best, legal = tag_words(head, logits.ner, encoded.kept_words, model.tags)
    changed = np.searchsorted(starts, np.flatnonzero(best != legal), "right") - 1

    def named(row: int, chosen: np.ndarray) -> list[str]:
        kept = encoded.kept_words[row]
        tags = ["O"] * int(len(kept) + encoded.lost_words[row])
        for word, tag in zip(kept, chosen[starts[row] : starts[row + 1]].tolist()):
            tags[word] = model.tags[tag]
        return tags

    return Predicted(
        labels,
        [named(row, best) for row in range(len(encoded))],
        {row: named(row, legal) for row in np.unique(changed).tolist()},
    )


def outcomes(gold: Gold, predicted: Predicted) -> Outcomes:
    """Judge the label and count the spans of each sentence."""
    label_ids = gold.encoded.label_ids
    right: list[bool | None] = [None] * len(label_ids)
    if predicted.labels is not None:
        for row in np.flatnonzero(label_ids >= 0).tolist():
            right[row] = bool(predicted.labels[row] == label_ids[row])
    results, pairs = Outcomes(right, [], [], []), _tag_pairs(gold, predicted)
    for row in range(len(gold.tags)):
        true, guessed = pairs.get(row, ([], []))
        counts = _span_counts(true, guessed)
        results.true_spans.append(counts[0])
        results.predicted_spans.append(counts[1])
        results.correct_spans.append(counts[2])
    return results


def _span_counts(true: list[str], guessed: list[str]) -> tuple[int, int, int]:
    gold, found = set(spans_of(true)), set(spans_of(guessed))
    return len(gold), len(found), len(gold & found)


def _constrained_f1(
    gold: Gold, predicted: Predicted, results: Outcomes
) -> float | None:
    """Entity F1 of the tags that BIO allows, from what the other tags got."""
    if predicted.tags is None or not any(tags is not None for tags in gold.tags):
        return None
    counts = [results.true_spans, results.predicted_spans, results.correct_spans]
    true, found, correct = map(sum, counts)
    for row, legal in predicted.legal.items():
        if (tags := gold.tags[row]) is not None:
            _, now, hits = _span_counts(tags, legal)
            found += now - results.predicted_spans[row]
            correct += hits - results.correct_spans[row]
    return 2 * correct / (true + found) if true + found else 0.0


def score(gold: Gold, predicted: Predicted, results: Outcomes) -> Scores:
    """Compare predictions with the gold, given what became of each sentence."""
    right = {row: hit for row, hit in enumerate(results.label_right) if hit is not None}
    tags = _tag_pairs(gold, predicted)
    both = sorted(right.keys() & tags.keys())
    labels = gold.encoded.label_ids[list(right)]
    majority, share = _majority(labels)
    always = [
        gold.encoded.label_ids[row] == majority and set(tags[row][0]) == {"O"}
        for row in both
    ]
    return Scores(
        accuracy=_mean(list(right.values())),
        macro_f1=_macro_f1(labels, predicted.labels, list(right)),
        ner_f1=_entity_f1(tags),
        ner_f1_strict=_entity_f1(tags, mode="strict", scheme=IOB2),
        ner_f1_constrained=_constrained_f1(gold, predicted, results),
        exact_match=_mean([right[r] and tags[r][0] == tags[r][1] for r in both]),
        majority_accuracy=share,
        majority_exact_match=_mean(always),
        labelled_sentences=len(right),
        tagged_sentences=len(tags),
        sentences_with_both=len(both),
        words=sum(len(pair[0]) for pair in tags.values()),
        spans=sum(results.true_spans),
        predicted_spans=sum(results.predicted_spans),
        truncated_sentences=int(gold.encoded.truncated.sum()),
        words_without_piece=int(gold.encoded.lost_words.sum()),
    )


def _tag_pairs(
    gold: Gold, predicted: Predicted
) -> dict[int, tuple[list[str], list[str]]]:
    """Pair gold and predicted tags of each sentence that has both, by its position."""
    return {
        row: (true, guessed)
        for row, (true, guessed) in enumerate(zip(gold.tags, predicted.tags or ()))
        if true is not None
    }


def _majority(labels: np.ndarray) -> tuple[int | None, float | None]:
    """Find the most frequent label number and its share; None without labels."""
    if not len(labels):
        return None, None
    label, count = Counter(labels.tolist()).most_common(1)[0]
    return label, count / len(labels)


def _macro_f1(
    gold: np.ndarray, predicted: np.ndarray | None, rows: list[int]
) -> float | None:
    """Average F1 over the labels that occur in the gold."""
    if predicted is None or not rows:
        return None
    labels = np.unique(gold)
    return float(
        f1_score(gold, predicted[rows], labels=labels, average="macro", zero_division=0)
    )


def _entity_f1(
    tags: dict[int, tuple[list[str], list[str]]], **settings: Any
) -> float | None:
    if not tags:
        return None
    gold, guessed = map(list, zip(*tags.values()))
    return float(entity_f1(gold, guessed, zero_division=0, **settings))


def _mean(right: Sequence[bool]) -> float | None:
    return float(np.mean(right)) if len(right) else None
