"""Processes that carry out chains of jobs: of this machine, or of a Dask cluster."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, RLock, Thread
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.record import Record
from mtlhelpers.study.records.store import write_record
from mtlhelpers.study.running.queue import Chain, Locks

if TYPE_CHECKING:
    from mtlhelpers.study.running.worker import Worker

AHEAD = 256  # chains that a cluster is given at once: room for workers that come later
WRITING = Lock()  # held while this process writes a record


@dataclass(frozen=True)
class Pool:
    """Processes that carry out chains, each one chain at a time."""

    opened: Callable[[], AbstractContextManager[Executor]]
    task: Callable[[Path, Chain, str], list[Record]]
    ahead: int  # chains that are handed out at once

    def carry_out(
        self, folder: Path, chains: Iterator[Chain], device: str
    ) -> Iterator[tuple[Chain, list[Record]]]:
        """Hand chains out, and yield each with its records as it comes back.

        Takes the next chain only when it can be handed out.
        """
        with self.opened() as executor:
            pending: dict[Future[list[Record]], Chain] = {}
            while True:
                for chain in islice(chains, self.ahead - len(pending)):
                    task = executor.submit(self.task, folder.resolve(), chain, device)
                    pending[task] = chain
                if not pending:
                    return
                for task in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield pending.pop(task), task.result()


def in_processes(number: int) -> Pool:
    """Return a pool of `number` processes of this machine."""

    @contextmanager
    def opened() -> Iterator[Executor]:
        context = get_context("spawn")  # torch's threads do not outlive a fork
        stop, going = context.Pipe(duplex=False)
        executor = ProcessPoolExecutor(number, context, _begin, (stop,))
        with stop, executor, going:  # closed in turn from the last
            try:
                with _signals_held():
                    for _ in range(number):  # starts one, as no other is idle yet
                        executor.submit(int)
                yield executor
            except BrokenProcessPool as error:
                raise StudyError(
                    "a worker process was killed, perhaps for lack of memory; records "
                    "so far are whole: run the same command again, with fewer --jobs"
                ) from error

    return Pool(opened, carry_out_chain, number)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Within it signals to end wait; processes that start in it never hear of them.

    What goes to a whole group, as Ctrl-C does, is for the first process of it alone.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    ends = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(stop: Connection) -> None:
    """Make this process ready to work, and to end with the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_at, args=(stop,), daemon=True).start()


def _end_at(stop: Connection) -> None:
    """End this process once the other end of a pipe is closed, or its owner gone."""
    with suppress(EOFError, OSError):
        stop.recv_bytes()
    with WRITING:  # a record is whole, and leaves no half of it behind
        os._exit(1)


def on_cluster(address: str) -> Pool:
    """Return a pool of the workers of a Dask cluster.

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

    @contextmanager
    def opened() -> Iterator[Executor]:
        connect: Any = distributed.Client  # has no types
        try:
            client = connect(address, set_as_default=False)
        except (OSError, ValueError) as error:
            raise StudyError(
                f"no Dask scheduler answers at {address}: {error}"
            ) from error
        with client:
            client.wait_for_workers(1)
            try:
                yield client.get_executor(pure=False)
            except (distributed.KilledWorker, CancelledError) as error:
                why = (str(error) or "cancelled").splitlines()[0]
                raise StudyError(
                    f"the cluster gave up ({why}); records so far are whole: run the "
                    f"same command again"
                ) from error

    return Pool(opened, carry_out_chain_on_cluster, AHEAD)


def carry_out_chain_on_cluster(folder: Path, chain: Chain, device: str) -> list[Record]:
    """Carry out a chain, unless this process would have to do two at once."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads != 1:
        raise StudyError(
            f"worker {worker.address} would carry out {worker.state.nthreads} runs in "
            f"one process, whose threads and random numbers are not for sharing: start "
            f"workers with --nthreads 1"
        )
    return carry_out_chain(folder, chain, device)


def carry_out_chain(folder: Path, chain: Chain, device: str) -> list[Record]:
    """Carry out a chain for the process that has its lock.

    Where the lock is seen from here, so is the study's folder: each record is written
    into it as it comes, so that nothing is lost if either process ends.
    """
    sees_folder = Locks(folder).path(chain.name).exists()
    records = []
    for key, job in chain.jobs.items():
        records.append(_own_worker(device).carry_out(key, job))
        if sees_folder:
            # Of a full disk the other process tells, which tries again.
            with suppress(OSError), WRITING:
                write_record(folder, records[-1])
    return records


@cache
def _own_worker(device: str) -> "Worker":
    """This process's: it serves all chains that the process is given."""
    # Here, so that a process that begins hears within a moment that its owner is gone:
    # torch takes seconds to load.
    import torch

    from mtlhelpers.study.running.worker import Worker

    tqdm.set_lock(RLock())  # its own is a semaphore, which an abrupt end leaves behind
    return Worker(torch.device(device))
