"""What must hold of newsdesk, and what was found: sizes, splits, words, entities."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import reduce
from operator import or_
from pathlib import Path
from statistics import mean
from typing import Any

from mtlhelpers.data.rows import Row
from mtlhelpers.data.words import spans_of, split_words
from studies.newsdesk.build import FOLDER, build_newsdesk, read_splits
from studies.newsdesk.lexicon import Lexicon, read_lexicon
from studies.newsdesk.marks import Sentence, count_words

Rows = Mapping[str, Sequence[Row]]
Surfaces = Mapping[str, Counter[tuple[str, str]]]  # split -> (type, words) -> mentions


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, what was asked for, and whether it holds."""

    name: str
    found: str
    asked: str
    ok: bool

    def __str__(self) -> str:
        return f"{'✓' if self.ok else '✗'} {self.name}: {self.found} ({self.asked})"


def check_newsdesk(folder: Path = FOLDER) -> list[Finding]:
    """Build the corpus from a folder and look at all that can be seen without a model.

    Raises:
        CorpusError: for the first fault in a file, as `build_newsdesk` does.
    """
    lexicon = read_lexicon(folder / "lists")
    splits = read_splits(folder, lexicon)
    sentences = [one for split in splits.values() for one in split]
    rows = build_newsdesk(folder)
    surfaces = mentioned(rows)
    return [
        *_sizes(splits, rows),
        *_texts(sentences, rows),
        *_entities(sentences, lexicon, surfaces),
    ]


def mentioned(rows: Rows) -> Surfaces:
    """Count the mentions of each split by type and words, without case."""
    return {
        split: Counter(
            (type_, " ".join(row.tokens[start:end]).casefold())
            for row in own
            for start, end, type_ in spans_of(row.tags or [])
        )
        for split, own in rows.items()
    }


def share_unseen(surfaces: Surfaces, split: str) -> float:
    """Return the share of a split's mentions that do not occur in train, by type."""
    own, train = surfaces[split], surfaces["train"]
    return sum(own[key] for key in own if key not in train) / own.total()


def near_templates(sentences: Sequence[Sentence]) -> Iterator[tuple[str, str]]:
    """Yield the groups of two sentences whose skeletons are alike word for word."""
    words = [sentence.skeleton.split() for sentence in sentences]
    vocabulary = dict.fromkeys(word for one in words for word in one)
    bits = {word: 1 << at for at, word in enumerate(vocabulary)}
    # A set of words as the bits of a number: two million pairs in half a second.
    sets = [reduce(or_, (bits[word] for word in one)) for one in words]
    sizes = [one.bit_count() for one in sets]
    for later, own in enumerate(sets):
        for earlier in range(later):
            shared = (own & sets[earlier]).bit_count()
            if 3 * shared <= sizes[later] + sizes[earlier]:  # half of all their words
                continue
            alike = SequenceMatcher(None, words[earlier], words[later], autojunk=False)
            if alike.ratio() > 0.62:
                yield sentences[earlier].group, sentences[later].group


def _sizes(splits: Mapping[str, Sequence[Sentence]], rows: Rows) -> Iterator[Finding]:
    topics = Counter(one.topic for split in splits.values() for one in split)
    fewest = min(topics.values())
    found = f"{topics.total():,}, at least {fewest} a topic"
    ok = topics.total() >= 2100 and fewest >= 300
    yield Finding("sentences", found, "2,100, 300 a topic", ok)
    asked = {"train": (1350, 12600), "validation": (150, 600), "test": (600, 1200)}
    for split, (groups, size) in asked.items():
        written = len({row.group for row in rows[split]})
        found = f"{len(rows[split]):,} rows of {written:,} sentences"
        ok = len(rows[split]) == size and written >= groups
        yield Finding(split, found, f"{size:,} of at least {groups:,}", ok)
    labels = Counter(row.label for row in rows["test"])
    share = labels.most_common(1)[0][1] / labels.total()
    yield Finding(
        "largest topic in test", f"{share:.1%}", "at most 16 %", share <= 0.16
    )


