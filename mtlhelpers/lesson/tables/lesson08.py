"""Scores of training a part of the backbone: of live runs, and of recorded ones.

Lesson: 08_training_a_part; deep dive: famous_tables.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mtlhelpers.study.records.tables import study_table
from mtlhelpers.training.run import Run

# What a reader calls it: its study, and its arm there.
_RECORDED = {
    "heads alone": ("transfer", "backbone_frozen"),
    "layer norms": ("parts", "layernorm"),
    "biases": ("parts", "bitfit"),
    "LoRA": ("parts", "lora"),
    "last three layers": ("further", "top half"),
    "everything": ("transfer", "none_frozen"),
}
_SCORES = {"accuracy": "labels", "ner_f1": "names"}
_SIZES, _SEEDS = (300, 3000), 5  # sentences; seeds from 0


def entity_scores(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return a row per run, in per cent; precision and recall are those of entities."""
    return pd.DataFrame({name: _scores(run) for name, run in runs.items()}).T


def _scores(run: Run) -> dict[str, str]:
    right, said = sum(run.outcomes.correct_spans), sum(run.outcomes.predicted_spans)
    shares = {
        "accuracy": run.scores.accuracy or 0.0,
        "NER F1": run.scores.ner_f1 or 0.0,
        "precision": right / max(1, said),
        "recall": right / max(1, sum(run.outcomes.true_spans)),
    }
    return {name: f"{100 * share:.1f}" for name, share in shares.items()}


def recorded_parts(studies: Path, corpus: str = "snips+2000") -> pd.DataFrame:
    """Return mean scores in per cent over five seeds: a row per way that has them.

    A column per score and size, as "names, 3,000".
    """
    rows = {}
    for way, (study, arm) in _RECORDED.items():
        if (folder := studies / study).is_dir():
            runs = study_table(folder)
            runs = runs[(runs.arm == arm) & (runs.corpus == corpus)]
            runs = runs[(runs.seed < _SEEDS) & runs.train_size.isin(_SIZES)]
            if len(runs) == _SEEDS * len(_SIZES):
                rows[way] = _row(runs)
    return pd.DataFrame(rows).T


def _row(runs: pd.DataFrame) -> dict[str, str]:
    means = 100 * runs.groupby("train_size")[list(_SCORES)].mean()
    return {
        f"{name}, {size:,}": f"{means[score][size]:.1f}"
        for score, name in _SCORES.items()
        for size in _SIZES
    }
