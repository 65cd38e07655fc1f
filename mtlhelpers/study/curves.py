"""What recorded runs say of two arms, size by size: differences and where they cross.

Lesson: 07_limited_vs_sufficient_data.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mtlhelpers.data.corpora import STUDIED, load_corpus
from mtlhelpers.data.publishers import PUBLISHERS
from mtlhelpers.study.crossover import Crossover, crossover
from mtlhelpers.study.records import read_records, unpack_outcomes
from mtlhelpers.study.redrawing import Score, seed_differences
from mtlhelpers.study.statistics import Difference, paired_difference
from mtlhelpers.training.scores import Outcomes

SCORED: tuple[Score, ...] = ("accuracy", "ner_f1")


class Recorded(NamedTuple):
    """The runs of one arm at one size: test outcomes and record ids, by seed."""

    outcomes: dict[int, Outcomes]
    ids: dict[int, str]


Pairs = dict[int, tuple[Recorded, Recorded]]


def compare_arms(
    folder: str | Path,
    corpus: str,
    first: str = "backbone_frozen",
    second: str = "none_frozen",
) -> pd.DataFrame:
    """The first arm minus the second on one corpus: one row a score and training size.

    Columns: `score`, `train_size`, what `paired_difference` gives (`difference`, `low`,
    `high`, `seed_error` and `test_error`, all from -1 to 1, and `seeds`, how many both
    arms have), and `ids` of the records. A size at which the arms share fewer than two
    seeds is left out.
    """
    rows = []
    pairs = _pairs(folder, corpus, first, second)
    groups = _test_groups(corpus, pairs)
    for size, (one, other) in pairs.items():
        for score in SCORED:
            found = paired_difference(one.outcomes, other.outcomes, groups, score)
            shared = sorted(one.ids.keys() & other.ids.keys())
            ids = tuple(arm.ids[seed] for arm in (one, other) for seed in shared)
            rows.append(
                {"score": score, "train_size": size, **asdict(found), "ids": ids}
            )
    columns = ["score", "train_size", *Difference.__dataclass_fields__, "ids"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["score", "train_size"], ignore_index=True)


def find_crossover(
    folder: str | Path,
    corpus: str,
    score: Score,
    first: str = "backbone_frozen",
    second: str = "none_frozen",
) -> Crossover | None:
    """The training size at which the first arm's lead ends, by a score on one corpus.

    None while fewer than two sizes have two seeds of both arms.
    """
    pairs = _pairs(folder, corpus, first, second)
    if len(pairs) < 2:
        return None
    groups = _test_groups(corpus, pairs)
    return crossover(
        {
            size: seed_differences(one.outcomes, other.outcomes, groups, score)
            for size, (one, other) in pairs.items()
        }
    )


def _pairs(folder: str | Path, corpus: str, first: str, second: str) -> Pairs:
    """By training size, the runs of both arms where they share two seeds."""
    arms = [_recorded(folder, corpus, arm) for arm in (first, second)]
    return {
        size: (arms[0][size], arms[1][size])
        for size in sorted(arms[0].keys() & arms[1].keys())
        if len(arms[0][size].ids.keys() & arms[1][size].ids.keys()) > 1
    }


def _recorded(folder: str | Path, corpus: str, arm: str) -> dict[int, Recorded]:
    found: dict[int, Recorded] = defaultdict(lambda: Recorded({}, {}))
    for record in read_records(Path(folder))[0]:
        if (record["corpus"], record["arm"]) == (corpus, arm):
            plan = record["plan"]
            at = found[plan["train_size"]]
            at.outcomes[plan["seed"]] = unpack_outcomes(record["outcomes"])
            at.ids[plan["seed"]] = record["id"]
    return found


def _test_groups(corpus: str, pairs: Pairs) -> Sequence[str]:
    """The group of each test sentence.

    A published corpus names no groups, so each of its sentences is one; that much is
    known without the corpus, which a reader of records may not have.
    """
    if not pairs:
        return []
    if corpus not in (*PUBLISHERS, *STUDIED):
        return load_corpus(corpus).splits["test"]["group"][:]
    run = next(iter(next(iter(pairs.values()))[0].outcomes.values()))
    return [f"{number:06}" for number in range(len(run.label_right))]
