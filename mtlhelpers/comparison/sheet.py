"""A comparison as one page that loads nothing, for a phone as for a desk."""

from collections.abc import Iterator, Sequence

import pandas as pd

from mtlhelpers.comparison.answer import spoken
from mtlhelpers.comparison.json_rows import SCORE_COLUMNS, mean_and_spread, row_of
from mtlhelpers.comparison.standings import TOGETHER, Standings
from mtlhelpers.comparison.ways import BASELINE, Way
from mtlhelpers.inspection.page import bullets, frame, grid, safe, section
from mtlhelpers.study.protocol import SCORE_OF, TASKS

CONFUSED = 20  # rows of confusions that are shown
_KINDS = {"sentence": "label", "ner": "type"}


def sheet_of(standings: Standings, answer: Sequence[str]) -> str:
    """Return the page; whatever comes from the sentences is escaped."""
    case = standings.case
    head, *rest = answer
    parts = [
        f"<h1>{safe(case.corpus.name)}</h1>",
        f'<p class="verdict">{safe(head)}</p>',
        *(f"<p>{safe(line)}</p>" for line in rest),
    ]
    if standings.ways:
        parts += [
            section("Scores", _scores(standings)),
            section("Differences", _differences(standings)),
            *_details(standings),
        ]
    parts += [
        section("What was run", bullets(_facts(standings))),
        "<footer>Made by mtlhelpers compare.</footer>",
    ]
    return frame(f"{case.corpus.name}: {head}", parts)


def _scores(standings: Standings) -> str:
    tasks = standings.case.corpus.tasks
    titles: dict[str, str] = dict(SCORE_COLUMNS)
    if len(tasks) == 1:
        own = {SCORE_OF[task] for task in TASKS if task in tasks}
        titles = {score: title for score, title in titles.items() if score in own}

    def means(table: pd.DataFrame) -> list[str]:
        return [mean_and_spread(table[name]) for name in titles]

    rows = []
    for way in standings.ways:
        table = _table(standings, way)
        trained = f"{table['trainable_parameters'].iloc[0]:,}"
        takes = spoken(standings.seconds(way))
        rows.append((way.noun, *means(table), takes, str(len(table)), trained))
    always: dict[str, float | None] = {"accuracy": standings.majority, "ner_f1": 0.0}
    shares = (mean_and_spread(pd.Series([always.get(name)])) for name in titles)
    rows.append(("most frequent label, no names", *shares, "", "", "0"))
    if len(table := _table(standings, BASELINE)):
        name, runs = f"{BASELINE.noun}, no training", str(len(table))
        rows.append((name, *means(table), "", runs, "0"))
    return grid(["way", *titles.values(), "takes", "runs", "trained"], rows)


def _table(standings: Standings, way: Way) -> pd.DataFrame:
    """The runs of a way, a row each."""
    runs = standings.runs(way).values()
    return pd.DataFrame([row_of(one) for of_seed in runs for one in of_seed])


def _differences(standings: Standings) -> str:
    rows = [
        (
            f"{standings.winner.noun} minus {lead.second.noun}",
            SCORE_COLUMNS[SCORE_OF[lead.task]],
            f"{100 * lead.found.difference:+.1f}",
            f"{100 * lead.found.low:+.1f} to {100 * lead.found.high:+.1f}",
            _said(lead.verdict),
        )
        for lead in standings.leads
    ]
    table = grid(["points", "of", "difference", "interval", "verdict"], rows)
    if not table:
        return ""
    over = "folds" if standings.case.folds else "seeds and test sentences"
    each = f"Intervals of {standings.confidence:.1%}, over {over}"
    if (count := standings.comparisons) > 1:
        each += f": all {count} hold together at {TOGETHER:.0%}"
    return (
        f"{table}<p>{each}. Less than 1 point of accuracy, or 2 points of F1, counts "
        "as no difference.</p>"
    )


def _said(verdict: str) -> str:
    return {"supported": "ahead", "contradicted": "behind"}.get(verdict, verdict)


def _details(standings: Standings) -> Iterator[str]:
    details = standings.details(standings.winner)
    report, confused = details.report(), details.confusions()
    named = f"{standings.winner.noun}, first seed"
    for task, kind in _KINDS.items():
        rows = [
            (name, *(f"{100 * share:.1f}" for share in shares), f"{support:,}")
            for of, name, *shares, support in report.to_numpy().tolist()
            if of == task
        ]
        head = [kind, "precision", "recall", "F1", "in the gold"]
        yield section(f"Per {kind} ({named})", grid(head, rows))
        pairs = [
            (gold, said, f"{count:,}")
            for of, gold, said, count in confused.to_numpy().tolist()
            if of == task
        ]
        head = ["in the gold", "taken for", "times"]
        top = grid(head, pairs[:CONFUSED])
        yield section(f"Most frequent confusions of {kind}s", top)


def _facts(standings: Standings) -> Iterator[str]:
    case = standings.case
    sizes = {split: len(rows) for split, rows in case.corpus.splits.items()}
    if case.folds:
        total = sum(sizes.values())
        yield f"{total:,} sentences, each tested in one of {case.folds} folds"
    else:
        yield f"sentences: {', '.join(f'{n:,} {split}' for split, n in sizes.items())}"
    yield f"trained with {case.sentences:,}; backbone {case.backbone}"
    if case.corpus.source:
        yield f"source: {case.corpus.source}"
    yield from case.corpus.notes
