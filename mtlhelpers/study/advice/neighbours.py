"""By how much recorded ways lay apart near a case, and which one that speaks for.

Lesson: 09_what_should_i_freeze. Corpora are the unit: of another corpus, ten more seeds
on the same one say nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from mtlhelpers.errors import InputError
from mtlhelpers.study.advice.summary import (
    FRESH,
    Cell,
    recorded_cells,
    shipped_cells,
)
from mtlhelpers.study.protocol import (
    EVERYTHING,
    FROZEN,
    MARGINS,
    PUBLISHED,
    SCORE_OF,
    TASKS,
    Task,
)
from mtlhelpers.study.verdicts.intervals import Difference, t_interval

if TYPE_CHECKING:  # a second of imports, which advice does without
    import pandas as pd

FAR = 3.2  # times smaller or larger: half a decade, the step between recorded sizes
CONFIDENT = 0.95
MADE_UP = "newsdesk"  # takes no part in what is said of amounts of data


@dataclass(frozen=True)
class SideBySide:
    """Two ways on one corpus, at one size and with the same seeds."""

    one: Cell
    other: Cell

    @property
    def seeds(self) -> list[int]:
        """Those that both have."""
        return [seed for seed in self.one.seeds if seed in self.other.seeds]

    def difference(self, task: Task) -> Difference:
        """One minus the other, with the interval over seeds."""
        pairs = zip(self.one.of(task, self.seeds), self.other.of(task, self.seeds))
        return t_interval([a - b for a, b in pairs], confidence=CONFIDENT)


def side_by_side(cells: Sequence[Cell], way: str, other: str) -> Iterator[SideBySide]:
    """Yield both ways wherever they share corpus, size and two seeds or more."""
    others = {_place(cell): cell for cell in cells if cell.way == other}
    for cell in cells:
        if cell.way == way and _place(cell) in others:
            both = SideBySide(cell, others[_place(cell)])
            if len(both.seeds) > 1:
                yield both


def _place(cell: Cell) -> tuple[str, str, int]:
    return cell.corpus, cell.corpus_sha256, cell.size


def nearest(found: Sequence[SideBySide], size: int) -> list[SideBySide]:
    """Each corpus at its recorded size nearest to `size`, unless that is far off.

    A corpus counts once: `hwu64+2000` is `hwu64` with more test sentences, and
    goes before it.
    """
    by_corpus: dict[str, SideBySide] = {}
    ranked = sorted(
        found, key=lambda both: (distance(both.one.size, size), -len(both.one.corpus))
    )
    for both in ranked:
        if distance(both.one.size, size) <= math.log(FAR):
            by_corpus.setdefault(source_of(both.one.corpus), both)
    return list(by_corpus.values())


def source_of(corpus: str) -> str:
    """Return whose sentences a corpus has, however they are split."""
    return corpus.removesuffix("+2000")


def distance(size: int, other: int) -> float:
    """How far apart two sizes are, as ratios go."""
    return abs(math.log(size / other))


def over_corpora(near: Sequence[SideBySide], task: Task) -> Difference:
    """The mean difference over corpora, with the t interval that corpora give it.

    Of one corpus alone it is that of its seeds. Raises `ValueError` without any.
    """
    if not near:
        raise InputError("no records near enough")
    if len(near) == 1:
        return near[0].difference(task)
    means = [both.difference(task).difference for both in near]
    return t_interval(means, confidence=CONFIDENT)


Beside = Mapping[
    str, Sequence[SideBySide]
]  # by way, what lies near: it, and everything


def beside_everything(cells: Sequence[Cell], size: int) -> Beside:
    """Every other recorded way with training everything, near a size."""
    near = {
        way: nearest([*side_by_side(cells, way, EVERYTHING)], size)
        for way in FRESH
        if way != EVERYTHING
    }
    return {way: both for way, both in near.items() if both}


def advised(beside: Beside, tasks: Sequence[Task]) -> str:
    """Everything, unless a way that trains less is shown to do as well.

    Shown: on two corpora or more, or on the very corpus asked about, its interval lies
    above minus the margin on every task (1 point of accuracy, 2 of F1). Of several it
    is the one whose steps are the quickest.
    """
    safe = [
        way
        for way, near in beside.items()
        if all(over_corpora(near, t).low > -margin(t) for t in tasks)
    ]
    return min(
        safe, key=lambda way: mean(b.one.step for b in beside[way]), default=EVERYTHING
    )


def margin(task: Task) -> float:
    """The smallest difference of interest."""
    return MARGINS[SCORE_OF[task]]


def cells_in(folder: str | Path | None) -> list[Cell]:
    """Those of the records in a folder; without one, those that ship."""
    return shipped_cells() if folder is None else recorded_cells(folder)


def check_advice(folder: str | Path | None = None) -> "pd.DataFrame":
    """Advise on each recorded corpus and size from the other corpora alone.

    One row per corpus and size where two others are near. `advised` and `best`: ways,
    of training everything or heads alone; the best by its mean over tasks. `lost`:
    points by which the advised one is behind the best, the mean over tasks. `hit`:
    behind by no more than the margin on each task. `constant`: whether "train
    everything", said without looking, is such a hit. Raises `StudyError` where the
    folder is not there.
    """
    import pandas as pd

    columns = ["corpus", "size", "advised", "best", "lost", "hit", "constant"]
    return pd.DataFrame(_left_out(cells_in(folder)), columns=columns)


def _left_out(cells: Sequence[Cell]) -> Iterator[tuple[object, ...]]:
    found = [*side_by_side(cells, FROZEN, EVERYTHING)]
    for own in found:
        source = source_of(own.one.corpus)
        others = [
            both
            for both in found
            if source_of(both.one.corpus) not in (source, MADE_UP)
        ]
        near = nearest(others, own.one.size)
        if len(near) > 1:
            choice = advised({FROZEN: near}, TASKS)
            leads = [own.other.mean(t) - own.one.mean(t) for t in TASKS]
            best = EVERYTHING if mean(leads) > 0 else FROZEN
            yield (
                own.one.corpus,
                own.one.size,
                choice,
                best,
                100 * abs(mean(leads)) if choice != best else 0.0,
                _within(leads, choice == best, best),
                _within(leads, best == EVERYTHING, best),
            )


def _within(leads: Sequence[float], is_best: bool, best: str) -> bool:
    """Whether a way is behind the best by no more than the margin on each task."""
    sign = 1 if best == EVERYTHING else -1
    behind = all(sign * lead <= margin(t) for t, lead in zip(TASKS, leads))
    return is_best or behind


def constant_rule(cells: Sequence[Cell]) -> str:
    """Say how often this advice is right on a corpus left out, beside saying one thing.

    Empty where nothing can be left out.
    """
    rows = [*_left_out(cells)]
    if not rows:
        return ""
    hits, constant = (sum(bool(row[at]) for row in rows) for at in (5, 6))
    said = f"within the margins of the best in {hits} of {len(rows)} cases"
    if all(row[2] == EVERYTHING for row in rows):
        return (
            f"The constant rule has been right so far: each recorded corpus, judged by "
            f'the others alone on both tasks, is told "train everything", {said}.'
        )
    return (
        f"Each recorded corpus, judged by the others alone, is {said}; "
        f'"train everything", always, is so in {constant}.'
    )


def published(cells: Sequence[Cell]) -> list[Cell]:
    """Those on corpora that people wrote."""
    sources = {source_of(corpus) for corpus in PUBLISHED}
    return [cell for cell in cells if source_of(cell.corpus) in sources]
