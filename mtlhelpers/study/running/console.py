"""What of a study is done and left, how long that takes, and the lines that say so."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tqdm import tqdm

from mtlhelpers.study.records.record import Job, Record, RecordedIds
from mtlhelpers.study.records.store import read_with_faults
from mtlhelpers.study.running.pools import in_processes, on_cluster
from mtlhelpers.study.running.study import Study
from mtlhelpers.training.plan import Plan

UNKNOWN = "unknown"
WHOLE = 10_000  # sentences, where a plan takes all that there are
BAR = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} runs [{elapsed}{postfix}]"


class Pace:
    """How long recorded runs took, by arm, corpus and size."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        # Of each run: sentences that passed, seconds of the last stage, of all else.
        self._runs: defaultdict[tuple[object, ...], list[tuple[float, float, float]]]
        self._runs = defaultdict(list)
        for record in records:
            self.note(record)

    def note(self, record: Record) -> None:
        """Learn from a record."""
        job, training = Job.of(record), record["seconds"]["total"]
        run = _passes(job.plan), training, seconds_of(record) - training
        for place in _places(job):
            self._runs[place].append(run)

    def expect(self, job: Job) -> float | None:
        """Return seconds from runs of the same arm, corpus and size; else of any size,
        else of any corpus; None where the arm has no run.

        Training counts by the sentences that pass, the rest as it is.
        """
        for place in _places(job):
            if runs := self._runs.get(place):
                passes, training, rest = (sum(column) for column in zip(*runs))
                again = training / passes * _passes(job.plan)
                return float(again + rest / len(runs))
        return None

    def in_words(self, jobs: Iterable[Job], at_once: float = 1.0) -> str:
        """Say how long these jobs will take with so many under way at once."""
        expected = [self.expect(job) for job in jobs]
        known = [seconds for seconds in expected if seconds is not None]
        if not known and expected:
            return UNKNOWN
        lead = "about" if len(known) == len(expected) else "at least"
        return f"{lead} {duration(sum(known) / at_once)}"


def _places(job: Job) -> list[tuple[object, ...]]:
    """Where a run like this one may have been seen, the most alike first."""
    place = job.arm, job.corpus, job.plan.train_size
    return [place[:known] for known in (3, 2, 1)]


def _passes(plan: Plan) -> int:
    sentences = plan.train_size or WHOLE
    return sentences * (plan.resolve(sentences).epochs or 0)


def seconds_of(record: Record) -> float:
    """Return all that a run took; of older records without its scoring."""
    seconds: dict[str, float] = record["seconds"]
    return seconds.get("whole", seconds["total"])


def duration(seconds: float) -> str:
    """Return seconds as a reader counts them."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def run_lines(
    study: Study, jobs: int = 1, cluster: str | None = None, bar: bool = False
) -> Iterator[str]:
    """Run what is left; a line for each run, one for all, one for the pack.

    `jobs` are run at once, or on the Dask `cluster` of that address; `bar` shows
    progress. Raises `StudyError` where the study cannot go on.
    """
    pool = in_processes(jobs) if jobs > 1 else None
    if cluster:
        pool = on_cluster(cluster)
    records, faults = read_with_faults(study.folder)
    yield from _damaged(faults)
    pace, left = Pace(records), study.left(records)
    total, worked, start = len(left), 0.0, time.perf_counter()
    with tqdm(total=total, disable=not bar, leave=False, bar_format=BAR) as shown:
        shown.set_postfix_str(f"{pace.in_words(left.values())} left")
        for number, record in enumerate(study.run(bar, pool, dict(left)), start=1):
            pace.note(record)
            worked += seconds_of(record)
            left.pop(record["id"])
            # Work done by the clock: as many as have been at it, whatever they are.
            at_once = worked / (time.perf_counter() - start)
            shown.set_postfix_str(f"{pace.in_words(left.values(), at_once)} left")
            shown.update()
            took = duration(seconds_of(record))
            yield f"{number}/{total} {record['id']} {Job.of(record)}: {took}"
    yield f"{len(study.jobs)} runs declared, 0 left"
    yield f"packed {study.pack()}"


def status_lines(study: Study) -> Iterator[str]:
    """What is done and left by arm and corpus, and for how long; what is damaged.

    Reads grid and records alone: corpora and backbones need not be here.
    """
    records, faults = read_with_faults(study.folder)
    pace, recorded = Pace(records), RecordedIds(records)
    jobs = {recorded.id_of(job): job for job in study.grid}
    left = {key: job for key, job in jobs.items() if key not in recorded.done}
    rows = [("arm", "corpus", "done", "left", "time left")]
    for place in dict.fromkeys((job.arm, job.corpus) for job in jobs.values()):
        own = [key for key, job in jobs.items() if (job.arm, job.corpus) == place]
        ahead = [left[key] for key in own if key in left]
        time_left = pace.in_words(ahead) if ahead else ""
        rows.append((*place, str(len(own) - len(ahead)), str(len(ahead)), time_left))
    yield from _table(rows)
    yield from _damaged(faults)
    rest = f"; one after another: {pace.in_words(left.values())}" if left else ""
    yield f"{len(jobs)} runs declared, {len(left)} left{rest}"


def _damaged(faults: Iterable[str]) -> Iterator[str]:
    return (f"damaged, to be made again: {fault}" for fault in faults)


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a table: names to the left, numbers to the right."""
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for arm, corpus, done, left, rest in rows:
        line = f"{arm:{wide[0]}}  {corpus:{wide[1]}}  {done:>{wide[2]}}"
        yield f"{line}  {left:>{wide[3]}}  {rest}".rstrip()
