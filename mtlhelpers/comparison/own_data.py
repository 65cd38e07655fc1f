"""From sentences of one's own to an answer: `mtl.compare`, and lines of `compare`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mtlhelpers.comparison.answer import LEAST_TO_DECIDE, in_words, spoken, too_few
from mtlhelpers.comparison.budget import read_budget
from mtlhelpers.comparison.contest import Contest, Setup
from mtlhelpers.comparison.json_rows import check_writable, row_of, summary, write_rows
from mtlhelpers.comparison.sheet import sheet_of
from mtlhelpers.comparison.standings import Standings
from mtlhelpers.comparison.ways import choose_ways
from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.study.running.console import duration, seconds_of
from mtlhelpers.study.running.queue import writing_to

_PAGE = "report.html"
_SEEDS = 10  # at most, unless more are asked for


@dataclass(frozen=True)
class ComparisonResult:
    """What ways to train came to on some sentences."""

    standings: Standings
    third: int  # training sentences of the curve's smaller point
    lacking: float = 0.0  # seconds that the first two seeds would have taken still
    unused: int = 0  # runs on record whose pair of seeds did not fit
    folder: Path | None = None  # with records, page and model

    @cached_property
    def answer(self) -> str:
        """What to do, in words, a paragraph per line."""
        lines = list(in_words(self.standings, self.third))
        if self.lacking:
            lines.append(
                f"The budget left out {self._left_out}: about "
                f"{spoken(self.lacking)} more would do."
            )
        if self.unused:
            lines.append(
                "Recorded and not used, since a pair of seeds did not fit: "
                f"{self.unused} run{'s' * (self.unused > 1)}. A larger budget takes "
                "them in."
            )
        return "\n".join(lines)

    @property
    def _left_out(self) -> str:
        ways = self.standings.case.ways
        return ", ".join(w.noun for w in ways if w not in self.standings.ways)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per run, the keys as in `--json`; scores from 0 to 1."""
        runs = self.standings.units.items()
        return pd.DataFrame(
            row_of(r) | {"train_size": unit.size} for unit, all_ in runs for r in all_
        )

    @property
    def differences(self) -> pd.DataFrame:
        """The winner minus each other way by task, with intervals and verdicts."""
        return pd.DataFrame(
            {"first": lead.first.scenario, "second": lead.second.scenario}
            | {"task": lead.task, "verdict": str(lead.verdict)}
            | asdict(lead.found)
            for lead in self.standings.leads
        )

    def report(self) -> pd.DataFrame:
        """Return how the winner's first model finds each label and type."""
        return self.standings.details(self.standings.winner).report()

    def page(self) -> str:
        """Return everything as one HTML page."""
        return sheet_of(self.standings, self.answer.split("\n"))

    def __str__(self) -> str:
        return self.answer


def compare(
    source: str | Path | Corpus,
    budget: str | float | None = "15m",
    *,
    scenarios: Sequence[str] = (),
    keep: str = "",
    folds: int = 0,
    seeds: int = _SEEDS,
    train_size: int | None = None,
    backbone: str = "minilm",
    output: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
) -> ComparisonResult:
    """Train in every way that fits the budget, and say which one to take.

    Args:
        source: a corpus, or what `load_corpus` takes.
        budget: of time, such as "15m"; None: until all seeds have run.
        scenarios: the ways; else those for the case, cheap ones first.
        keep: "sentence" or "ner", which was learned before and is to stay.
        folds: for cross-validation of all sentences; 0: the test split.
        seeds: at most, added in pairs by time alone; with folds, rounds of them.
        train_size, backbone, device: as in a `Plan` and `SharedModel`.
        output: the folder for records, page and model; the same call goes on there.

    Raises `ValueError` for what cannot be run, before anything is.
    """
    corpus = source if isinstance(source, Corpus) else load_corpus(source)
    ways = choose_ways(corpus, scenarios, keep)
    limit = None if budget is None else read_budget(budget)
    case = Setup(corpus, ways, backbone, train_size, seeds, folds, limit, keep)
    contest = Contest(case, Path(output) if output else None, device, progress)
    for _ in _runs(contest):
        pass
    return _finished(contest)


def compare_lines(
    name: str,
    *,
    reading: Mapping[str, Any],
    output: Path | None = None,
    path: Path | None = None,
    device: str = "auto",
    bar: bool = False,
    scenarios: Sequence[str] = (),
    budget: str | None = None,
    **settings: Any,
) -> Iterator[str]:
    """Do the same; lines about the corpus, each run, the table and the answer.

    Writes the rows to `path` after each run.
    """
    if path:
        check_writable(path)
    limit = budget and read_budget(budget)
    corpus = load_corpus(name, **reading)
    ways = choose_ways(corpus, scenarios, settings.get("keep", ""))
    case = Setup(corpus, ways, budget=limit or None, **settings)
    contest = Contest(case, output or _folder_for(corpus), device, bar)
    yield from _opening(contest)
    rows: list[dict[str, Any]] = []
    try:
        for line, row in _runs(contest):
            rows += row
            yield line
            if path:
                write_rows(path, rows)
    except (Exception, KeyboardInterrupt):
        if rows:
            yield f"\n{summary(rows)}"
        raise
    yield f"\n{summary(rows)}\n"
    found = _finished(contest)
    yield found.answer
    yield f"\nSaved in {found.folder}: {_PAGE}, the model of {_saved(found)}, records"


def _folder_for(corpus: Corpus) -> Path:
    plain = re.sub(r"[^\w.-]+", "-", corpus.name)
    return Path(f"compare-{plain}")


def _opening(contest: Contest) -> Iterator[str]:
    case = contest.case
    yield f"{case.corpus.describe()}\n"
    test = len(case.corpus.splits["test"])
    if test < LEAST_TO_DECIDE and not case.folds:
        yield f"note: {too_few(test, sum(map(len, case.corpus.splits.values())))}"
    yield from (f"damaged, to be made again: {fault}" for fault in contest.faults)
    yield f"records, page and model go to {contest.output}"


def _saved(found: ComparisonResult) -> str:
    ways = found.standings.ways
    return f"{found.standings.winner.scenario} (first seed)" if ways else "none"


def _runs(contest: Contest) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each run as a line, and its row; then those of the curve, without."""
    for unit, record in contest.carry_out():
        fold = f", {record['corpus'].split(', ')[1]}" if contest.case.folds else ""
        took = duration(seconds_of(record))
        line = f"{unit.way.scenario}, seed {unit.seed}{fold}: {took}"
        yield line, [row_of(record)]
    standings = Standings(contest.case, contest.runs)
    if len(standings.ways) < 2 or not standings.runner_up:
        return
    for unit, record in contest.carry_out_curve(
        [standings.winner, standings.runner_up]
    ):
        took = duration(seconds_of(record))
        what = f"{unit.way.scenario}, {unit.size:,} sentences, seed {unit.seed}"
        yield f"{what}: {took}", []


def _finished(contest: Contest) -> ComparisonResult:
    """Put page and model beside the records."""
    standings = Standings(contest.case, contest.runs)
    lack = contest.lacking, contest.unused
    found = ComparisonResult(standings, contest.third, *lack, contest.output)
    if contest.output:
        with writing_to(contest.output):
            contest.output.mkdir(parents=True, exist_ok=True)
            if standings.ways:
                contest.keep_model(standings.winner)
            write_atomically(contest.output / _PAGE, found.page().encode("utf-8"))
    return found
