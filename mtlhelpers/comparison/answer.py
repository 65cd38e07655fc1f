"""The answer in words: what to do, how sure that is, and what it would take to know."""

from collections.abc import Iterator

from mtlhelpers.comparison.standings import TOGETHER, Lead, Standings
from mtlhelpers.comparison.ways import BASELINE, FROZEN_BEST, Way
from mtlhelpers.study.protocol import (
    EVERYTHING,
    FROZEN,
    MARGINS,
    SCORE_OF,
    Task,
    Verdict,
)
from mtlhelpers.study.verdicts.intervals import Difference

LEAST_TO_DECIDE = (
    100  # test sentences, with fewer of which hardly any comparison is decided
)
_IN: dict[Task, str] = {"sentence": "labels", "ner": "names"}
_POINTS: dict[Task, str] = {"sentence": "points of accuracy", "ner": "points of F1"}
_MARGIN: dict[Task, str] = {"sentence": "a point", "ner": "2 points"}


def too_few(test: int, everything: int) -> str:
    """Say that so few test sentences decide nothing, and what would."""
    return (
        f"{test} test sentences can't tell 1 point from {100 / test**0.5:.0f}. Use "
        f"--folds 5, which tests on all {everything:,}."
    )


def in_words(standings: Standings, third: int) -> Iterator[str]:
    """Yield the answer, a paragraph per line; the first says what to do."""
    case = standings.case
    if not standings.ways:
        yield "No answer: not one run fitted the budget."
        return
    test, whole = len(case.corpus.splits["test"]), _count(standings)
    if test < LEAST_TO_DECIDE and not case.folds:
        yield f"No answer: {too_few(test, whole)} {_means(standings)}"
        return
    yield _keeping(standings) if case.keep else _headline(standings)
    yield from _others(standings)
    if len(standings.ways) > 2 and standings.leads:
        yield (
            f"The intervals hold together, at {TOGETHER:.0%}, over all "
            f"{standings.comparisons} comparisons: trying more ways makes no winner."
        )
    yield from _baseline(standings)
    yield from _curve(standings, third)


def _count(standings: Standings) -> int:
    return sum(map(len, standings.case.corpus.splits.values()))


def _headline(standings: Standings) -> str:
    """What to do, against the way that is asked about: freezing, or everything."""
    winner, other = standings.winner, _rival(standings)
    if other is None:
        return f"No answer: {winner.noun} is all that was run. {_means(standings)}"
    leads = [one for one in standings.leads if one.second == other]
    if not leads:
        return (
            "No answer: with one seed nothing is known about other seeds. Use "
            "--seeds 2 or more (in Python seeds=2), and a larger --budget. "
            f"{_means(standings)}"
        )
    says = [lead.verdict for lead in leads]
    open_ = set(says) <= {Verdict.UNDECIDED, Verdict.NO_DIFFERENCE}
    if open_ and Verdict.UNDECIDED in says and not any(map(_is_ahead, leads)):
        head = f"Undecided between {winner.noun} and {other.noun}."
    else:
        head = f"{winner.advice}."
    words = [_in_words(lead, standings, at == 0) for at, lead in enumerate(leads)]
    costs = standings.seconds(winner), standings.seconds(other)
    time = f"It takes {spoken(costs[0])} instead of {spoken(costs[1])}."
    return " ".join([head, *words, time])


def _rival(standings: Standings) -> Way | None:
    for name in (FROZEN_BEST, FROZEN, EVERYTHING):
        for way in standings.ways:
            if way.scenario == name and way != standings.winner:
                return way
    return standings.runner_up


def _is_ahead(lead: Lead) -> bool:
    return lead.found.low > 0


