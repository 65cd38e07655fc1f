"""Records of a study as tables: one row a run, one row an epoch, means with intervals.

Lesson: 04_backbone_frozen.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from mtlhelpers.model.freezing import Scenario
from mtlhelpers.study.records.store import read_records

SCORES = ("accuracy", "macro_f1", "ner_f1", "exact_match")
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


def study_table(folder: str | Path) -> pd.DataFrame:
    """One row a record of the study in `folder`, sorted by corpus, arm and seed.

    Scores run from 0 to 1: on test, and the same `_before` the last stage, on
    `_validation`, on `_train` sentences of the last stage, and at the end of the stage
    before it on those of that one (`_first_train`). `seconds` are those of the last
    stage, `peak_memory` is in bytes. An empty table where nothing is recorded.
    Warns of each record that is damaged, and leaves it out.
    """
    rows = [_row(record) for record in read_records(Path(folder))]
    columns = list(_row(EMPTY))
    table = pd.DataFrame(rows, columns=columns)
    by = ["corpus", "arm", "backbone_lr", "head_lr", "train_size", "seed"]
    return table.sort_values(by, ignore_index=True)


def study_history(folder: str | Path) -> pd.DataFrame:
    """One row an epoch of each record that scored validation after every epoch."""
    return pd.DataFrame(
        {
            **{key: record[key] for key in ("id", "arm", "corpus")},
            **{key: record["plan"][key] for key in ("seed", "backbone_lr")},
            **{key: entry[key] for key in ("epoch", *SCORES)},
        }
        for record in read_records(Path(folder))
        for entry in record["history"]
        if "accuracy" in entry
    )


def study_gradients(folder: str | Path) -> pd.DataFrame:
    """The cosine between both tasks' gradients: one row a part of each backbone.

    Of the records that measured it (`gradient_cosines` in measures.py). `part` is
    "embeddings" or "layer 1" and so on.
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
    """Mean and t interval over seeds of each group; `seeds` and record `ids` beside.

    The interval is `nan` where a group has one seed alone. Raises `ValueError` where a
    seed stands twice in a group: then `by` mixes runs of different kinds.
    """
    twice = table[table.duplicated([*by, "seed"])]
    if len(twice):
        row = twice.iloc[0]
        group = ", ".join(f"{name} {row[name]}" for name in by)
        raise ValueError(
            f"seed {row['seed']} stands twice in the group {group}: group by whatever "
            f"else differs, or choose the rows of one kind first"
        )
    groups = table.groupby(list(by), sort=False, dropna=False)
    return pd.DataFrame(
        {
            **dict(zip(by, name)),
            **{k: v for score in scores for k, v in _mean(own, score, confidence)},
            "seeds": own["seed"].nunique(),
            "ids": tuple(own["id"]),
        }
        for name, own in groups
    )


def _mean(
    own: pd.DataFrame, score: str, confidence: float
) -> list[tuple[str, float | None]]:
    values = own[score].astype(float).dropna().to_numpy()
    mean = values.mean() if len(values) else np.nan
    low = high = np.nan
    if len(values) > 1:
        half = stats.sem(values) * stats.t.ppf((1 + confidence) / 2, len(values) - 1)
        low, high = mean - half, mean + half
    return [(score, mean), (f"{score}_low", low), (f"{score}_high", high)]


def _row(record: dict[str, Any]) -> dict[str, Any]:
    plan, seconds = record["plan"], record["seconds"]
    found = {key: record[key] for key in ("id", "arm", "corpus", "backbone")}
    found["scenario"] = _scenario(plan["scenario"])
    found |= {key: plan.get(key) for key in SETTINGS}
    found["layers"] = found["layers"] and tuple(found["layers"])
    moments = {moment: record[key] for moment, key in MOMENTS.items()}
    moments["_first_train"] = (record["first"] or {}).get("train_scores")
    for moment, scores in moments.items():
        found |= {score + moment: (scores or {}).get(score) for score in SCORES}
    return found | {
        "steps": record["steps"],
        "seconds": seconds.get("total"),
        "step_seconds": seconds.get("steps", 0.0) / max(1, record["steps"]),
        "peak_memory": record["peak_memory_bytes"],
        "trainable_parameters": record["trainable_parameters"],
        "frozen_max_change": record["proof"].get("max_change"),
    }


def _scenario(stored: str | dict[str, Any]) -> str:
    return str(Scenario(**stored) if isinstance(stored, dict) else stored)


EMPTY: dict[str, Any] = {
    **dict.fromkeys(("id", "arm", "corpus", "backbone"), ""),
    "plan": {"scenario": "none_frozen", "layers": None},
    "seconds": {},
    "proof": {},
    **dict.fromkeys(("scores", "before", "validation", "train_scores", "first")),
    **dict.fromkeys(("steps", "peak_memory_bytes", "trainable_parameters"), 0),
}
