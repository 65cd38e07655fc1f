"""What advice needs of the recorded runs: scores and seconds by way, corpus and size.

It ships with the package, so that advice needs no clone. `python -m studies.summary`
makes it from the records.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from mtlhelpers.study.protocol import EVERYTHING, FROZEN, SCORE_OF, Task
from mtlhelpers.study.records.arms import Runs, Studies, by_size
from mtlhelpers.study.records.record import Record, Side

SHIPPED = Path(__file__).with_name("recorded.json")
MOVING, STAYING = "sentence_head_frozen", "sentence_head_and_backbone_frozen"
# In studies/one_head_frozen all other ways have this rate of the backbone.
THEIR_RATE = (("backbone_lr", 3e-4),)

# Where each way was recorded: to learn both tasks from the pre-trained backbone,
FRESH: dict[str, tuple[Side, ...]] = {
    EVERYTHING: (Side("transfer", "none_frozen"), Side("parts", "none_frozen")),
    FROZEN: (Side("transfer", "backbone_frozen"),),
    "heads_first": (Side("parts", "heads_first"), Side("further", "head first")),
    "last_3_layers": (Side("parts", "last_3_layers"), Side("further", "top half")),
    **{
        name: (Side("parts", name),)
        for name in ("last_2_layers", "last_1_layers", "lora", "lora_qv", "bitfit")
    },
}
# and to learn NER beside a sentence head that has been trained.
KEEPING: dict[str, tuple[Side, ...]] = {
    STAYING: (Side("one_head_frozen", "3B"), Side("further", "3B")),
    MOVING: (Side("one_head_frozen", "3A", THEIR_RATE), Side("further", "3A")),
    f"{MOVING}, lwf": (Side("one_head_frozen", "lwf"), Side("further", "3A, lwf")),
    **{
        f"{MOVING}, {name}": (Side("one_head_frozen", name),)
        for name in ("replay 5 %", "replay 20 %", "l2sp", "ewc", "head first")
    },
}


@dataclass(frozen=True)
class Cell:
    """The runs of one way on one corpus at one size: they differ in their seeds."""

    way: str
    study: str
    corpus: str
    corpus_sha256: str
    backbone: str
    size: int  # training sentences (of each task, in a disjoint corpus)
    plan: Mapping[str, Any]  # of the first seed
    steps: int
    seeds: Sequence[int]
    ids: Sequence[str]
    scores: Mapping[str, Sequence[float]]  # on test, by score and seed, from 0 to 1
    kept: Sequence[float]  # accuracy after the last stage minus before it, by seed
    setup: float  # seconds before the first step, of the dearest run
    step: float  # seconds per step, the median
    words: float  # per test sentence

    def of(self, task: Task, seeds: Sequence[int]) -> list[float]:
        """Return the scores of these seeds, in their order."""
        return [self.scores[SCORE_OF[task]][self.seeds.index(seed)] for seed in seeds]

    def mean(self, task: Task) -> float:
        """Return the score over seeds."""
        scores = self.scores[SCORE_OF[task]]
        return sum(scores) / len(scores)


def shipped_cells() -> list[Cell]:
    """Read what ships with the package."""
    return [Cell(**one) for one in json.loads(SHIPPED.read_text(encoding="utf-8"))]


def recorded_cells(folder: str | Path) -> list[Cell]:
    """Make the cells from the records of the studies in a folder.

    Raises `StudyError` where it is not there.
    """
    studies = Studies.below(folder)
    return [
        cell
        for way, sides in (FRESH | KEEPING).items()
        for side in sides
        for cell in _cells(studies, way, side)
    ]


def cells_json(cells: Sequence[Cell]) -> str:
    """Write cells as `shipped_cells` reads them, one per line."""
    lines = ",\n".join(json.dumps(asdict(cell)) for cell in cells)
    return f"[\n{lines}\n]\n"


def _cells(studies: Studies, way: str, side: Side) -> Iterator[Cell]:
    """Those of an arm, where two seeds or more are recorded.

    Runs on all sentences, however many these were, are near to no number of them.
    """
    corpora = dict.fromkeys(run["corpus"] for run in studies.all(side.study))
    for corpus in sorted(corpora):
        for size, runs in sorted(
            (size, runs)
            for size, runs in by_size(studies.of(side, corpus)).items()
            if size is not None and len(runs) > 1
        ):
            yield _cell(way, side.study, size, runs)


def _cell(way: str, study: str, size: int, runs: Runs) -> Cell:
    seeds = sorted(runs)
    own = [runs[seed] for seed in seeds]
    first = own[0]
    return Cell(
        way,
        study,
        first["corpus"],
        first["corpus_sha256"],
        first["backbone"],
        size,
        first["plan"],
        first["steps"],
        seeds,
        [run["id"] for run in own],
        {
            score: [run["scores"][score] for run in own]
            for score in SCORE_OF.values()
            if first["scores"][score] is not None
        },
        [_kept(run) for run in own] if way in KEEPING else [],
        # Runs of one process share features: the dearest had to make its own.
        max(run["seconds"].get("setup", 0.0) for run in own),
        median(run["seconds"].get("steps", 0.0) / run["steps"] for run in own),
        first["scores"].get("words", 0) / first["scores"].get("tagged_sentences", 1),
    )


def _kept(run: Record) -> float:
    return float(run["scores"]["accuracy"] - run["before"]["accuracy"])
