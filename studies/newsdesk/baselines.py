"""What newsdesk gives away without a language model: its words, and its names.

Neither looks at a sentence as a whole. Where one of them does well, the corpus teaches
little: a sentence's topic could be read off single words, its entities off a list.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

from datasets import Dataset
from seqeval.metrics import f1_score
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

from mtlhelpers.data.words import spans_of

STRENGTHS = (1.0, 10.0, 100.0)  # C of the regression: larger fits train closer
LENGTHS = (1, 2)  # single words; single words and pairs

Lookup = Mapping[tuple[str, ...], str]


def bag_of_words_accuracy(
    train: Dataset, validation: Dataset, test: Dataset
) -> tuple[float, str]:
    """Return the test accuracy of TF-IDF with logistic regression, and its settings.

    Settings are those of `STRENGTHS` and `LENGTHS` that are best on validation.
    """
    best = max(
        (
            _fit_bag_of_words(train, (validation, test), length, strength)
            for length, strength in product(LENGTHS, STRENGTHS)
        ),
        key=lambda scored: scored[0],
    )
    return best[1], best[2]


def lookup_f1(train: Dataset, test: Dataset) -> float:
    """Return the entity F1 on test of looking up what train calls an entity.

    The longest match wins, from left to right, without regard to case; words that
    train gives several types get the most frequent.
    """
    lookup = _surfaces(train)
    longest = max(map(len, lookup))
    found = [_look_up(words, lookup, longest) for words in test["tokens"]]
    return float(f1_score(test["tags"][:], found, zero_division=0))


def majority_share(test: Dataset) -> float:
    """Return the share of the most frequent label."""
    labels = Counter(test["label"])
    return labels.most_common(1)[0][1] / labels.total()


def _fit_bag_of_words(
    train: Dataset, splits: Sequence[Dataset], length: int, strength: float
) -> tuple[float, float, str]:
    vectors = TfidfVectorizer(ngram_range=(1, length), sublinear_tf=True)
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit(vectors.fit_transform(_texts(train)), train["label"][:])
    found = [model.predict(vectors.transform(_texts(split))) for split in splits]
    validation, test = (
        float(accuracy_score(split["label"][:], labels))
        for split, labels in zip(splits, found, strict=True)
    )
    return validation, test, f"words up to {length}, C {strength:g}"


def _texts(rows: Dataset) -> list[str]:
    return [" ".join(words) for words in rows["tokens"]]


def _surfaces(train: Dataset) -> Lookup:
    types: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for words, tags in zip(train["tokens"], train["tags"], strict=True):
        for start, end, type_ in spans_of(tags):
            types[_key(words[start:end])][type_] += 1
    return {key: counts.most_common(1)[0][0] for key, counts in types.items()}


def _look_up(words: Sequence[str], lookup: Lookup, longest: int) -> list[str]:
    tags = ["O"] * len(words)
    at = 0
    while at < len(words):
        ends = range(min(at + longest, len(words)), at, -1)
        end = next((end for end in ends if _key(words[at:end]) in lookup), None)
        if end is None:
            at += 1
            continue
        type_ = lookup[_key(words[at:end])]
        tags[at:end] = [f"B-{type_}", *[f"I-{type_}"] * (end - at - 1)]
        at = end
    return tags


def _key(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)