def _texts(sentences: Sequence[Sentence], rows: Rows) -> Iterator[Finding]:
    skeletons = len({one.skeleton for one in sentences})
    same = len(sentences) - skeletons
    yield Finding("equal skeletons", f"{same}", "none", same == 0)
    alike = list(near_templates(sentences))
    found = ", ".join(f"{one} and {other}" for one, other in alike) or "0"
    yield Finding("near-templates", found, "none", not alike)
    counts = [count_words(one.pieces) for one in sentences]
    mean = sum(counts) / len(counts)
    found = f"{min(counts)} to {max(counts)}, mean {mean:.1f}"
    ok = min(counts) >= 6 and max(counts) <= 22 and 12 <= mean <= 14
    yield Finding("words", found, "6 to 22, mean 12 to 14", ok)
    texts = Counter(tuple(row.tokens) for split in rows.values() for row in split)
    twice = texts.total() - len(texts)
    yield Finding("rows of equal text", f"{twice}", "none", twice == 0)


def _entities(
    sentences: Sequence[Sentence], lexicon: Lexicon, surfaces: Surfaces
) -> Iterator[Finding]:
    without = sum(not one.mentions for one in sentences) / len(sentences)
    ok = 0.08 <= without <= 0.13
    yield Finding("sentences without entity", f"{without:.1%}", "8 to 13 %", ok)
    for split in ("validation", "test"):
        share = share_unseen(surfaces, split)
        name = f"mentions of {split} not in train"
        yield Finding(name, f"{share:.1%}", "at least 60 %", share >= 0.6)
    used = set().union(*surfaces.values())
    unused = [
        member
        for type_, member in lexicon.classes
        if (type_, " ".join(split_words(member)).casefold()) not in used
    ]
    found = f"{len(unused)} of {len(lexicon.classes):,}"
    yield Finding("list members never used", found, "none", not unused)
    for split in ("train", "test"):
        both = _ambiguous(surfaces[split])
        name = f"words of two types in {split}"
        yield Finding(name, f"{both}", "at least 20", both >= 20)


def _ambiguous(mentions: Counter[tuple[str, str]]) -> int:
    types: dict[str, set[str]] = defaultdict(set)
    for type_, words in mentions:
        types[words].add(type_)
    return sum(len(found) > 1 for found in types.values())


Key = tuple[str, int | None, str]  # method, size (None: all of train), score


def judge(records: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield a finding for each bar of which all measurements are recorded.

    Figures are means over seeds, in per cent.
    """
    scores = _means(records)
    yield from _within(scores, ("majority", None, "accuracy"), 0, 16)
    yield from _within(scores, ("bag of words", None, "accuracy"), 0, 92)
    yield from _within(scores, ("lookup", None, "ner_f1"), 0, 45)
    yield from _within(scores, ("minilm", None, "accuracy"), 90, 98.5)
    yield from _within(scores, ("minilm", None, "ner_f1"), 85, 97)
    yield from _above(scores, "minilm", "bag of words", "accuracy", 8)
    yield from _above(scores, "minilm", "random:minilm", "accuracy", 15)
    yield from _above(scores, "minilm", "random:minilm", "ner_f1", 15)
    yield from _rising(scores, "minilm", "ner_f1")


def _means(records: Sequence[Mapping[str, Any]]) -> dict[Key, float]:
    values: dict[Key, list[float]] = {}
    for one in records:
        for score in ("accuracy", "ner_f1"):
            if one[score] is not None:
                key = (one["method"], one["size"], score)
                values.setdefault(key, []).append(100 * one[score])
    return {key: mean(own) for key, own in values.items()}


def _within(
    scores: Mapping[Key, float], key: Key, low: float, high: float
) -> Iterator[Finding]:
    if key in scores:
        asked = f"{low:g} to {high:g}" if low else f"at most {high:g}"
        ok = low <= scores[key] <= high
        yield Finding(f"{key[0]}, {key[2]}", f"{scores[key]:.1f}", asked, ok)


def _above(
    scores: Mapping[Key, float], better: str, worse: str, score: str, points: float
) -> Iterator[Finding]:
    pair = [(method, 300, score) for method in (better, worse)]
    if all(key in scores for key in pair):
        gap = scores[pair[0]] - scores[pair[1]]
        name = f"{better} above {worse} at 300 rows, {score}"
        yield Finding(name, f"{gap:.1f} points", f"at least {points:g}", gap >= points)


def _rising(scores: Mapping[Key, float], method: str, score: str) -> Iterator[Finding]:
    kinds = [size for found, size, kind in scores if (found, kind) == (method, score)]
    sizes = sorted(size for size in kinds if size)
    curve = [scores[method, size, score] for size in sizes]
    if len(curve) > 1:
        ok = all(low < high for low, high in zip(curve, curve[1:]))
        found = ", ".join(f"{size:,}: {one:.1f}" for size, one in zip(sizes, curve))
        yield Finding(f"{method}, {score} by rows", found, "rises at every step", ok)
