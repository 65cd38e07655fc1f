"""Runs cases in child processes that may hang, crash or eat memory, and goes on.

Children are forked from a process that has imported everything, so each starts at once.
"""

import ctypes
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

from faults.case import LOST, Attack, Result, judged

PR_SET_PDEATHSIG = 1  # of Linux: told to end when its parent ends
MEMORY = 10 * 2**30  # bytes of addresses that a child may take


def run_here(
    name: str, attack: Attack, seed: int, numbers: Sequence[int], out: int
) -> None:
    """In a child: carry cases out one after the other, two lines of JSON on each."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in numbers:
        room = Path(tempfile.mkdtemp(prefix="faults-"))
        try:
            case = attack.draw(Random(f"{seed} {name} {number}"), room, number)
            os.write(out, f"{json.dumps([number, case.what])}\n".encode())
            os.write(out, f"{json.dumps(judged(number, case))}\n".encode())
        finally:
            shutil.rmtree(room, ignore_errors=True)


def run_beside(
    name: str, attack: Attack, seed: int, numbers: Sequence[int], lanes: int
) -> list[Result]:
    """Carry cases out in so many lanes at once; results by number."""
    shares = [share for at in range(lanes) if (share := numbers[at::lanes])]
    if attack.alone or len(shares) < 2:
        return list(run_apart(name, attack, seed, numbers))
    with ProcessPoolExecutor(lanes, get_context("fork")) as pool:
        tasks = [pool.submit(_share, name, attack, seed, one) for one in shares]
        return sorted(result for task in tasks for result in task.result())


def _share(
    name: str, attack: Attack, seed: int, numbers: Sequence[int]
) -> list[Result]:
    return list(run_apart(name, attack, seed, numbers))


def run_apart(
    name: str, attack: Attack, seed: int, numbers: Sequence[int]
) -> Iterator[Result]:
    """Carry cases out in children; one that hangs or dies counts as lost."""
    left = list(numbers)
    while left:
        inlet, outlet = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()  # so that what it starts ends with it
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            _be_silent()
            try:
                run_here(name, attack, seed, left, outlet)
            finally:
                os._exit(0)
        os.close(outlet)
        try:
            for result in _results(inlet, left, attack.seconds):
                yield result
                left.remove(result.number)
        finally:
            os.close(inlet)
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (until the end)


def _results(inlet: int, numbers: Sequence[int], seconds: float) -> Iterator[Result]:
    lines = _lines(inlet, seconds)
    for number in list(numbers):
        what = "being drawn"
        for line in lines:
            found = json.loads(line)
            if len(found) > 2:
                yield Result(*found)
                break
            what = found[1]
        else:
            why = f"its process died, or was silent for {seconds:g} s"
            yield Result(number, what, LOST, why)
            return


def _lines(inlet: int, seconds: float) -> Iterator[bytes]:
    """Lines from a pipe, until it ends or is silent for so long."""
    rest, until = b"", time.monotonic() + seconds
    while select.select([inlet], [], [], max(0, until - time.monotonic()))[0]:
        read = os.read(inlet, 65_536)
        if not read:
            return
        *whole, rest = (rest + read).split(b"\n")
        yield from whole
        until = time.monotonic() + seconds
