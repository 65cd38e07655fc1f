"""What of a study is done and left, how long that takes, and the lines that say so."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.store import read_with_faults
from mtlhelpers.study.running.pools import HandOut, in_processes, on_cluster
from mtlhelpers.study.running.study import Study
from mtlhelpers.training.plan import Plan

UNKNOWN = "unknown"
WHOLE = 10_000  # sentences, where a plan takes all that there are


class Took(NamedTuple):
    """What a run took."""

    passes: int  # sentences trained with, each as often as it was
    training: float  # seconds of the last stage
    rest: float  # seconds of all else: scoring, measures, an earlier stage


@dataclass
class Pace:
    """How long recorded runs took, by arm, corpus and size."""

    _seen: dict[tuple, list[Took]] = field(default_factory=lambda: defaultdict(list))

    def note(self, record: dict[str, Any]) -> None:
        """Learn from a record."""
        training = record["seconds"]["total"]
        job = Job.of(record)
        took = Took(_passes(job.plan), training, seconds_of(record) - training)
        for where in _places(job):
            self._seen[where].append(took)

    def expect(self, job: Job) -> float | None:
        """Seconds, from runs of the same arm, corpus and size; else of any size, else
        of any corpus. Training counts by the sentences that pass, the rest as it is.
        None where the arm has no run."""
        for where in _places(job):
            if seen := self._seen.get(where):
                passes, training, rest = (sum(column) for column in zip(*seen))
                return training / passes * _passes(job.plan) + rest / len(seen)
        return None

    def tell(self, jobs: Iterable[Job], at_once: float = 1.0) -> str:
        """How long these jobs will take with so many under way at once, in words."""
        expected = [self.expect(job) for job in jobs]
        known = [seconds for seconds in expected if seconds is not None]
        if not known and expected:
            return UNKNOWN
        lead = "about" if len(known) == len(expected) else "at least"
        return f"{lead} {in_words(sum(known) / at_once)}"


def _places(job: Job) -> list[tuple]:
    """Where a run like this one may have been seen, the most alike first."""
    where = job.arm, job.corpus, job.plan.train_size
    return [where[:known] for known in (3, 2, 1)]


def _passes(plan: Plan) -> int:
    sentences = plan.train_size or WHOLE
    return sentences * plan.resolve(sentences).epochs


def seconds_of(record: dict[str, Any]) -> float:
    """All that a run took; of older records without its scoring."""
    return record["seconds"].get("whole", record["seconds"]["total"])


def in_words(seconds: float) -> str:
    """Seconds as a reader counts them."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def run_lines(
    study: Study, hand_out: HandOut | None = None, bar: bool = False
) -> Iterator[str]:
    """Run what is left; a line for each run, one for what is left, one for the pack."""
    records, faults = read_with_faults(study.folder)
    yield from (f"damaged, to be made again: {fault}" for fault in faults)
    pace = Pace()
    for record in records:
        pace.note(record)
    left = study.left()
    total, worked, start = len(left), 0.0, time.perf_counter()
    with _bar(total, bar) as shown:
        shown.set_postfix_str(f"{pace.tell(left.values())} left")
        for number, record in enumerate(study.run(bar, hand_out), start=1):
            pace.note(record)
            worked += seconds_of(record)
            left.pop(record["id"], None)
            # Work done by the clock: as many as have been at it, whatever they are.
            at_once = worked / (time.perf_counter() - start)
            shown.set_postfix_str(f"{pace.tell(left.values(), at_once)} left")
            shown.update()
            took = in_words(seconds_of(record))
            yield f"{number}/{total} {record['id']} {Job.of(record)}: {took}"
    yield f"{len(study.jobs())} runs declared, {len(study.left())} left"
    yield f"packed {study.pack()}"


def status_lines(study: Study) -> Iterator[str]:
    """What is done and left by arm and corpus, and for how long; what is damaged."""
    records, faults = read_with_faults(study.folder)
    pace = Pace()
    for record in records:
        pace.note(record)
    jobs, left = study.jobs(), study.left()
    rows = [("arm", "corpus", "done", "left", "time left")]
    for where in dict.fromkeys((job.arm, job.corpus) for job in jobs.values()):
        own = [key for key, job in jobs.items() if (job.arm, job.corpus) == where]
        ahead = [left[key] for key in own if key in left]
        done = len(own) - len(ahead)
        told_time = pace.tell(ahead) if ahead else ""
        rows.append((*where, str(done), str(len(ahead)), told_time))
    yield from _table(rows)
    yield from (f"damaged, to be made again: {fault}" for fault in faults)
    rest = f"; one after another: {pace.tell(left.values())}" if left else ""
    yield f"{len(jobs)} runs declared, {len(left)} left{rest}"


def _bar(total: int, shown: bool) -> tqdm:
    layout = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} runs [{elapsed}{postfix}]"
    return tqdm(total=total, disable=not shown, leave=False, bar_format=layout)


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a table: names to the left, numbers to the right."""
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for arm, corpus, done, left, rest in rows:
        line = f"{arm:{wide[0]}}  {corpus:{wide[1]}}  {done:>{wide[2]}}"
        yield f"{line}  {left:>{wide[3]}}  {rest}".rstrip()


def study_lines(
    action: str,
    folder: Path,
    *,
    corpora: Collection[str] = (),
    jobs: int = 1,
    cluster: str | None = None,
    bar: bool = False,
) -> Iterator[str]:
    """Do one of "run", "status", "pack" and "choose" with the study in a folder.

    Args:
        action: which one.
        folder: of the study.
        corpora: only the runs on these, where any are named.
        jobs: how many runs at once, on this machine.
        cluster: the address of a Dask scheduler whose workers do the runs.
        bar: whether to show a progress bar.

    Raises:
        StudyError: where the study cannot go on; the message says why.
    """
    study = Study(folder, corpora)
    if action == "run":
        yield from run_lines(study, _way(jobs, cluster), bar)
    elif action == "status":
        yield from status_lines(study)
    elif action == "pack":
        yield f"packed {study.pack()}"
    else:
        raise StudyError(
            f"`study choose` has moved to the clone: python -m studies.choose {folder}"
        )


def _way(jobs: int, cluster: str | None) -> HandOut | None:
    """Who does the runs; None: this process, one after another."""
    if cluster:
        return on_cluster(cluster)
    return in_processes(jobs) if jobs > 1 else None
