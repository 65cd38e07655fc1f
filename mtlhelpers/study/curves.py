"""What recorded runs say of two arms, size by size: differences and where they cross.

Lesson: 07_limited_vs_sufficient_data.
"""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mtlhelpers.study.arms import (
    Pairs,
    by_size,
    groups_of_test,
    pair,
    select,
    shared_ids,
)
from mtlhelpers.study.crossover import Crossover, crossover
from mtlhelpers.study.records import read_records
from mtlhelpers.study.redrawing import Score, seed_differences
from mtlhelpers.study.statistics import Difference, paired_difference

SCORED: tuple[Score, ...] = ("accuracy", "ner_f1")


def compare_arms(
    folder: str | Path,
    corpus: str,
    first: str = "backbone_frozen",
    second: str = "none_frozen",
    beside: str | Path | None = None,
) -> pd.DataFrame:
    """The first arm minus the second on one corpus: one row a score and training size.

    `beside` is the study of the second arm, where that is not the first one's.

    Columns: `score`, `train_size`, what `paired_difference` gives (`difference`, `low`,
    `high`, `seed_error` and `test_error`, all from -1 to 1, and `seeds`, how many both
    arms have), and `ids` of the records. A size at which the arms share fewer than two
    seeds is left out.
    """
    rows = []
    pairs = _pairs((folder, first), (beside or folder, second), corpus)
    groups = groups_of_test(corpus, pairs)
    for size, (one, other) in pairs.items():
        for score in SCORED:
            found = paired_difference(one.outcomes, other.outcomes, groups, score)
            at = {"score": score, "train_size": size}
            rows.append(at | asdict(found) | {"ids": shared_ids(one, other)})
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
    pairs = _pairs((folder, first), (folder, second), corpus)
    if len(pairs) < 2:
        return None
    groups = groups_of_test(corpus, pairs)
    return crossover(
        {
            size: seed_differences(one.outcomes, other.outcomes, groups, score)
            for size, (one, other) in pairs.items()
        }
    )


def _pairs(
    first: tuple[str | Path, str], second: tuple[str | Path, str], corpus: str
) -> Pairs:
    """Two arms, each with the folder of its study, on a corpus."""
    return pair(
        *(
            by_size(select(read_records(Path(folder))[0], corpus, arm))
            for folder, arm in (first, second)
        )
    )
