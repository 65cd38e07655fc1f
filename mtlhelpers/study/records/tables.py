"""Records of a study as tables: a row per run or epoch, means with intervals.

Lesson: 04_backbone_frozen.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

from mtlhelpers.errors import InputError
from mtlhelpers.model.scenarios import Scenario
from mtlhelpers.study.records.record import Record
from mtlhelpers.study.records.store import read_records
from mtlhelpers.training.plan import METRICS

_NAMES = ("id", "arm", "corpus", "backbone")
SETTINGS = (
    "seed",
    "train_size",
    "epochs",
    "backbone_lr",
    "head_lr",
    "batch_size",
    "layers",
    "pooling",
    "standardise",
    "retention",
    "retention_strength",
)
MOMENTS = {
    "": "scores",
    "_before": "before",
    "_validation": "validation",
    "_train": "train_scores",
}
_COLUMNS = [
    *(*_NAMES, "scenario", *SETTINGS),
    *(score + moment for moment in (*MOMENTS, "_first_train") for score in METRICS),
    *("steps", "seconds", "step_seconds", "peak_memory", "trainable_parameters"),
    "frozen_max_change",
]


def study_table(folder: str | Path) -> pd.DataFrame:
    """Return one row per record of the study in `folder`, by corpus, arm and seed.

    Scores run from 0 to 1: on test, and the same `_before` the last stage, on
    `_validation`, on `_train` sentences of the last stage, and at the end of the stage
    before it on those of that one (`_first_train`). `seconds` are those of the last
    stage, `peak_memory` is in bytes. An empty table where nothing is recorded.
    Warns of each record that is damaged, and leaves it out.
    """
    rows = [_row(record) for record in read_records(Path(folder))]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    by = ["corpus", "arm", "backbone_lr", "head_lr", "train_size", "seed"]
    return table.sort_values(by, ignore_index=True)


def study_history(folder: str | Path) -> pd.DataFrame:
    """Return one row per epoch of each record that scored validation after each."""
    return pd.DataFrame(
        {
            **{key: record[key] for key in ("id", "arm", "corpus")},
            **{key: record["plan"][key] for key in ("seed", "backbone_lr")},
            **{key: entry[key] for key in ("epoch", *METRICS)},
        }
        for record in read_records(Path(folder))
        for entry in record["history"]
        if "accuracy" in entry
    )


def study_gradients(folder: str | Path) -> pd.DataFrame:
    """Return the cosine between both tasks' gradients: one row per part and record.

    Of the records that measured it (see running/probes.py). `part` is "embeddings" or
    "layer 1" and so on.
    """
    columns = ["id", "arm", "corpus", "train_size", "seed", "part", "cosine"]
    rows = [
        {
            **{key: record[key] for key in columns[:3]},
            **{key: record["plan"][key] for key in columns[3:5]},
            "part": f"layer {number}" if number else "embeddings",
            "cosine": cosine,
        }
        for record in read_records(Path(folder))
        for number, cosine in enumerate(
            record.get("measured", {}).get("gradient_cosines", ())
        )
    ]
    return pd.DataFrame(rows, columns=columns)


def summarise(
    table: pd.DataFrame,
    by: Sequence[str],
    scores: Sequence[str] = ("accuracy", "ner_f1"),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return mean and t interval over seeds of each group, with `seeds` and `ids`.

    The interval is `nan` where a group has one seed alone. Raises `ValueError` where a
    seed stands twice in a group: then `by` mixes runs of different kinds.
    """
    twice = table[table.duplicated([*by, "seed"])]
    if len(twice):
        row = twice.iloc[0]
        group = ", ".join(f"{name} {row[name]}" for name in by)
        raise InputError(
            f"seed {row['seed']} stands twice in the group {group}: group by whatever "
            f"else differs, or choose the rows of one kind first"
        )
    groups = table.astype(dict.fromkeys(scores, float)).groupby(
        list(by), sort=False, dropna=False
    )
    columns: dict[str, pd.Series[Any]] = {}
    for score in scores:
        own = groups[score]
        half = own.sem() * stats.t.ppf((1 + confidence) / 2, own.count() - 1)
        columns[score], columns[f"{score}_low"] = own.mean(), own.mean() - half
        columns[f"{score}_high"] = own.mean() + half
    columns |= {"seeds": groups["seed"].nunique(), "ids": groups["id"].agg(tuple)}
    return pd.DataFrame(columns).reset_index()


def _row(record: Record) -> dict[str, Any]:
    plan, seconds = record["plan"], record["seconds"]
    scores = {moment: record[key] for moment, key in MOMENTS.items()}
    scores["_first_train"] = (record["first"] or {}).get("train_scores")
    return {
        **{key: record[key] for key in _NAMES},
        "scenario": _scenario(plan["scenario"]),
        **{key: plan.get(key) for key in SETTINGS},
        "layers": tuple(plan["layers"]) if plan.get("layers") else None,
        **{
            score + moment: own and own.get(score)
            for moment, own in scores.items()
            for score in METRICS
        },
        "steps": record["steps"],
        "seconds": seconds["total"],
        "step_seconds": seconds.get("steps", 0.0) / max(1, record["steps"]),
        "peak_memory": record["peak_memory_bytes"],
        "trainable_parameters": record["trainable_parameters"],
        "frozen_max_change": math.inf if record["proof"]["moved"] else 0.0,
    }


def _scenario(stored: str | dict[str, Any]) -> str:
    return str(Scenario(**stored) if isinstance(stored, dict) else stored)
