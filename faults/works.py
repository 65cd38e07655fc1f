"""Work that writes: what is killed, and what crowds do; and what each must leave."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from helpers import tiny
from helpers.site import Site
from helpers.studies import corpus_folder, stable

import mtlhelpers as mtl
from faults.models import answers, encoded_frozen, sound
from mtlhelpers.data.published import download
from mtlhelpers.data.published.registry import Publisher
from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.study.records.store import PACKED, pack_records
from mtlhelpers.study.running.pools import in_processes, on_cluster
from mtlhelpers.study.running.study import Study
from mtlhelpers.training import checkpoint

GRID = """threads = 1
[[block]]
arm = "frozen"
corpus = [{corpus}]
backbone = "{backbone}"
plan = {{ scenario = "backbone_frozen", seed = {seeds}, epochs = 2, batch_size = 8 }}
"""
LESSON = """# %% [markdown]
# # 00 · A small lesson
# %%
import time
# %%
time.sleep(0.2)
sum(range(10))
"""
FILES = 60  # that a publisher has


def prepare(room: Path, seeds: int = 3) -> None:
    """Make what all kinds of work need: a study, and an older model."""
    room.mkdir(exist_ok=True)
    corpus = corpus_folder(room / "corpus")
    backbone, numbers = sound()[2], list(range(seeds))
    text = GRID.format(corpus=corpus, backbone=backbone, seeds=numbers)
    (room / "study").mkdir()
    (room / "study" / "grid.toml").write_text(text)
    tiny.model(tiny.corpus(), seed=1).save(room / "model")


@cache
def finished(seeds: int = 3) -> Path:
    """The records of the study, run through."""
    room = Path(mkdtemp())
    prepare(room, seeds)
    list(Study(room / "study").run())
    return room / "study" / "records"


def save(room: Path) -> None:
    for _ in range(10):
        tiny.model(tiny.corpus()).save(room / "model")


def _not_saved(room: Path) -> str:
    if answers(mtl.SharedModel.load(room / "model")) != sound()[3]:
        return "another model"
    left = [path.name for path in (room / "model").iterdir()]
    return "" if len(left) == 1 else f"left behind: {left}"


def keep_features(room: Path) -> None:
    encoded, model = encoded_frozen()
    for layer in (1, 2, 3, 4):
        mtl.FeatureStore(room / "features").states(model, encoded, (layer,))


def _other_features(room: Path) -> str:
    encoded, model = encoded_frozen()
    fresh = mtl.FeatureStore().states(model, encoded, (4,))
    kept = mtl.FeatureStore(room / "features").states(model, encoded, (4,))
    return "" if bool((fresh.pieces == kept.pieces).all()) else "other states"


def train(room: Path) -> None:
    checkpoint.EVERY = 0.0  # after every step
    model, plan = tiny.model(tiny.corpus()), tiny.plan(epochs=8, select="accuracy")
    tiny.train(model, tiny.corpus(), plan, checkpoint=room / "checkpoint")
    model.provenance = None  # it says when
    model.save(room / "trained")


@cache
def _trained() -> str:
    room = Path(mkdtemp())
    train(room)
    return digest_tensors(mtl.SharedModel.load(room / "trained").state_dict())


def _other_training(room: Path) -> str:
    state = mtl.SharedModel.load(room / "trained").state_dict()
    return "" if digest_tensors(state) == _trained() else "other weights"


def study(room: Path) -> None:
    list(Study(room / "study").run())


def study_in_two(room: Path) -> None:
    list(Study(room / "study").run(pool=in_processes(2)))


def study_on_dask(room: Path) -> None:
    list(Study(room / "study").run(pool=on_cluster(_cluster())))


CLUSTER = """import distributed
where = dict(host="127.0.0.1", dashboard_address=None, n_workers=1)
if __name__ == "__main__":
    cluster = distributed.LocalCluster(threads_per_worker=1, **where)
    print(cluster.scheduler_address, flush=True)
    input()
