"""Findings in sentences and their splits, each with what to do.

What must be mended is what `load_corpus` would refuse, or what makes scores mislead;
the rest is advice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mtlhelpers.data.formats.intake import Splits
from mtlhelpers.data.formats.spans import BREAKS
from mtlhelpers.data.rows import Row, entity_types
from mtlhelpers.data.words import letters_of, spans_of

FEWEST = 5  # training sentences of a label, or spans of a type
LEAK = 0.01  # of the test sentences, from which on leaks must be mended
LEAST_TEST = 100  # sentences without which no comparison decides
MAJORITY = 0.5  # of the labels
SHOWN = 5  # places per finding
_ONE_LABEL = (
    "one per sentence is learned; keep the main one, or make a corpus per question "
    "(has it this label, or not?)"
)


@dataclass(frozen=True)
class Finding:
    """One thing found; `mend` ones decide the exit status.

    `places` are the first few, `count` is all of them.
    """

    mend: bool
    what: str
    remedy: str
    count: int = 1
    places: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        mark = "✗" if self.mend else "-"
        places = "".join(f"\n    {place}" for place in self.places)
        more = self.count - len(self.places)
        rest = f"\n    and {more:,} more" if self.places and more > 0 else ""
        return f"{mark} {self.what}. {self.remedy}.{places}{rest}"


def find_faults(faults: Sequence[str]) -> Iterator[Finding]:
    """Yield what cannot be read, and spans that break words apart from the rest."""
    broken = [fault for fault in faults if BREAKS in fault]
    others = [fault for fault in faults if BREAKS not in fault]
    if others:
        what = f"{_counted(len(others), 'place')} cannot be read"
        yield _found(True, what, "Each says what to do", others)
    if broken:
        what = f"{_counted(len(broken), 'sentence')} with a span that breaks a word"
        remedy = "Mend them, or let --repair widen them to whole words"
        yield _found(True, what, remedy, broken)


def find_in_splits(splits: Splits) -> Iterator[Finding]:
    """Yield what is wrong between the sentences of a corpus."""
    yield from _sizes(splits)
    yield from _ids_and_groups(splits)
    yield from _names_absent_from_train(splits)
    yield from _leaks(splits)
    yield from _two_ways(splits)
    yield from _small_classes(splits)
    yield from _label_names(splits)


def _sizes(splits: Splits) -> Iterator[Finding]:
    test = len(splits.get("test", ()))
    if 0 < test < LEAST_TEST:
        yield _found(
            False,
            f"test has {test} sentences, and with fewer than {LEAST_TEST} hardly any "
            "comparison is decided",
            "Label more",
        )


def _ids_and_groups(splits: Splits) -> Iterator[Finding]:
    ids: dict[str, str] = {}
    groups: dict[str, str] = {}
    twice, torn = [], []
    for split, rows in splits.items():
        for row in rows:
            if row.id in ids:
                twice.append(f"{row.place}: id {row.id!r}, as in {ids[row.id]}")
            ids.setdefault(row.id, row.place)
            if groups.setdefault(row.group, split) != split:
                torn.append(f"{row.place}: group {row.group!r}")
    if twice:
        what = f"{_counted(len(twice), 'id')} used before"
        remedy = "Give each sentence an id of its own, or leave ids out"
        yield _found(True, what, remedy, twice)
    if torn:
        what = f"{_counted(len(torn), 'sentence')} of a group that another split has"
        yield _found(True, what, "Keep a group in one split", torn)


def _names_absent_from_train(splits: Splits) -> Iterator[Finding]:
    train = splits.get("train", ())
    labels = {row.label for row in train}
    types = {name for row in train for name in entity_types(row.tags)}
    tagged = any(row.tags is not None for row in train)
    absent = []
    for split in ("validation", "test"):
        for row in splits.get(split, ()):
            if row.label is not None and row.label not in labels:
                absent.append(f"{row.place}: label {row.label!r}")
            absent += [
                f"{row.place}: type {name!r}"
                for name in sorted(entity_types(row.tags) - types)
            ]
            if row.tags is not None and not tagged:
                absent.append(f"{row.place}: tags, which no sentence of train has")
    if absent and train:
        what = f"{_counted(len(absent), 'label or type', 'labels or types')} of "
        remedy = "Correct them, add such sentences to train, or remove these"
        yield _found(True, f"{what}validation or test not in train", remedy, absent)


def _leaks(splits: Splits) -> Iterator[Finding]:
    said = {_said(row): row.place for row in splits.get("train", ())}
    for split in ("validation", "test"):
        rows = splits.get(split, ())
        leaks = [
            f"{row.place}, as {said[_said(row)]}: {_quoted(row)}"
            for row in rows
            if _said(row) in said
        ]
        if leaks:
            share = len(leaks) / len(rows)
            yield _found(
                split == "test" and share >= LEAK,
                f"{_counted(len(leaks), 'sentence')} of {split} ({share:.1%}) say what "
                "one of train says, in letters and digits",
                "Remove them from train, else scores tell what was learned by heart",
                leaks,
            )


def _two_ways(splits: Splits) -> Iterator[Finding]:
    by_words: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for rows in splits.values():
        for row in rows:
            by_words[tuple(row.tokens)].append(row)
    differ, repeats, several = [], 0, False
    for same in by_words.values():
        repeats += len(same) - 1
        labels = sorted({row.label for row in same if row.label is not None})
        tags = {tuple(row.tags) for row in same if row.tags is not None}
        if len(labels) > 1:
            names = " and ".join(map(repr, labels[:3]))
            differ.append(f"{same[0].place} and {same[1].place}: {names}")
        elif len(tags) > 1:
            differ.append(f"{same[0].place} and {same[1].place}: other spans")
        several |= len(labels) > 1
    if differ:
        remedy = "Decide for one"
        if several:
            remedy += f". If both are right, several labels fit: {_ONE_LABEL}"
        what = f"{_counted(len(differ), 'sentence')} labelled in two ways"
        yield _found(False, what, remedy, differ)
    if repeats:
        what = f"{_counted(repeats, 'sentence')} repeated, word for word"
        yield _found(False, what, "Leave them, if people do say the same often")


def _small_classes(splits: Splits) -> Iterator[Finding]:
    train = splits.get("train", ())
    labels = Counter(row.label for row in train if row.label is not None)
    types = Counter(name for row in train for *_, name in spans_of(row.tags or ()))
    for kind, counts in (("label", labels), ("type", types)):
        few = [f"{name}: {count}" for name, count in counts.items() if count < FEWEST]
        if few:
            what = f"{_counted(len(few), kind)} with fewer than {FEWEST} in train"
            yield _found(False, what, "Label more of them, or merge them", sorted(few))
    if labels:
        name, count = labels.most_common(1)[0]
        share = count / labels.total()
        if len(labels) == 1:
            what = f"all sentences of train have the label {name!r}"
            yield _found(False, what, "Add others, or leave the label out")
        elif share > MAJORITY:
            yield _found(
                False,
                f"{share:.0%} of train have the label {name!r}: an accuracy of that "
                "much is no merit",
                "Look at the scores per label",
            )


def _label_names(splits: Splits) -> Iterator[Finding]:
    rows = [row for rows in splits.values() for row in rows]
    names = {row.label for row in rows if row.label is not None}
    names |= {name for row in rows for name in entity_types(row.tags)}
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        alike[" ".join(name.casefold().split())].append(repr(name))
    doubles = [" and ".join(group) for group in alike.values() if len(group) > 1]
    if doubles:
        what = f"{_counted(len(doubles), 'name')} in two spellings"
        yield _found(False, what, "Spell each in one way", doubles)
    joined = [
        repr(name)
        for name in sorted(names)
        for mark in "|;,+/"
        if mark in name and names & {part.strip() for part in name.split(mark)}
    ]
    if joined:
        yield _found(
            False,
            f"{_counted(len(joined), 'label')} joined of others, as where several fit",
            _ONE_LABEL[0].upper() + _ONE_LABEL[1:],
            joined,
        )


def _said(row: Row) -> str:
    return letters_of(row.tokens) or " ".join(row.tokens)


def _quoted(row: Row) -> str:
    text = " ".join(row.tokens)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def _found(
    mend: bool, what: str, remedy: str, places: Sequence[str] = ("",)
) -> Finding:
    shown = [place for place in places[:SHOWN] if place]
    return Finding(mend, what, remedy, len(places), shown)
