"""The words of a recommendation: what to do, what was measured, how sure that is."""

from collections.abc import Iterator, Sequence
from math import ceil
from statistics import mean
from typing import TYPE_CHECKING

from mtlhelpers.study.advice.neighbours import SideBySide, margin, over_corpora
from mtlhelpers.study.advice.summary import MOVING, STAYING
from mtlhelpers.study.protocol import EVERYTHING, FROZEN, Task

if TYPE_CHECKING:
    from mtlhelpers.study.advice.recommend import Recommendation
    from mtlhelpers.training.plan import Plan

WAYS = {  # what trains, after "Train"
    EVERYTHING: "everything",
    FROZEN: "the heads alone, on a frozen backbone",
    "heads_first": "the heads first, then everything",
    "last_3_layers": "the last three layers and the heads",
}
WHERE: dict[Task, str] = {"sentence": "labels", "ner": "names"}
POINTS: dict[Task, str] = {"sentence": "points of accuracy", "ner": "points of F1"}
LENT = {"further"}  # a study whose ways have the settings of another one
MARGIN = "1 point of accuracy, 2 of F1"
DISTILLED = f"{MOVING}, lwf"
KEPT = "kept: accuracy after minus before"
FOUND = "gained: F1 minus the first row"


def advice_lines(one: "Recommendation") -> Iterator[str]:
    """Yield the whole answer, line by line."""
    yield f"{one.case}:"
    if one.case.kept and one.beside:
        yield from _kept_lines(one)
    elif one.scenario in one.seconds:
        yield from _choice_lines(one)
    else:
        yield one.why if one.scenario else f"Not known. {one.why}"
    names = {"sentence": "% accuracy in labels", "ner": "F1 in names"}
    for task, (target, found) in one.needed.items():
        yield f"\n{100 * target:g} {names[task]}, with everything trained, took:"
        yield from (f"  {corpus}" for corpus in found)


def _choice_lines(one: "Recommendation") -> Iterator[str]:
    """One way to train both heads, beside the one it would be weighed against."""
    chosen = str(one.scenario)
    other = FROZEN if chosen == EVERYTHING and FROZEN in one.beside else EVERYTHING
    way = next(iter(one.beside)) if other not in one.seconds else other
    near = one.beside[chosen if chosen != EVERYTHING else way]
    sign = -1 if chosen == EVERYTHING else 1
    yield _advice(one, near)
    leads = [_lead(near, task, sign) for task in one.case.tasks]
    beside = "the heads alone" if way == FROZEN else WAYS.get(way, way)
    yield f"{_of(near)} it was, beside {beside}, {' and '.join(leads)}."
    yield from _sureness(near, one.case.tasks, sign, chosen)
    yield (
        f"Here it takes about {_time(one.seconds[chosen])}, and {beside} "
        f"{_time(one.seconds[way])} (estimated)."
    )
    yield _conditions(near)
    yield from _table(one, chosen)
    if one.plan:
        sides = [both.other if chosen == EVERYTHING else both.one for both in near]
        recorded = _ends(sorted({cell.steps for cell in sides}))
        yield (
            f"Plan: {_in_short(one.plan, one.case.size)}; recorded with "
            f"{' to '.join(f'{steps:,}' for steps in recorded)} steps."
        )
    if one.checked:
        yield one.checked


def _advice(one: "Recommendation", near: Sequence[SideBySide]) -> str:
    """What to do; a quicker way that is advised stands beside the safe rule."""
    chosen = str(one.scenario)
    way = WAYS.get(chosen, chosen)
    behind = {
        WHERE[task]: -100 * over_corpora(near, task).difference
        for task in one.case.tasks
    }
    if chosen == EVERYTHING or one.why or min(behind.values()) < 0:
        return f"Train {way}." + (f" {one.why}" if one.why else "")
    said = " and ".join(
        f"{lost:.1f} points in {where}" for where, lost in behind.items()
    )
    share = one.seconds[chosen] / one.seconds[EVERYTHING]
    return (
        f"Training everything is the safe rule. Training {way} is nearly as good: "
        f"behind by {said}, in {100 * share:.0f} % of the time. Its plan is below."
    )


def _of(near: Sequence[SideBySide]) -> str:
    sizes = sorted({both.one.size for both in near})
    count = "one published corpus" if len(near) == 1 else f"{len(near)} corpora"
    return f"On {count} of {' to '.join(f'{s:,}' for s in _ends(sizes))} sentences"


def _ends(sizes: Sequence[int]) -> Sequence[int]:
    return sizes if len(sizes) == 1 else (sizes[0], sizes[-1])


def _lead(near: Sequence[SideBySide], task: Task, sign: int) -> str:
    """ "ahead by 1.6 to 5.5 points of accuracy in labels"."""
    low, high = _range([sign * both.difference(task).difference for both in near])
    unit, where = POINTS[task], WHERE[task]
    if low >= 0:
        return f"ahead by {_between(low, high)} {unit} in {where}"
    if high <= 0:
        return f"behind by {_between(-high, -low)} {unit} in {where}"
    return f"from {-low:.1f} behind to {high:.1f} ahead in {unit} in {where}"


def _range(shares: Sequence[float]) -> tuple[float, float]:
    """The least and the most, in points."""
    return 100 * min(shares), 100 * max(shares)


