"""The short table of decisions, from recorded runs, and who leads a comparison.

Lesson: 09_what_should_i_freeze.
"""

from pathlib import Path

import pandas as pd

from mtlhelpers.comparison.answer import spoken
from mtlhelpers.comparison.own_data import ComparisonResult
from mtlhelpers.study.protocol import PUBLISHED
from mtlhelpers.study.records.tables import study_table

OPEN = "no clear difference"
_SMALL, _LARGE = 300, 3000  # training sentences


def leader(found: ComparisonResult) -> str:
    """Name the way that is ahead in the first task, or say that it is open."""
    leads = found.standings.leads
    if not leads or leads[0].found.low <= 0:
        return OPEN
    return leads[0].first.noun


def decision_table(studies: Path) -> pd.DataFrame:
    """Return a row per wish: what to train, what was measured, what it takes.

    From mean scores over seeds on published corpora; ranges are over corpora.
    """
    fit, more = study_table(studies / "transfer"), study_table(studies / "further")
    fit = fit[fit.corpus.isin(PUBLISHED)]
    names = ["you want", "train", "what was measured", "it takes"]
    rows = [*_from_the_start(fit, more), *_adding_names(more)]
    return pd.DataFrame(rows, columns=names).set_index("you want")


_Row = tuple[str, str, str, str]


def _from_the_start(fit: pd.DataFrame, more: pd.DataFrame) -> list[_Row]:
    """What to train where both tasks are new."""
    everything = _means(fit, "none_frozen", _SMALL)
    heads = _means(fit, "backbone_frozen", _SMALL)
    upper = _means(more, "top half", _SMALL)
    behind = everything - heads
    short = (_means(fit[fit.seed < 5], "none_frozen", _SMALL) - upper).dropna()
    return [
        (
            "the best scores",
            "everything",
            f"{_range(behind.accuracy)} points ahead of the heads alone in labels, "
            f"{_range(behind.ner_f1)} in names",
            _times(everything),
        ),
        (
            "labels, in seconds",
            "the heads, on stored features",
            f"{_range(behind.accuracy)} points behind everything in labels",
            _times(heads),
        ),
        (
            "most of the scores, in less time",
            "the last three layers",
            f"{_range(short.accuracy)} points behind everything in labels, "
            f"{_range(short.ner_f1)} in names",
            _times(upper),
        ),
    ]


def _adding_names(more: pd.DataFrame) -> list[_Row]:
    """What to train where the labels are learned already."""
    alone, distilled = _means(more, "3B", _LARGE), _means(more, "3A, lwf", _LARGE)
    moved = distilled.accuracy - distilled.accuracy_before
    return [
        (
            "to add names; no label may change",
            "the NER head alone",
            f"labels stay to the bit; F1 in names {_range(alone.ner_f1)}",
            _times(alone),
        ),
        (
            "to add names; labels may move a little",
            "everything, and distil the old answers",
            f"labels move by {_range(moved)} points; F1 in names "
            f"{_range(distilled.ner_f1)}",
            _times(distilled),
        ),
    ]


def _means(runs: pd.DataFrame, arm: str, size: int) -> pd.DataFrame:
    """Scores of an arm in per cent, and seconds: a row per corpus."""
    own = runs[(runs.arm == arm) & (runs.train_size == size)]
    by = own.groupby("corpus")
    scores = ["accuracy", "accuracy_before", "ner_f1"]
    means = 100 * by[scores].mean()
    return means.assign(seconds=by.seconds.median())


def _range(points: "pd.Series[float]") -> str:
    ends = f"{min(points):.1f}", f"{max(points):.1f}"
    return " to ".join(dict.fromkeys(ends))


def _times(means: pd.DataFrame) -> str:
    low, high = spoken(min(means.seconds)), spoken(max(means.seconds))
    number, unit = low.split()
    if low != high and unit == high.split()[1]:  # "7 to 11 seconds"
        low = number
    return " to ".join(dict.fromkeys((low, high)))
