"""What limits the answers, in numbers: shared runs, choices of settings, a near tie."""

from collections import defaultdict
from typing import Any

from mtlhelpers.study.protocol import PUBLISHED
from mtlhelpers.study.records.record import Record
from report.facts import FEW, FROZEN, MANY, Facts
from report.sections import choosing
from report.words import corpus_name

OVERFITTING, CEILING = "2.3", "2.5"  # statements judged by the central comparison
ADDING = ("further_tuning", "3A", "snips+2000", 3_000)  # study, arm, corpus, sentences
RATES = ("backbone_lr", "head_lr")


def section(facts: Facts) -> dict[str, Any]:
    """Return what the list of limits says."""
    behind = facts.behind()
    runs = (one for study in facts.studies for one in facts.records(study))
    backbones = {one["backbone"] for one in runs if one["id"] in behind}
    return {
        "backbones": sorted({b.removeprefix("random:") for b in backbones}),
        "linear": all(linear(one) for one in facts.records(FROZEN.study)),
        "shared": all(
            resting_on(facts, one) <= resting_on(facts, FEW) | resting_on(facts, MANY)
            for one in (OVERFITTING, CEILING)
        ),
        "chosen": chosen(facts),
        "tie": tie(facts),
        "names_lag": all(gap.loss > 0 for gap in names(facts)),
        "corpora": len({gap.corpus for gap in names(facts)}),
    }


def linear(run: Record) -> bool:
    """Return whether both heads of a run are one linear map each."""
    return not run["plan"].get("heads")


def names(facts: Facts) -> list[Any]:
    """Return the differences in names with few sentences and with all there are."""
    both = (gap for claim in (FEW, MANY) for gap in facts.primary(claim))
    return [gap for gap in both if gap.task == "ner"]


def resting_on(facts: Facts, claim: str) -> set[str]:
    """Return the ids of the runs that decide a statement."""
    return {key for one in facts.decisions(claim) for key in one.records}


def chosen(facts: Facts) -> dict[str, float]:
    """Return how far another choice of settings moves a difference, and a seed does.

    In points, at most over corpora and tasks: the other tuning seed chooses, and the
    whole half of an interval.
    """
    moved = [abs(one["moved"]) for one in choosing.section(facts)["rows"]]
    halves = [(gap.high - gap.low) / 2 for gap in facts.primary(FEW, PUBLISHED)]
    return {"moved": max(moved), "half": max(halves)}


def tie(facts: Facts) -> dict[str, Any]:
    """Return by how much the chosen rates of an added task lead the second on
    validation, and how much more of the labels they lose on test, both in points."""
    study, arm, corpus, size = ADDING
    tried: defaultdict[tuple[float, ...], list[Record]] = defaultdict(list)
    for run in facts.records(study):
        if (run["arm"], run["corpus"], run["plan"]["train_size"]) == (
            arm,
            corpus,
            size,
        ):
            tried[tuple(run["plan"][key] for key in RATES)].append(run)
    ranked = sorted(tried.values(), key=validation, reverse=True)
    first, second = ranked[:2]
    return {
        "corpus": corpus_name(corpus),
        "lead": 100 * (validation(first) - validation(second)),
        "lost": 100 * (accuracy(second) - accuracy(first)),
    }


def validation(runs: list[Record]) -> float:
    """Return what settings are chosen by: the mean of both scores over seeds."""
    return sum(map(choosing.validation, runs)) / len(runs)


def accuracy(runs: list[Record]) -> float:
    """Return the mean accuracy on test."""
    return sum(float(run["scores"]["accuracy"]) for run in runs) / len(runs)
