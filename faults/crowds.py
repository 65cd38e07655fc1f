"""Eight processes at once on one study, model, feature folder and file of records."""

import os
import time
from functools import cache
from pathlib import Path
from random import Random

from helpers import tiny
from helpers.studies import stable

import mtlhelpers as mtl
from faults import works
from faults.case import RIGHT, Case
from faults.kills import litter
from faults.models import answers, encoded_frozen, sound
from mtlhelpers.study.records.store import PACKED
from mtlhelpers.study.running.study import Study

CROWD = 8
SECONDS = 6.0  # that one crowd is at work: fifty of them take five minutes
SEEDS = 16  # runs of the study


def _run(room: Path) -> None:
    for _ in Study(room / "study").run():
        return  # one run, then something else


def _pack(room: Path) -> None:
    Study(room / "study").pack()


def _save(room: Path) -> None:
    tiny.model(tiny.corpus()).save(room / "model")


def _load(room: Path) -> None:
    if answers(mtl.SharedModel.load(room / "model")) not in (sound()[3], _older()):
        raise AssertionError("a model that nobody saved")


@cache
def _older() -> list[object]:
    return answers(tiny.model(tiny.corpus(), seed=1).eval())


def _features(room: Path) -> None:
    encoded, model = encoded_frozen()
    layer = os.getpid() % 4 + 1
    mtl.FeatureStore(room / "features").states(model, encoded, (layer,))


ACTS = [_run, _pack, _save, _load, _features]


def _work(room: Path, seed: str) -> None:
    random, until = Random(seed), time.monotonic() + SECONDS
    while time.monotonic() < until:
        random.choice(ACTS)(room)


def crowds(random: Random, room: Path, number: int) -> Case:
    """What eight processes do for some seconds, in any order, is as if one did it."""
    seeds = [f"{number} {random.random()}" for _ in range(CROWD)]

    def act() -> str:
        works.prepare(room, SEEDS)
        wanted = [(one["plan"], one["scores"]) for one in stable(_alone())]
        _load(room), encoded_frozen()
        children = [_started(room, seed) for seed in seeds]
        if any(os.waitpid(child, 0)[1] for child in children):
            return (room / "error").read_text()
        works.save(room)
        works.keep_features(room)
        list(Study(room / "study").run())
        Study(room / "study").pack()
        found = [(one["plan"], one["scores"]) for one in stable(room / "study")]
        if found != wanted:
            return f"{len(found)} records of {SEEDS}, or other scores"
        (room / "study" / PACKED).stat()
        others = [work.wrong(room) for work in works.HERE[:2]]  # model, hidden states
        return next(filter(None, others), "") or litter(room) or RIGHT

    return Case(f"{CROWD} at once for {SECONDS:g} s", act)


def _alone() -> Path:
    return works.finished(SEEDS).parent


def _started(room: Path, seed: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            _work(room, seed)
            os._exit(0)
        except BaseException as error:
            (room / "error").write_text(f"{type(error).__name__}: {error}")
            os._exit(1)
    return child