def _between(low: float, high: float) -> str:
    ends = f"{low:.1f}", f"{high:.1f}"
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _sureness(
    near: Sequence[SideBySide], tasks: Sequence[Task], sign: int, chosen: str
) -> Iterator[str]:
    """What the interval over corpora decides and, where it does not, why this then."""
    over = "seeds" if len(near) == 1 else "corpora"
    told, open_tasks = [], []
    for task in tasks:
        found = over_corpora(near, task)
        low, high = sorted((100 * sign * found.low, 100 * sign * found.high))
        told.append(f"{low:.1f} to {high:.1f} in {WHERE[task]}")
        if low <= 0 <= high:
            open_tasks.append(WHERE[task])
    said = f"The 95 % interval for the mean over {over}: {', '.join(told)}."
    if not open_tasks:
        yield f"{said} None of them holds 0."
        return
    where = " and ".join(open_tasks)
    yield f"{said} It holds 0 in {where}: the records do not decide that for your data."
    leads = [
        sign * both.difference(t).difference / margin(t) for both in near for t in tasks
    ]
    ahead = sum(lead > 1 for lead in leads)
    behind = sum(lead < -1 for lead in leads)
    yield (
        f"It is advised because it was ahead by more than the margin ({MARGIN}) in "
        f"{ahead} of {len(leads)} comparisons, and behind by so much in "
        f"{behind or 'none'}."
        if chosen == EVERYTHING
        else f"It was behind by more than the margin ({MARGIN}) in {behind} of "
        f"{len(leads)} comparisons."
    )


def _conditions(near: Sequence[SideBySide]) -> str:
    seeds = sorted({len(both.seeds) for both in near})
    corpora = ", ".join(f"{both.one.corpus} at {both.one.size:,}" for both in near)
    return (
        f"Recorded with {near[0].one.backbone} and linear heads, settings of each side "
        f"tuned on validation, {_between_counts(seeds)} seeds: {corpora}."
    )


def _between_counts(counts: Sequence[int]) -> str:
    return " to ".join(map(str, _ends(counts)))


def _table(one: "Recommendation", chosen: str) -> Iterator[str]:
    """Every way that is recorded near, beside training everything."""
    tasks = one.case.tasks
    head = [
        "minus everything, in points",
        *(WHERE[t] for t in tasks),
        "here",
        "corpora",
    ]
    rows = [
        [
            way,
            *(_spread([b.difference(t).difference for b in near]) for t in tasks),
            _time(one.seconds[way]),
            str(len(near)),
        ]
        for way, near in one.beside.items()
    ]
    yield from _aligned([head, *rows])
    lent = [
        way for way, near in one.beside.items() if {b.one.study for b in near} == LENT
    ]
    if lent:
        yield f"  ({', '.join(lent)}: with the settings that suit everything)"


def _spread(shares: Sequence[float]) -> str:
    """The mean, and in brackets the least and the most, in points."""
    middle = 100 * mean(shares)
    if not any(shares):
        return "0"
    if len(shares) == 1:
        return f"{middle:+.1f}"
    low, high = _range(shares)
    return f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        yield f"  {'  '.join(cells)}".rstrip()


def _kept_lines(one: "Recommendation") -> Iterator[str]:
    """The trade-off: what each way keeps of the labels, and what names it finds."""
    yield "What to keep and what to gain is for you to weigh:"
    yield from _aligned(
        [
            ["way", KEPT, FOUND, "here", "corpora"],
            *(
                [
                    way,
                    _spread([mean(b.one.kept) for b in near]),
                    _spread([b.difference("ner").difference for b in near]),
                    _time(one.seconds[way]),
                    ", ".join(f"{b.one.corpus} {b.one.size:,}" for b in near),
                ]
                for way, near in one.beside.items()
            ),
        ]
    )
    yield "Means over corpora in points, and from the lowest to the highest."
    for way in (STAYING, DISTILLED):
        if way in one.beside:
            yield f"Plan, {way}: {_in_short(one.plans[way], one.case.size)}."
    if STAYING in one.beside and DISTILLED in one.beside:
        near = one.beside[DISTILLED]
        more = _between(*_range([both.difference("ner").difference for both in near]))
        moved = _spread([mean(both.one.kept) for both in near])
        yield (
            f"Two points are known best. {STAYING} changes no label, to the last bit, "
            f"in {_time(one.seconds[STAYING])}. {DISTILLED} (learning without "
            f"forgetting) found {more} points of F1 more, in "
            f"{_time(one.seconds[DISTILLED])}, and labels moved by {moved} points."
        )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def _in_short(plan: "Plan", size: int) -> str:
    filled = plan.resolve(size)
    steps = filled.epochs * ceil(size / filled.batch_size)
    parts = [
        f"{filled.epochs} epochs in batches of {filled.batch_size} ({steps:,} steps)"
    ]
    if filled.backbone_lr:
        parts.append(f"backbone rate {filled.backbone_lr:g}")
    parts.append(f"head rate {filled.head_lr:g}")
    if filled.layers:
        parts.append(f"heads read layers {', '.join(map(str, filled.layers))}")
    if filled.retention:
        parts.append(f"retention {filled.retention}, {filled.retention_strength:g}")
    return ", ".join(parts)
