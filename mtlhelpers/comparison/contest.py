"""Carry out a comparison: which runs, in which order, for how long; each a record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import torch
from tqdm import tqdm

from mtlhelpers.comparison.budget import Clock, passes_of
from mtlhelpers.comparison.ways import BASELINE, OFFERED, Way
from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.folds import deal_folds
from mtlhelpers.model.device import choose_device
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.study.protocol import SCORE_OF
from mtlhelpers.study.records.record import Job, Record
from mtlhelpers.study.records.store import read_with_faults, write_record
from mtlhelpers.study.running.console import duration
from mtlhelpers.study.running.queue import writing_to
from mtlhelpers.study.running.worker import Worker
from mtlhelpers.training.stage import plan_for

_MODEL = "model"  # folder of the model that is kept
_BAR = "{desc} [{elapsed}{postfix}]"


@dataclass(frozen=True)
class Setup:
    """What is compared, on what, and how often.

    Attributes:
        train_size: sentences to train with; None: all.
        seeds: at most so many; with folds, so many rounds of them.
        folds: for cross-validation; 0: the corpus's own test split.
        budget: in seconds; None: until all seeds have run.
        keep: the task that was learned before; "" where both are learned.
    """

    corpus: Corpus
    ways: tuple[Way, ...]
    backbone: str = "minilm"
    train_size: int | None = None
    seeds: int = 10
    folds: int = 0
    budget: float | None = None
    keep: str = ""

    def corpora(self, seed: int) -> list[Corpus]:
        """Return the corpus, or those of all folds as the seed deals them."""
        if not self.folds:
            return [self.corpus]
        return deal_folds(self.corpus, self.folds, seed)

    @property
    def sentences(self) -> int:
        """How many a run is trained with."""
        if self.train_size:
            return self.train_size
        return len(self.corpora(0)[0].splits["train"])


@dataclass(frozen=True)
class Unit:
    """A way with one seed: one run, or one per fold. `size` is that of the curve."""

    way: Way
    seed: int
    size: int | None = None


@dataclass
class Contest:
    """A case at work. `runs` holds the records of each unit, one per fold."""

    case: Setup
    output: Path | None
    device: str = "auto"
    bar: bool = False
    runs: dict[Unit, list[Record]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.worker = Worker(choose_device(self.device))
        self.clock = Clock(self.case.budget)
        self.lacking = 0.0  # seconds that the first pair of seeds would take still
        self.unused = 0  # runs on record whose pair does not fit
        self.faults: list[str] = []
        self._recorded: dict[str, Record] = {}
        self._dealt: dict[int, list[Corpus]] = {}
        self._best = -1.0  # validation score of the model that is kept
        if self.output and self.output.is_dir():
            records, self.faults = read_with_faults(self.output)
            self._recorded = {record["id"]: record for record in records}

    @cached_property
    def pairs(self) -> list[list[int]]:
        """Seeds that are added together: two, or one round of folds."""
        seeds, step = range(self.case.seeds), 1 if self.case.folds else 2
        return [list(seeds[at : at + step]) for at in range(0, len(seeds), step)]

    def carry_out(self) -> Iterator[tuple[Unit, Record]]:
        """Yield each run once it is recorded, as long as the next ones fit the budget.

        The first pair of seeds goes way by way, and a way whose pair does not fit is
        left out; later pairs go over all ways that are in. Time alone decides.
        """
        self._prepare()
        first, *later = self.pairs
        with tqdm(disable=not self.bar, leave=False, bar_format=_BAR) as shown:
            ways = []
            for way in self.case.ways:
                units = [Unit(way, seed) for seed in first]
                if self._fits(units):
                    ways.append(way)
                    units += self._baseline(way)
                    for unit in units:
                        yield from self._run(unit, shown)
                else:
                    self.lacking += self._expect(units)
                    self.unused += self._count_recorded(units)
            for pair in later:
                units = [Unit(way, seed) for seed in pair for way in ways]
                alone = len(ways) < min(2, len(self.case.ways))  # nothing to compare
                if alone or not self._fits(units, self._reserve(ways)):
                    self.unused += self._count_recorded(units)
                    break
                for unit in units:
                    yield from self._run(unit, shown)

    def _baseline(self, way: Way) -> list[Unit]:
        """The run without training, beside the usual ways, after the first of them:
        that one reads the hidden states which both need."""
        unit = Unit(BASELINE, 0)
        beside = self.case.ways == OFFERED and way == OFFERED[0]
        return [unit] if beside and self._fits([unit]) else []

    def carry_out_curve(self, ways: Sequence[Way]) -> Iterator[tuple[Unit, Record]]:
        """Yield the runs of these ways on a third of the sentences, if they fit."""
        units = [Unit(way, seed, self.third) for seed in (0, 1) for way in ways]
        if self._has_curve and self._fits(units):
            with tqdm(disable=not self.bar, leave=False, bar_format=_BAR) as shown:
                for unit in units:
                    yield from self._run(unit, shown)

    @property
    def third(self) -> int:
        """A third of the training sentences."""
        return max(1, self.case.sentences // 3)

    @property
    def _has_curve(self) -> bool:
        case = self.case
        whole = not (case.folds or case.keep or case.corpus.disjoint)
        return whole and case.budget is not None

    def _prepare(self) -> None:
        corpus = self._corpora(0)[0]
        first = self._jobs(Unit(self.case.ways[0], 0))[0]
        passes_of(first.plan, corpus)  # refuses a size that cannot be taken
        model = SharedModel.from_backbone(
            self.case.backbone, corpus.labels, corpus.tags
        ).to(self.worker.device)
        self.clock.time_step(model, corpus)

    def _corpora(self, seed: int) -> list[Corpus]:
        key = seed if self.case.folds else 0
        if key not in self._dealt:
            self._dealt[key] = self.case.corpora(key)
            self.worker.corpora |= {one.name: one for one in self._dealt[key]}
        return self._dealt[key]

    def _jobs(self, unit: Unit) -> list[Job]:
        jobs = []
        for at, corpus in enumerate(self._corpora(unit.seed)):
            seed = unit.seed * max(1, self.case.folds) + at
            size = unit.size or self.case.train_size
            plan = plan_for(unit.way.scenario, corpus, train_size=size, seed=seed)
            # Nobody looks at a frozen head's task epoch by epoch here.
            plan = replace(plan, track=False)
            threads, where = torch.get_num_threads(), (corpus.name, self.case.backbone)
            jobs.append(Job(unit.way.scenario, *where, plan, threads, ("answers",)))
        return jobs

    def _expect(self, units: Sequence[Unit]) -> float:
        """Seconds of what is not recorded yet."""
        return sum(
            self.clock.expect(job.arm, job.plan, self.worker.corpora[job.corpus])
            for unit in units
            for job in self._jobs(unit)
            if self.worker.id_of(job) not in self._recorded
        )

    def _count_recorded(self, units: Sequence[Unit]) -> int:
        jobs = (job for unit in units for job in self._jobs(unit))
        return sum(self.worker.id_of(job) in self._recorded for job in jobs)

    def _fits(self, units: Sequence[Unit], reserve: float = 0.0) -> bool:
        expected = self._expect(units)
        return not expected or expected + reserve <= self.clock.left

    def _reserve(self, ways: Sequence[Way]) -> float:
        """Seconds to leave for the curve: of the two ways that cost most."""
        if not self._has_curve:
            return 0.0
        curve = [self._expect([Unit(way, 0, self.third)]) for way in ways]
        return 2 * sum(sorted(curve)[-2:])

    def _run(
        self, unit: Unit, shown: "tqdm[NoReturn]"
    ) -> Iterator[tuple[Unit, Record]]:
        for job in self._jobs(unit):
            left = self.clock.left
            shown.set_description_str(str(job))
            if self.case.budget is not None:
                shown.set_postfix_str(f"at most {duration(max(0.0, left))} left")
            record = self._record(job)
            self.runs.setdefault(unit, []).append(record)
            yield unit, record

    def _record(self, job: Job) -> Record:
        key, corpus = self.worker.id_of(job), self.worker.corpora[job.corpus]
        recorded = key in self._recorded
        if not recorded:
            made = self.worker.carry_out(key, job, self.bar)
            if self.output:
                with writing_to(self.output):
                    write_record(self.output, made)
                    self._keep_better(job, made)
            self._recorded[key] = made
        record = self._recorded[key]
        self.clock.note(record, passes_of(job.plan, corpus), recorded)
        return record

    def _keep_better(self, job: Job, record: Record) -> None:
        """Keep the first seed's model of the way that validation finds best so far."""
        scores = [record["validation"][SCORE_OF[task]] or 0.0 for task in SCORE_OF]
        first = job.plan.seed == 0 and job.plan.train_size == self.case.train_size
        if first and job.arm != BASELINE.scenario and sum(scores) > self._best:
            self._best = sum(scores)
            self._save()

    def keep_model(self, way: Way) -> Path | None:
        """Leave the first seed's model of a way in the folder; return where."""
        if not self.output:
            return None
        unit, folder = Unit(way, 0), self.output / _MODEL
        job, record = self._jobs(unit)[0], self.runs[unit][0]
        try:
            kept = SharedModel.load(folder).provenance or {}
        except (OSError, ValueError):
            kept = {}
        if kept.get("scores") != record["scores"]:
            self.worker.carry_out(record["id"], job, self.bar)
            self._save()
        return folder

    def _save(self) -> None:
        assert self.output and self.worker.model
        self.worker.model.save(self.output / _MODEL)
