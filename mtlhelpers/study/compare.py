"""Every scenario on one corpus, seed by seed: the rows of `compare`.

Backbone passes are shared: a frozen backbone runs once over a sentence, whatever the
number of epochs, seeds and scenarios that look at it.
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pandas as pd

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.model.device import choose_device
from mtlhelpers.model.scenarios import HEADS, SCENARIOS, WHOLE_PARTS
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.store import FeatureStore
from mtlhelpers.training.loop import train
from mtlhelpers.training.run import Run
from mtlhelpers.training.stage import plan_for

SCORE_COLUMNS = {
    "accuracy": "accuracy",
    "ner_f1": "NER F1",
    "exact_match": "exact match",
}


def compare_lines(
    name: str,
    backbone: str,
    *,
    train_size: int | None = None,
    seeds: Sequence[int] = (0,),
    scenarios: Sequence[str] = (),
    device: str = "auto",
    path: Path | None = None,
    bar: bool = False,
) -> Iterator[str]:
    """Compare the scenarios on a corpus; lines about it, each run, and the summary.

    Writes the rows to `path` after each run. Without `scenarios` those of whole parts
    run. Raises `ValueError` for one that needs a task more, or a missing device.
    """
    if path:
        check_writable(path)
    corpus = _corpus_for(scenarios, name)
    yield f"{corpus.describe()}\n"
    rows: list[dict[str, Any]] = []
    try:
        for row in compare_scenarios(
            corpus,
            backbone,
            train_size=train_size,
            seeds=seeds,
            scenarios=scenarios or WHOLE_PARTS,
            device=device,
            progress=bar,
        ):
            rows.append(row)
            yield f"{row['scenario']}, seed {row['seed']}: {row['train_seconds']:.1f} s"
            if path:
                write_rows(path, rows)
    except (Exception, KeyboardInterrupt):
        if rows:
            yield f"\n{summary(rows)}"
        raise
    yield f"\n{summary(rows)}"


def _corpus_for(scenarios: Sequence[str], name: str) -> Corpus:
    corpus = load_corpus(name)
    if unfit := sorted(set(scenarios) - set(runnable(corpus, scenarios))):
        raise ValueError(f"{corpus.name} has one task: {', '.join(unfit)} needs two")
    return corpus


def compare_scenarios(
    corpus: Corpus,
    backbone: str,
    *,
    train_size: int | None = None,
    seeds: Sequence[int] = (0,),
    scenarios: Sequence[str] = WHOLE_PARTS,
    device: str = "auto",
    progress: bool = True,
) -> Iterator[dict[str, Any]]:
    """Yield one row per seed and scenario, as soon as it has run.

    Scenarios that train a head which the corpus has no task for are left out.
    """
    store, chosen = FeatureStore(), choose_device(device)
    for seed in seeds:
        for scenario in runnable(corpus, scenarios):
            model = SharedModel.from_backbone(
                backbone, corpus.labels, corpus.tags, seed=seed
            ).to(chosen)
            plan = plan_for(scenario, corpus, train_size=train_size, seed=seed)
            run = train(model, corpus, plan, store=store, progress=progress)
            yield row_of(run)


def runnable(corpus: Corpus, scenarios: Sequence[str]) -> list[str]:
    """The scenarios that mean something here: freezing one of two heads needs two."""
    both = len(corpus.tasks) == 2
    heads = set(HEADS.values())
    return [s for s in scenarios if both or len(heads & {*SCENARIOS[s].train}) != 1]


def row_of(run: Run) -> dict[str, Any]:
    """A run as one row: scores from 0 to 1, None where a task is absent."""
    return {
        "scenario": str(run.plan.scenario),
        "seed": run.plan.seed,
        "total_parameters": run.total_parameters,
        "trainable_parameters": run.trainable_parameters,
        **{name: getattr(run.scores, name) for name in SCORE_COLUMNS},
        **{f"{name}_before": getattr(run.before, name) for name in SCORE_COLUMNS},
        "train_seconds": run.seconds["total"],
        "frozen_max_change": run.proof.max_change,
    }


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the rows as JSON; the file is whole at every moment.

    JSON has no infinity: where something frozen moved, `frozen_max_change` is null.
    """
    whole = [{key: _finite(value) for key, value in row.items()} for row in rows]
    text = json.dumps(whole, indent=1, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8"))


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_writable(path: Path) -> None:
    """Raise `OSError` naming the path where it cannot be written; make its folder."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error}") from error


def summary(rows: list[dict[str, Any]]) -> str:
    """A readable table, one line per scenario: mean ± standard deviation over seeds."""
    titles = "".join(f"{title:>15}" for title in SCORE_COLUMNS.values())
    lines = [
        f"{'scenario':34}{'trainable':>12}{titles}{'seconds':>9}{'frozen moved':>14}"
    ]
    for scenario, own in pd.DataFrame(rows).groupby("scenario", sort=False):
        scores = "".join(f"{_mean_and_spread(own[name]):>15}" for name in SCORE_COLUMNS)
        lines.append(
            f"{scenario:34}{own['trainable_parameters'].iloc[0]:>12,}{scores}"
            f"{own['train_seconds'].mean():>9.1f}{own['frozen_max_change'].max():>14}"
        )
        before = [_mean_and_spread(own[f"{name}_before"]) for name in SCORE_COLUMNS]
        if set(before) != {"-"}:
            scores = "".join(f"{one:>15}" for one in before)
            lines.append(f"{'  before its last stage':34}{'':>12}{scores}")
    return "\n".join(lines)


def _mean_and_spread(values: "pd.Series[Any]") -> str:
    points = values.astype(float).dropna() * 100
    if points.empty:
        return "-"
    spread = f" ± {points.std():.1f}" if len(points) > 1 else ""
    return f"{points.mean():.1f}{spread}"
