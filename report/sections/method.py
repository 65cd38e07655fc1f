"""What was compared, and how: corpora, settings, rule, seconds."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Any

from mtlhelpers.data.published.registry import PUBLISHERS
from mtlhelpers.study.protocol import CONFIDENCE, MARGINS, TRANSFER
from mtlhelpers.study.records.record import Record
from mtlhelpers.study.verdicts.evidence import RESAMPLES
from report.facts import EVERYTHING, FROZEN, Facts
from report.words import corpus_name

TUNING = ("transfer_tuning", "further_tuning")
TIMED = (300, 3_000)  # sentences
TUNED = ("epochs", "backbone_lr", "head_lr", "layers")


def section(facts: Facts) -> dict[str, Any]:
    """Return what the section says of corpora, settings, rule and seconds."""
    return {
        "corpora": [corpus(facts, name) for name in TRANSFER],
        "confidence": 100 * CONFIDENCE,
        "margins": {name: 100 * value for name, value in MARGINS.items()},
        "resamples": RESAMPLES,
        "tuning_runs": sum(len(facts.records(study)) for study in TUNING),
        "edges": edges(facts),
        "seconds": list(seconds(facts)),
        "timed": TIMED,
        "machine": facts.records(FROZEN.study)[0]["environment"],
    }


def corpus(facts: Facts, name: str) -> dict[str, Any]:
    """Return a row on a corpus: whose it is, and how many sentences."""
    own = [one for one in facts.records(FROZEN.study) if one["corpus"] == name]
    scores = own[0]["scores"]
    parts = [part.split("-")[0] for part in name.removesuffix("+2000").split("+")]
    known = [PUBLISHERS[part] for part in parts if part in PUBLISHERS]
    licences = [one.licence for one in known] or ["CC BY 4.0"]
    return {
        "name": corpus_name(name),
        "labelled": scores["labelled_sentences"],
        "tagged": scores["tagged_sentences"],
        "spans": scores["spans"],
        "largest": max(one["plan"]["train_size"] for one in own),
        "majority": 100 * scores["majority_accuracy"],
        "licence": ", ".join(dict.fromkeys(licences)),
    }


def edges(facts: Facts) -> dict[str, dict[str, int]]:
    """Count, by setting, how often the chosen value was the least or most offered.

    Over both ways, every corpus and both sizes that were tuned.
    """
    offered: defaultdict[tuple[Any, ...], set[Any]] = defaultdict(set)
    for record in facts.records(TUNING[0]):
        for setting, value in _settings(record):
            offered[*_place(record), setting].add(value)
    chosen = {
        (*_place(record), setting): value
        for record in facts.records(FROZEN.study)
        for setting, value in _settings(record)
    }
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"edge": 0, "all": 0})
    for place, value in chosen.items():
        values = offered.get(place, set())
        if len(values) > 1 and value in values:
            found[place[-1]]["all"] += 1
            found[place[-1]]["edge"] += value in (min(values), max(values))
    return dict(found)


def _place(record: Record) -> tuple[Any, ...]:
    return record["arm"], record["corpus"], record["plan"]["train_size"]


def _settings(record: Record) -> Iterator[tuple[str, float]]:
    for setting in TUNED:
        value = record["plan"][setting]
        if isinstance(value, int | float):
            yield setting, value


def seconds(facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield, by way and corpus, how many parameters train and the seconds it takes."""
    names = {FROZEN.arm: "heads on a frozen backbone", EVERYTHING.arm: "everything"}
    for side in (EVERYTHING, FROZEN):
        for name in TRANSFER:
            own = facts.evidence.studies.of(side, name)
            took = [
                [
                    one["seconds"]["total"]
                    for one in own
                    if one["plan"]["train_size"] == n
                ]
                for n in TIMED
            ]
            yield {
                "way": names[side.arm],
                "corpus": corpus_name(name),
                "trainable": own[0]["trainable_parameters"],
                "took": [median(times) for times in took],
            }
