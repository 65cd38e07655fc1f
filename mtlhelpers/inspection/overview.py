"""A source of sentences looked through: counts, tables, findings, what it will cost."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from os.path import expanduser
from typing import Any

from mtlhelpers.data.corpus import rows_of
from mtlhelpers.data.formats.intake import Splits
from mtlhelpers.data.load import Reading, is_file_source, load_corpus, read_source
from mtlhelpers.data.rows import Row
from mtlhelpers.data.words import spans_of
from mtlhelpers.inspection.findings import Finding, find_faults, find_in_splits
from mtlhelpers.inspection.pieces import PieceCounts, count_pieces, find_in_pieces
from mtlhelpers.model.scenarios import USUAL_WAYS, find_scenario
from mtlhelpers.training.recipes import recipe_for

CountTable = dict[str, dict[str, int]]  # a count per name and split
LISTED = 20  # names of a table on the terminal
# Of a step of training everything of minilm, on the two cores of the machine that the
# README's comparison was made on: 101.9 s for 12,800 sentences of SNIPS.
SECONDS_PER_PIECE = 6e-4
FORWARD = 1 / 3  # of a step: a pass without gradients


@dataclass(frozen=True)
class Overview:
    """What `mtlhelpers check` shows."""

    name: str
    source: str
    notes: list[str]
    counts: CountTable  # per split: sentences, words, labels, spans
    labels: CountTable
    types: CountTable
    pieces: PieceCounts | None
    seconds: dict[str, float]  # of training everything once, and of `compare`
    findings: list[Finding]

    @property
    def to_mend(self) -> int:
        """How many findings must be mended."""
        return sum(finding.mend for finding in self.findings)

    @property
    def verdict(self) -> str:
        """The last line."""
        advice = len(self.findings) - self.to_mend
        mend = f"{self.to_mend} to mend" if self.to_mend else "nothing to mend"
        return f"{mend}, {advice} to think about" if advice else mend

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON takes it."""
        return asdict(self) | {"to_mend": self.to_mend}

    def lines(self) -> Iterator[str]:
        """Yield the lines for a terminal."""
        yield f"{self.name}: {self.source}" if self.source else self.name
        yield from (f"note: {note}" for note in self.notes)
        yield ""
        columns = ["sentences", "words", "labels", "spans"]
        yield from _table("split", columns, self.counts, LISTED)
        for title, table in (("label", self.labels), ("type", self.types)):
            if table:
                yield ""
                yield from _table(title, list(self.counts), table, LISTED)
        yield ""
        if self.pieces:
            yield f"word pieces: {self.pieces}"
        yield from (f"{what}: {value}" for what, value in self.costs())
        yield ""
        yield from map(str, self.findings)
        yield self.verdict

    def costs(self) -> list[tuple[str, str]]:
        """Return what training is expected to take, in words."""
        return [
            (what, f"about {_spoken(seconds)} on two cores with minilm")
            for what, seconds in self.seconds.items()
        ]


def look_through(
    source: str,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    repair: bool = False,
) -> Overview:
    """Read a source as `load_corpus` does, and look at everything in it.

    Faults of sentences become findings. Raises `CorpusError` where there is nothing to
    read.
    """
    faults: list[str] = []
    name = expanduser(source)
    if format is not None or columns is not None or is_file_source(name):
        reading = read_source(
            name, format=format, columns=columns, repair=repair, faults=faults
        )
    else:
        corpus = load_corpus(name)
        reading = Reading(corpus.name, rows_of(corpus), corpus.source, corpus.notes)
    return _overview(reading, faults)


def _overview(reading: Reading, faults: list[str]) -> Overview:
    splits, notes = reading.splits, [*reading.notes]
    if splits and "validation" not in splits:
        notes.append("a tenth of train will be set aside as validation")
    pieces = count_pieces(splits)
    findings = [
        *find_faults(faults),
        *find_in_splits(splits),
        *find_in_pieces(pieces),
    ]
    return Overview(
        reading.name,
        reading.source,
        notes,
        {split: _counts(rows) for split, rows in splits.items()},
        _by_name(splits, lambda row: [row.label] if row.label else []),
        _by_name(splits, lambda row: [name for *_, name in spans_of(row.tags or ())]),
        pieces,
        _seconds(splits, pieces),
        sorted(findings, key=lambda finding: not finding.mend),
    )


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return {
        "sentences": len(rows),
        "words": sum(len(row.tokens) for row in rows),
        "labels": sum(row.label is not None for row in rows),
        "spans": sum(len(spans_of(row.tags or ())) for row in rows),
    }


def _by_name(splits: Splits, names_of: Callable[[Row], list[str]]) -> CountTable:
    """Count names per split, the most frequent of train first."""
    counts = {
        split: Counter(name for row in rows for name in names_of(row))
        for split, rows in splits.items()
    }
    total = sum(counts.values(), Counter[str]())
    first = next(iter(counts.values()), Counter[str]())
    names = sorted(total, key=lambda name: (-first[name], name))
    return {name: {split: counts[split][name] for split in splits} for name in names}


def _seconds(splits: Splits, pieces: PieceCounts | None) -> dict[str, float]:
    """Estimate what training takes: sentences seen, by their word pieces."""
    train, rest = len(splits.get("train", ())), sum(map(len, splits.values()))
    if not pieces or not train:
        return {}
    step = pieces.mean * SECONDS_PER_PIECE
    scoring, passes = rest * step * FORWARD, {}
    for scenario in map(find_scenario, USUAL_WAYS):
        recipe = recipe_for(scenario)
        epochs = recipe.epochs_for(train, recipe.batch_size)
        passes[scenario.name] = train * epochs if scenario.moves_backbone else 0
    return {
        "training everything once": passes["none_frozen"] * step + scoring,
        "compare, two seeds of each way": 2
        * (sum(passes.values()) * step + len(passes) * scoring),
    }


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"


def _table(
    title: str, columns: Sequence[str], table: CountTable, listed: int
) -> Iterator[str]:
    """Yield a header and a line per name, up to so many."""
    shown = list(table)[:listed]
    width = max([len(title), *(len(name[:40]) for name in shown)])
    yield f"{title:<{width}}" + "".join(f"{column:>12}" for column in columns)
    for name in shown:
        cells = "".join(f"{table[name].get(column, 0):>12,}" for column in columns)
        yield f"{name[:40]:<{width}}{cells}"
    if len(table) > listed:
        yield f"and {len(table) - listed:,} more (--json and --html have all)"