"""


@cache
def _cluster() -> str:
    """The address of a Dask cluster in other processes, while this one lives."""
    script = Path(mkdtemp()) / "cluster.py"
    script.write_text(CLUSTER)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, script], text=True, **pipes)
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _other_study(room: Path) -> str:
    wanted = [(one["plan"], one["scores"]) for one in stable(finished().parent)]
    found = [(one["plan"], one["scores"]) for one in stable(room / "study")]
    return "" if found == wanted else f"{len(found)} records, or other scores"


def pack(room: Path) -> None:
    if not (room / "study" / "records").exists():
        shutil.copytree(finished(), room / "study" / "records")
    for _ in range(5):
        pack_records(room / "study")


def _not_packed(room: Path) -> str:
    there = (room / "study" / PACKED).is_file()
    return _other_study(room) if there else "not packed"


def compare(room: Path) -> None:
    ways = ["backbone_frozen", "none_frozen"]
    where = {"backbone": str(sound()[2]), "output": room / "compared", "device": "cpu"}
    chosen = {"scenarios": ways, "seeds": 1, "train_size": 12, "progress": False}
    mtl.compare(room / "corpus", None, **where, **chosen)


@cache
def _compared() -> tuple[list[object], list[str]]:
    room = Path(mkdtemp())
    corpus_folder(room / "corpus")
    compare(room)
    return _of_comparison(room)


def _of_comparison(room: Path) -> tuple[list[object], list[str]]:
    scores = [(one["plan"], one["scores"]) for one in stable(room / "compared")]
    mtl.SharedModel.load(room / "compared" / "model")
    return scores, sorted(path.name for path in (room / "compared").iterdir())


def _other_comparison(room: Path) -> str:
    return "" if _of_comparison(room) == _compared() else "another comparison"


class _Many(Publisher):
    digests = {
        f"{number}.txt": sha256(b"%d" % number * 9999).hexdigest()
        for number in range(FILES)
    }


@cache
def _publisher() -> tuple[Publisher, Site]:
    """Many files, on a server on loopback."""
    publisher, root = _Many("many", "owner/repo", "c0ffee", "", "", (), dict), mkdtemp()
    folder = Path(root) / publisher.repository / publisher.commit
    folder.mkdir(parents=True)
    for number in range(FILES):
        (folder / f"{number}.txt").write_bytes(b"%d" % number * 9999)
    return publisher, Site(Path(root))


def fetch(room: Path) -> None:
    for flag in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ.pop(flag, None)
    os.environ |= {"MTLHELPERS_CACHE": str(room / "cache"), "no_proxy": "127.0.0.1"}
    publisher, site = _publisher()
    download.fetch_files(publisher, site.url, 30.0, 60.0)


def _other_files(room: Path) -> str:
    folder = room / "cache" / "corpora" / "many" / "c0ffee"
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in _own(folder)}
    return "" if found == _Many.digests else f"other files: {sorted(found)}"


def _own(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def build_lesson(room: Path) -> None:
    from course.build import build

    os.environ["JUPYTER_RUNTIME_DIR"] = str(room / "runtime")
    source = room / "00_small.py"
    source.write_text(LESSON)
    build(source, room / "lessons", "00_small")


@cache
def _lesson() -> dict[str, bytes]:
    room = Path(mkdtemp())
    build_lesson(room)
    return _contents(room / "lessons")


def _contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _other_lesson(room: Path) -> str:
    return "" if _contents(room / "lessons") == _lesson() else "another lesson"


def build_site(room: Path) -> None:
    from report.web.assemble import publish

    source = room / "pages"
    source.mkdir(exist_ok=True)
    (source / "conf.py").write_text("extensions = ['myst_nb']\n")
    (source / "index.md").write_text("# Pages\n\n```{toctree}\none\ntwo\n```\n")
    for name in ("one", "two"):
        (source / f"{name}.md").write_text(f"# Page {name}\n\n" + "A line.\n\n" * 500)
    publish(source, room / "site")


@cache
def _pages() -> dict[str, bytes]:
    room = Path(mkdtemp())
    build_site(room)
    return {k: v for k, v in _contents(room / "site").items() if k.endswith(".html")}


def _other_site(room: Path) -> str:
    found = _contents(room / "site")
    pages = {name: found[name] for name in found if name.endswith(".html")}
    return "" if pages == _pages() else "other pages"


class Work(NamedTuple):
    """Something that writes into a room."""

    do: Callable[[Path], None]
    wrong: Callable[[Path], str]  # in words what is not as after work nobody killed
    share: int  # of a hundred cases
    needs: str = "mtlhelpers"  # the package without which it is left out
    ready: Callable[[], object] = sound  # what its processes share, made before


WORKS = [
    Work(save, _not_saved, 14),
    Work(keep_features, _other_features, 14, ready=encoded_frozen),
    Work(train, _other_training, 16),
    Work(study, _other_study, 12),
    Work(pack, _not_packed, 14, ready=finished),
    Work(fetch, _other_files, 12, ready=_publisher),
    Work(compare, _other_comparison, 5),
    Work(study_in_two, _other_study, 5),
    Work(build_lesson, _other_lesson, 3, "nbclient"),
    Work(study_on_dask, _other_study, 3, "distributed", _cluster),
    Work(build_site, _other_site, 2, "sphinx"),
]
HERE = [work for work in WORKS if find_spec(work.needs)]
# The first turn has one of each.
TURNS = [work for turn in range(16) for work in HERE if turn < work.share]
