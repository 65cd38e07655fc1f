"""Chains of jobs handed out to other processes, by joblib: here, or on a cluster."""

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from joblib import Parallel, delayed
from joblib._dask import DaskDistributedBackend
from joblib.externals.loky import process_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from mtlhelpers.study.errors import StudyError
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.running.queue import Chain, Locks
from mtlhelpers.study.running.worker import Worker

Record = dict[str, Any]
HandOut = Callable[[Path, Iterable[Chain]], Iterator[Record]]

AS_THEY_COME: Record = {"batch_size": 1, "return_as": "generator_unordered"}
AHEAD = 256  # chains that a cluster is given at once: room for workers that come later


def in_processes(number: int) -> HandOut:
    """Have so many processes of this machine carry out chains, one each at a time."""

    def hand_out(folder: Path, chains: Iterable[Chain]) -> Iterator[Record]:
        parallel = Parallel(
            number, backend="loky", pre_dispatch="n_jobs", **AS_THEY_COME
        )
        try:
            yield from _results(parallel, carry_out_chain, folder, chains)
        except TerminatedWorkerError as error:
            raise StudyError(
                "a worker process was killed, perhaps for lack of memory; records so "
                "far are whole: run the same command again, with fewer --jobs"
            ) from error

    return hand_out


def on_cluster(address: str) -> HandOut:
    """Have the workers of a Dask cluster carry out chains, one each at a time.

    Where a worker ends, another one gets its chain. Waits for the first worker. Raises
    `StudyError` where dask.distributed is not installed, where no scheduler answers,
    and where a chain ends every worker that it is given to.
    """
    try:
        import distributed
    except ImportError as error:
        raise StudyError(
            "--cluster needs dask.distributed: pip install distributed"
        ) from error

    def hand_out(folder: Path, chains: Iterable[Chain]) -> Iterator[Record]:
        with _connected(distributed.Client, address) as client:
            client.wait_for_workers(1)
            backend = _Cluster(client=client)
            parallel = Parallel(backend=backend, pre_dispatch=AHEAD, **AS_THEY_COME)
            try:
                yield from _results(parallel, _carry_out_on_cluster, folder, chains)
            except (distributed.KilledWorker, CancelledError) as error:
                why = str(error).splitlines()[0]
                raise StudyError(
                    f"the cluster gave up ({why}); records so far are whole: run the "
                    f"same command again"
                ) from error

    return hand_out


def carry_out_chain(folder: Path, chain: Chain) -> list[Record]:
    """Carry out a chain for the process that has it in hand, and return its records.

    Where this process sees the study's folder it writes each record as it comes too, so
    that nothing is lost if the other one ends; and it stops once nobody has the chain
    in hand any more.
    """
    records, locks = [], Locks(folder)
    sees_folder = locks.is_told(chain.name)
    for key, job in chain.jobs.items():
        if sees_folder and locks.is_deserted(chain.name):
            break
        records.append(_own_worker().carry_out(key, job))
        if sees_folder:
            with suppress(OSError):  # of a full disk the one who has it in hand tells
                write_record(folder, records[-1])
    return records


def _carry_out_on_cluster(folder: Path, chain: Chain) -> list[Record]:
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads != 1:
        raise StudyError(
            f"worker {worker.address} would carry out {worker.state.nthreads} runs in "
            f"one process, whose threads and random numbers are not for sharing: start "
            f"workers with --nthreads 1"
        )
    return carry_out_chain(folder, chain)


@cache
def _own_worker() -> Worker:
    """This process's: it serves all chains that the process is given."""
    # tqdm's own lock is a semaphore, which Ctrl-C would leave behind with a complaint.
    tqdm.set_lock(RLock())
    # What a worker keeps is no leak, though loky would end it for 300 MB of that.
    process_executor._MAX_MEMORY_LEAK_SIZE = math.inf
    return Worker()


def _results(
    parallel: Parallel,
    task: Callable[[Path, Chain], list[Record]],
    folder: Path,
    chains: Iterable[Chain],
) -> Iterator[Record]:
    """The records of all chains, chain by chain as they come back."""
    faults: list[OSError] = []

    def tasks() -> Iterator[tuple]:
        try:
            for chain in chains:
                yield delayed(task)(folder.resolve(), chain)
        except OSError as error:  # would end a thread of joblib's, and be lost
            faults.append(error)

    with _closing(parallel(tasks())) as results:
        for records in results:
            yield from records
    if faults:
        raise faults[0]


@contextmanager
def _closing(results: Iterator[list[Record]]) -> Iterator[Iterator[list[Record]]]:
    """Whatever happens, end what is still under way, without joblib's advice on it."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*still being processed", UserWarning)
            results.close()


def _connected(client: Callable, address: str) -> Any:
    try:
        return client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise StudyError(f"no Dask scheduler answers at {address}: {error}") from error


class _Cluster(DaskDistributedBackend):
    """joblib's backend, mended where joblib 1.6 does what a study cannot do with."""

    def effective_n_jobs(self, n_jobs: int) -> int:
        # Told of one worker, joblib would do the work itself, in this process.
        return max(2, super().effective_n_jobs(n_jobs))

    def submit(self, func: Callable, callback: Callable | None = None) -> Any:
        # Of a task that no worker survived, joblib would never hear, and wait for ever.
        found = super().submit(func, callback)
        found.add_done_callback(
            lambda done: done.exception() and callback(done.exception())
        )
        return found
