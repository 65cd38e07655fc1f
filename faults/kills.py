"""SIGKILL at random moments, and the same work again: equal, and nothing is left."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from helpers import tiny
from helpers.studies import corpus_folder, stable

import mtlhelpers as mtl
from faults.case import RIGHT, Case
from faults.models import answers, encoded_frozen, sound
from mtlhelpers.study.records.store import PACKED, pack_records
from mtlhelpers.study.running.pools import in_processes
from mtlhelpers.study.running.study import Study
from mtlhelpers.training.features.disk import read_segment

GRID = """threads = 1
[[block]]
arm = "frozen"
corpus = [{corpus}]
backbone = {backbone}
plan = {{ scenario = "backbone_frozen", seed = [0, 1, 2], epochs = 2, batch_size = 8 }}
"""


def killed(work: Callable[[], object], seconds: float) -> None:
    """Start work in a process group, and kill its first process after so long."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@cache
def _seconds(work: Callable[[Path], object]) -> float:
    """How long some work takes when nobody kills it."""
    import tempfile

    room = Path(tempfile.mkdtemp())
    prepare(room, work)
    begun = time.monotonic()
    work(room)
    return time.monotonic() - begun


def prepare(room: Path, work: object = None) -> None:
    """What all kinds of work need: a study, and an older model."""
    corpus = corpus_folder(room / "corpus")
    text = GRID.format(corpus=corpus, backbone=repr(str(sound()[2])).replace("'", '"'))
    (room / "study").mkdir()
    (room / "study" / "grid.toml").write_text(text)
    tiny.model(tiny.corpus(), seed=1).save(room / "model")
    if work is _pack:
        shutil.copytree(finished(), room / "study" / "records")


def _save(room: Path) -> None:
    for _ in range(10):
        tiny.model(tiny.corpus()).save(room / "model")


def _features(room: Path) -> None:
    encoded, model = encoded_frozen()
    for layer in (1, 2, 3, 4):
        mtl.FeatureStore(room / "features").states(model, encoded, (layer,))


def _study(room: Path) -> None:
    list(Study(room / "study").run())


def _two(room: Path) -> None:
    list(Study(room / "study").run(pool=in_processes(2)))


def _pack(room: Path) -> None:
    for _ in range(5):
        pack_records(room / "study")


@cache
def finished() -> Path:
    """The records of the study, run through."""
    import tempfile

    room = Path(tempfile.mkdtemp())
    prepare(room)
    _study(room)
    return room / "study" / "records"


def _whole(room: Path, work: Callable[[Path], object]) -> str:
    """In words what is not as it is after work that nobody killed."""
    if work is _save:
        loaded = mtl.SharedModel.load(room / "model")
        if answers(loaded) != sound()[3]:
            return "another model"
        left = [path.name for path in (room / "model").iterdir()]
        return "" if len(left) == 1 else f"left behind: {left}"
    if work is _features:
        encoded, model = encoded_frozen()
        fresh = mtl.FeatureStore().states(model, encoded, (4,))
        kept = mtl.FeatureStore(room / "features").states(model, encoded, (4,))
        return "" if bool((fresh.pieces == kept.pieces).all()) else "other states"
    if work is _pack and not (room / "study" / PACKED).is_file():
        return "not packed"
    wanted = [(one["plan"], one["scores"]) for one in stable(finished().parent)]
    found = [(one["plan"], one["scores"]) for one in stable(room / "study")]
    return "" if found == wanted else f"{len(found)} records, or other scores"


WORK = [_save, _features, _study, _pack, _two]


def kills(random: Random, room: Path, number: int) -> Case:
    """Some work, killed up to three times, and then done."""
    work = WORK[number % len(WORK)]
    moments = [random.random() * 1.1 for _ in range(random.randint(1, 3))]

    def act() -> str:
        prepare(room, work)
        long = _seconds(work)
        for moment in moments:
            killed(lambda: work(room), moment * long)
            _check_half(room)
        work(room)
        return _whole(room, work) or RIGHT

    shown = ", ".join(f"{moment:.2f}" for moment in moments)
    return Case(f"{work.__name__.strip('_')} killed at {shown} of its time", act)


def _check_half(room: Path) -> None:
    """Whatever is there is whole; what is half written has a name of its own."""
    mtl.SharedModel.load(room / "model")
    if (room / "study" / "records").exists():
        stable(room / "study")
    for path in (room / "features").glob("*.safetensors"):
        read_segment(path)


def crowds(random: Random, room: Path, number: int) -> Case:
    """Four processes at once on one study, model folder or feature folder."""
    work = WORK[number % 4]

    def act() -> str:
        prepare(room, work)
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    work(room)
                    status = 0
                finally:
                    os._exit(status)
            children.append(child)
        ends = [os.waitpid(child, 0)[1] for child in children]
        if any(ends):
            return f"processes ended with {ends}"
        return _whole(room, work) or RIGHT

    return Case(f"four at once: {work.__name__.strip('_')}", act)
