"""What lesson 06 reports: ways to add a task, from live runs and from records.

Lesson: 06_head_and_backbone_frozen.
"""

from collections.abc import Mapping

import pandas as pd

from mtlhelpers.lesson.machine import studies_folder
from mtlhelpers.lesson.plots.figures import Picture, new_figure, show_figure
from mtlhelpers.lesson.plots.points import JOINED, draw_points
from mtlhelpers.lesson.tables.lesson05 import mean_and_interval
from mtlhelpers.study.protocol import CORPUS_NAMES, LESSON_05, PUBLISHED
from mtlhelpers.study.records.tables import study_table, summarise
from mtlhelpers.study.verdicts.crossover import compare_arms
from mtlhelpers.training.run import Run

_CORPORA = {corpus: CORPUS_NAMES[corpus] for corpus in LESSON_05}
_STARTS = {corpus: CORPUS_NAMES[corpus] for corpus in PUBLISHED[:2]}
_FIRST, _ALONE = "NER head first, then both", "NER head alone"
_AT_ONCE = "both at once, "
_WAYS = {"3B": _ALONE, "head first": _FIRST}
_SCORES = {"accuracy": "sentence accuracy", "ner_f1": "NER F1"}
_RIVALS = (f"{_AT_ONCE}3e-4", f"{_AT_ONCE}2e-5", _ALONE)


def run_table(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return accuracy and NER F1 in per cent, steps and seconds, one row per run."""
    rows = {
        name: {
            "accuracy, %": round(100 * (run.scores.accuracy or 0), 1),
            "NER F1, %": round(100 * (run.scores.ner_f1 or 0), 1),
            "steps": run.steps,
            "seconds": round(run.seconds["total"], 1),
        }
        for name, run in runs.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def recorded_ways() -> pd.DataFrame:
    """Return the recorded ways to add names to a finished sentence head, in per cent.

    `arm` is the way in words; training both at once has its learning rate behind.
    """
    runs = study_table(studies_folder() / "one_head_frozen")
    rates = [f"{rate:.0e}".replace("e-0", "e-") for rate in runs.backbone_lr]
    at_once = pd.Series(rates, runs.index).radd(_AT_ONCE)
    runs["arm"] = runs.arm.map(_WAYS).where(runs.arm != "3A", at_once)
    runs[list(_SCORES)] = 100 * runs[list(_SCORES)].astype(float)
    return runs[runs.arm.notna() & runs.corpus.isin(_CORPORA)]


def show_ways(runs: pd.DataFrame, corpus: str) -> Picture:
    """Draw sentence accuracy against NER F1 after stage two, one point per way."""
    own = runs[runs.corpus == corpus]
    found = summarise(own, by=["arm"])
    joined = sorted(arm for arm in found.arm if arm.startswith(_AT_ONCE))
    found = found.set_index("arm").loc[[*_WAYS.values(), *_by_rate(joined)]]
    found.index = found.index.str.removeprefix(_AT_ONCE)
    joined, found = [at.removeprefix(_AT_ONCE) for at in joined], found.reset_index()
    seeds = own.seed.nunique()
    title = (
        f"Names added to a finished sentence head, {_CORPORA[corpus]}, {seeds} seeds"
    )
    figure, axes = new_figure(
        title,
        across="sentence accuracy, % (right is better)",
        up="NER F1, % (up is better)",
        height=4.2,
    )
    axes.set_xlim(found.accuracy.min() - 12, 117)  # room for names beside the points
    axes.set_xticks(range(60, 101, 10))
    draw_points(axes, found, x="accuracy", y="ner_f1", joined=joined)
    note = "both at once,\nby the backbone's learning rate"
    axes.text(0.03, 0.25, note, transform=axes.transAxes, color=JOINED[0])
    told = "; ".join(
        f"{r.arm} {r.accuracy:.1f}, {r.ner_f1:.1f}" for r in found.itertuples()
    )
    alt = f"Points with intervals. {title}: accuracy across, NER F1 up, in %. {told}."
    return show_figure(figure, alt)


def ways_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the NER head first minus other ways, in points, one row per way."""
    return pd.DataFrame(
        {
            f"{shown}, {words}": {
                f"minus {rival}": mean_and_interval(
                    _gaps(runs, corpus, rival, score), sign="+"
                )
                for rival in _RIVALS
            }
            for corpus, shown in _CORPORA.items()
            for score, words in _SCORES.items()
        }
    )


def ways_sentence(runs: pd.DataFrame) -> str:
    """Say what the NER head first keeps and finds on SNIPS, against both others."""
    alone = {score: _gaps(runs, "snips", _ALONE, score).mean() for score in _SCORES}
    at_once = _gaps(runs, "snips", _RIVALS[0], "accuracy").mean()
    return (
        f"On SNIPS, training the NER head first and then both gave "
        f"{alone['ner_f1']:.0f} points more NER F1 than the NER head alone, for "
        f"{-alone['accuracy']:.1f} points of accuracy; both at once, with the same "
        f"learning rate, lost {at_once:.0f} more points of accuracy."
    )


def heads_first_gaps() -> pd.DataFrame:
    """Return heads first minus everything at once where both tasks train, in points."""
    studies = studies_folder()
    found = [
        compare_arms(
            studies / "further",
            corpus,
            "head first",
            "none_frozen",
            beside=studies / "transfer",
        ).assign(corpus=shown)
        for corpus, shown in _STARTS.items()
    ]
    table = pd.concat(found, ignore_index=True)
    ends = ["difference", "low", "high"]
    table[ends] = 100 * table[ends].astype(float)
    return table


def heads_first_table() -> pd.DataFrame:
    """Return `heads_first_gaps` in words: one row per corpus and size."""
    table = heads_first_gaps()
    table["said"] = [
        f"{r.difference:+.1f} ({r.low:+.1f} to {r.high:+.1f})"
        for r in table.itertuples()
    ]
    wide = table.pivot(index=["corpus", "train_size"], columns="score", values="said")
    return wide[list(_SCORES)].rename(columns=_SCORES).rename_axis(columns=None)


def _by_rate(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: float(name.removeprefix(_AT_ONCE)))


def _gaps(
    runs: pd.DataFrame, corpus: str, rival: str, score: str
) -> "pd.Series[float]":
    """The NER head first minus another way, one value per seed that both have."""
    own = runs[runs.corpus == corpus].pivot(index="seed", columns="arm", values=score)
    return (own[_FIRST] - own[rival]).dropna()