def _in_words(lead: Lead, standings: Standings, first: bool) -> str:
    """One sentence on one task."""
    found, task, other = lead.found, lead.task, lead.second.noun
    on = f"On {standings.case.sentences:,} of your sentences it" if first else "It"
    size = f"{abs(100 * found.difference):.1f} {_POINTS[task]}"
    says = lead.verdict
    if says is Verdict.NO_DIFFERENCE:
        return f"In {_IN[task]} the two do not differ by more than {_MARGIN[task]}."
    if says is Verdict.UNDECIDED and found.low <= 0 <= found.high:
        ahead = "ahead of" if found.difference >= 0 else "behind"
        return (
            f"In {_IN[task]} it is open which is better: {lead.first.noun} is {size} "
            f"{ahead} {other}, and could be anywhere from {_signed(found)}."
        )
    side = "ahead of" if found.difference > 0 else "behind"
    low, high = sorted((abs(100 * found.low), abs(100 * found.high)))
    rest = ""
    if says is Verdict.UNDECIDED:
        rest = f"; whether by more than {_MARGIN[task]} is open"
    return f"{on} is {size} {side} {other} ({low:.1f} to {high:.1f}){rest}."


def _signed(found: Difference) -> str:
    return f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"


def _others(standings: Standings) -> Iterator[str]:
    """One line per way that the headline does not name."""
    rival = None if standings.case.keep else _rival(standings)
    for way in standings.ways:
        leads = [one for one in standings.leads if one.second == way]
        if way in (standings.winner, rival) or not leads:
            continue
        parts = [
            f"{_plain(lead.verdict)} in {_IN[lead.task]} ({_signed(lead.found)})"
            for lead in leads
        ]
        named = f"{standings.winner.noun} against {way.noun}"
        yield f"{named[0].upper()}{named[1:]}: {', '.join(parts)}."


def _plain(says: Verdict) -> str:
    return {
        Verdict.SUPPORTED: "ahead",
        Verdict.CONTRADICTED: "behind",
        Verdict.NO_DIFFERENCE: "no difference that matters",
    }.get(says, "undecided")


def _keeping(standings: Standings) -> str:
    """What is gained and what is kept, way by way."""
    task: Task = "sentence" if standings.case.keep == "sentence" else "ner"
    learned = standings.tasks[0]
    lines = [f"{standings.winner.advice}."]
    for way in standings.ways:
        moved = standings.kept(way, task)
        change = "one seed: unknown"
        if moved and moved.low == moved.high == 0:
            change = "not one answer changes"
        elif moved:
            change = f"{100 * moved.difference:+.1f} points, {_signed(moved)}"
        lines.append(
            f"{way.noun[0].upper()}{way.noun[1:]}: {_IN[learned]} "
            f"{100 * standings.score(way, learned):.1f}, and of the {_IN[task]} that "
            f"were learned before {100 * standings.score(way, task):.1f} ({change}); "
            f"{spoken(standings.seconds(way))}."
        )
    return " ".join(lines)


def _means(standings: Standings) -> str:
    """Scores without a verdict."""
    parts = [
        f"{way.noun} "
        + ", ".join(
            f"{100 * standings.score(way, task):.1f} in {_IN[task]}"
            for task in SCORE_OF
            if task in standings.case.corpus.tasks
        )
        for way in standings.ways
    ]
    return f"So far: {'; '.join(parts)}."


def _baseline(standings: Standings) -> Iterator[str]:
    """What is had without training: the most frequent label, and class means."""
    share, winner = standings.majority, standings.winner
    for task in standings.tasks:
        means = standings.baseline(task)
        said = [] if means is None else [f"{BASELINE.noun} {100 * means:.1f}"]
        if task == "sentence" and share is not None:
            said.insert(0, f"always saying the most frequent label {100 * share:.1f}")
        if said:
            best = 100 * standings.score(winner, task)
            yield (
                f"In {_IN[task]}, without training: {', '.join(said)} "
                f"({winner.noun}: {best:.1f})."
            )


def _curve(standings: Standings, third: int) -> Iterator[str]:
    """Would more labels help?"""
    for task in standings.tasks:
        found = standings.growth(standings.winner, third, task)
        if found is None:
            continue
        margin, points = MARGINS[SCORE_OF[task]], f"{100 * found.difference:.1f}"
        if found.low > margin:
            say = "more labels would help"
        elif found.high < margin:
            say = "more labels would hardly help"
        else:
            say = "whether more labels would help is open"
        yield (
            f"In {_IN[task]}, {standings.case.sentences:,} sentences bring {points} "
            f"points over {third:,} ({_signed(found)}): {say}."
        )


def spoken(seconds: float) -> str:
    """Return seconds as a reader counts them."""
    if seconds < 90:
        return f"{max(1, round(seconds))} second{'s' * (round(seconds) > 1)}"
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
