"""Full and read-only disks, and a machine without a home, under every writer."""

import errno
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

from helpers import tiny

import mtlhelpers as mtl
from faults.case import RIGHT, Case
from faults.models import answers, encoded_frozen, sound
from faults.works import finished, prepare
from mtlhelpers.cli import main
from mtlhelpers.data.cache import cache_folder
from mtlhelpers.study.running.study import Study


def _save(room: Path) -> str:
    tiny.model(tiny.corpus()).save(room / "model")
    return RIGHT


def _features(room: Path) -> str:
    encoded, model = encoded_frozen()
    fresh = mtl.FeatureStore().states(model, encoded, (4,))
    kept = mtl.FeatureStore(room / "features").states(model, encoded, (4,))
    return RIGHT if bool((fresh.pieces == kept.pieces).all()) else "other states"


def _study(room: Path) -> str:
    list(Study(room / "study").run())
    return RIGHT


def _pack(room: Path) -> str:
    Study(finished().parent).pack()
    return RIGHT


def _card(room: Path) -> str:
    where = ["--output", str(room / "answers.jsonl")]
    (room / "asked.txt").write_text("play songs\n")
    arguments = ["predict", str(sound()[0]), str(room / "asked.txt"), *where]
    return RIGHT if main(arguments) in (0, 2) else "another status"


WRITERS: list[Callable[[Path], str]] = [_save, _features, _study, _pack, _card]


def _full(room: Path) -> None:
    """No file may grow beyond a few bytes: as on a full disk, without a mount."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def _readonly(room: Path) -> None:
    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        path, mode = (arguments + ("", ""))[:2]
        opens = event == "open" and bool(set(str(mode)) & set("wxa+"))
        writes = opens or event == "os.mkdir"
        if writes and str(path).startswith(str(room)):
            raise OSError(errno.EROFS, "Read-only file system", str(path))

    import sys

    sys.addaudithook(refuse)  # root may write anywhere, whatever the modes say


def _homeless(room: Path) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "MTLHELPERS_CACHE"):
        os.environ.pop(name, None)
    os.environ["HOME"] = "/nonexistent/home"
    cache_folder()


TROUBLES = [_full, _readonly, _homeless]
COUNT = len(WRITERS) * len(TROUBLES)


def disks(_: Random, room: Path, number: int) -> Case:
    """One writer in one kind of trouble: an `OSError` that says where, or done."""
    write = WRITERS[number % len(WRITERS)]
    trouble = TROUBLES[number // len(WRITERS) % len(TROUBLES)]

    def act() -> str:
        prepare(room)
        finished(), encoded_frozen()
        inlet, outlet = os.pipe()
        child = os.fork()  # limits and hooks cannot be taken back
        if child == 0:
            os.write(outlet, _tried(room, trouble, write).encode()[:4000])
            os._exit(0)
        os.waitpid(child, 0)
        said = os.read(inlet, 4000).decode()
        loaded = answers(mtl.SharedModel.load(room / "model"))
        done = loaded == sound()[3]
        older = loaded == answers(tiny.model(tiny.corpus(), seed=1).eval())
        if not (done or older):
            return "the older model is gone"
        return said

    return Case(f"{write.__name__.strip('_')}, {trouble.__name__.strip('_')}", act)


def _tried(
    room: Path, trouble: Callable[[Path], None], write: Callable[[Path], str]
) -> str:
    trouble(room)
    try:
        return write(room)
    except (mtl.MTLError, OSError) as error:  # each names what could not be written
        named = str(room) in str(error) or str(finished().parent) in str(error)
        return RIGHT if named else f"{type(error).__name__}: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
