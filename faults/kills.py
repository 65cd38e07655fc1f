"""SIGKILL at random moments, and the same work again: equal, and nothing is left."""

import os
import signal
import time
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from helpers.studies import stable

import mtlhelpers as mtl
from faults.case import RIGHT, Case
from faults.works import TURNS, Work, prepare
from mtlhelpers.data.cache import STALE, is_temporary
from mtlhelpers.model.saving import read_contents
from mtlhelpers.training.features.disk import read_segment

MOMENTS = 2  # kills per case
GONE = 5.0  # seconds after which no process that was started is left
MARK = "FAULTS_ROOM"  # in the environment of all that some work starts


def _run(work: Work, room: Path, seconds: float | None) -> str:
    """Do work in a process of its own, and kill it after so long; None: wait for it."""
    child = os.fork()
    if child == 0:
        os.environ[MARK] = str(room)
        try:
            work.do(room)
            os._exit(0)
        except BaseException as error:
            (room / "error").write_text(f"{type(error).__name__}: {error}")
            os._exit(1)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return (room / "error").read_text() if os.WIFEXITED(status) and status else ""


def _still_there(room: Path) -> list[str]:
    """What some work has started, and is there some seconds after its end."""
    until, mark = time.monotonic() + GONE, f"{MARK}={room}\0".encode()
    while left := [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/environ")
        if mark in _content(path)
    ]:
        if time.monotonic() > until:
            break
        time.sleep(0.05)
    return left


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() + b"\0"
    except OSError:
        return b""


@cache
def _seconds(work: Work) -> float:
    """How long some work takes when nobody kills it."""
    room = Path(mkdtemp()) / "room"
    prepare(room)
    begun = time.monotonic()
    if failed := _run(work, room, None):
        raise AssertionError(failed)
    return time.monotonic() - begun


def kills(random: Random, room: Path, number: int) -> Case:
    """Some work, killed at two moments, and then done."""
    work = TURNS[number % len(TURNS)]
    moments = [random.random() * 1.1 for _ in range(MOMENTS)]

    def act() -> str:
        prepare(room)
        work.ready()
        long = _seconds(work)
        for moment in moments:
            if failed := _run(work, room, moment * long):
                return failed
            if left := _still_there(room):
                return f"processes are left: {left}"
            _check_half(room)
        for path in (*room.rglob(".*.mtl-tmp"), *room.rglob("tmp*")):
            os.utime(path, (time.time() - 2 * STALE,) * 2)  # an hour later
        failed = _run(work, room, None)
        return failed or work.wrong(room) or litter(room) or RIGHT

    shown = " and ".join(f"{moment:.2f}" for moment in moments)
    return Case(f"{work.do.__name__} killed at {shown} of its time", act)


def _check_half(room: Path) -> None:
    """Whatever is there is whole; what is half written has a name of its own."""
    for folder in (room / "model", room / "trained"):
        if (folder / "shared_model.safetensors").exists():
            mtl.SharedModel.load(folder)
    for folder in (room / "study", room / "compared"):
        if (folder / "records").exists():
            stable(folder)
    for path in (room / "features").glob("*.safetensors"):
        read_segment(path)
    for path in (room / "checkpoint").glob("*.safetensors"):
        read_contents(path)


def litter(room: Path) -> str:
    """What no whole work leaves: temporary files, parts and locks."""
    left = [
        str(path.relative_to(room))
        for path in room.rglob("*")
        if is_temporary(path) or path.suffix in (".lock", ".part")
    ]
    return f"left behind: {left}" if left else ""


COUNT = 100  # cases
