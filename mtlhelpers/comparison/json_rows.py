"""The runs of a comparison as rows of JSON, and as a table for the terminal."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pandas as pd

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.errors import StorageError
from mtlhelpers.study.records.record import Record

SCORE_COLUMNS = {
    "accuracy": "accuracy",
    "ner_f1": "NER F1",
    "exact_match": "exact match",
}


def row_of(record: Record) -> dict[str, Any]:
    """A run as one row: scores from 0 to 1, None where a task is absent.

    JSON has no infinity: where something frozen moved, `frozen_max_change` is None.
    """
    return {
        "scenario": record["arm"],
        "seed": record["plan"]["seed"],
        "total_parameters": record["total_parameters"],
        "trainable_parameters": record["trainable_parameters"],
        **{name: record["scores"][name] for name in SCORE_COLUMNS},
        **{f"{name}_before": record["before"][name] for name in SCORE_COLUMNS},
        "train_seconds": record["seconds"]["total"],
        "frozen_max_change": None if record["proof"]["moved"] else 0.0,
    }


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows as JSON; the file is whole at every moment."""
    text = json.dumps(list(rows), indent=1, allow_nan=False)
    write_atomically(path, f"{text}\n".encode())


def check_writable(path: Path) -> None:
    """Raise `OSError` naming the path where it cannot be written; make its folder."""
    try:
        if path.is_dir():
            raise StorageError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error}") from error


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """A readable table, one line per scenario: mean ± standard deviation over seeds."""
    if not rows:
        return ""
    titles = "".join(f"{title:>15}" for title in SCORE_COLUMNS.values())
    lines = [
        f"{'scenario':34}{'trainable':>12}{titles}{'seconds':>9}{'frozen moved':>14}"
    ]
    for scenario, own in pd.DataFrame(rows).groupby("scenario", sort=False):
        scores = "".join(f"{mean_and_spread(own[n]):>15}" for n in SCORE_COLUMNS)
        moved = "0.0" if (own["frozen_max_change"] == 0).all() else "MOVED"
        lines.append(
            f"{scenario:34}{own['trainable_parameters'].iloc[0]:>12,}{scores}"
            f"{own['train_seconds'].mean():>9.1f}{moved:>14}"
        )
        if "_head_" in str(scenario):  # one head was trained in a stage before
            before = (mean_and_spread(own[f"{n}_before"]) for n in SCORE_COLUMNS)
            scores = "".join(f"{one:>15}" for one in before)
            lines.append(f"{'  before its last stage':34}{'':>12}{scores}")
    return "\n".join(lines)


def mean_and_spread(values: "pd.Series[Any]") -> str:
    """Return "98.1 ± 0.2" of shares, in percent; "-" where there are none."""
    points = values.astype(float).dropna() * 100
    if points.empty:
        return "-"
    spread = f" ± {points.std():.1f}" if len(points) > 1 else ""
    return f"{points.mean():.1f}{spread}"
