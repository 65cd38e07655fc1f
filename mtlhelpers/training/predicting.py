"""A model's labels and tags for many sentences, as numbers and names."""

from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset

from mtlhelpers.data.encoding import Encoded, encode
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features import extract_features
from mtlhelpers.training.storing import FeatureStore


@dataclass(frozen=True)
class Predicted:
    """Predictions for N sentences: label numbers (N,) and word-level tag names."""

    labels: np.ndarray | None
    tags: list[list[str]] | None


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
