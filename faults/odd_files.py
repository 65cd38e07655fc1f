"""Pipes, devices, sockets, loops of links and folders in the place of any input."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random

import mtlhelpers as mtl
from faults import models, studies
from faults.case import Case
from mtlhelpers.cli import main
from mtlhelpers.study.records import store
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.submit import submit_lines
from mtlhelpers.study.verdicts import claims
from mtlhelpers.study.verdicts.decisions import FILE, read_check


def _socket(path: Path) -> None:
    home = Path.cwd()
    os.chdir(path.parent)  # a socket's name has at most 107 bytes
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(home)


MAKERS: dict[str, Callable[[Path], object]] = {
    "a named pipe": os.mkfifo,
    "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/ptmx"),
    "a socket": _socket,
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to nothing": lambda path: path.symlink_to(path.with_name("nothing")),
    "a folder": lambda path: path.mkdir(),
}


def _corpus(room: Path, make: Callable[[Path], object], name: str) -> None:
    (room / "train.jsonl").write_text('{"text": "a b", "label": "x"}\n')
    (room / "test.jsonl").write_text('{"text": "a b c", "label": "x"}\n')
    (room / name).unlink(missing_ok=True)
    make(room / name)
    mtl.load_corpus(room)


def _file(room: Path, make: Callable[[Path], object], name: str) -> None:
    make(room / name)
    mtl.load_corpus(room / name)


def _model(room: Path, make: Callable[[Path], object], name: str) -> None:
    former = "/" in name or name.endswith("json")
    folder = shutil.copytree(models.sound()[1 if former else 0], room / "kept")
    (folder / name).unlink()
    make(folder / name)
    mtl.SharedModel.load(folder)


def _backbone(room: Path, make: Callable[[Path], object], name: str) -> None:
    folder = shutil.copytree(models.sound()[2], room / "kept")
    (folder / name).unlink()
    make(folder / name)
    mtl.SharedModel.from_backbone(str(folder), ["a"])


def _grid(room: Path, make: Callable[[Path], object], name: str) -> None:
    make(room / name)
    read_grid(room / name)


def _claims(room: Path, make: Callable[[Path], object], name: str) -> None:
    make(room / name)
    claims.read_claims(room / name)


def _checks(room: Path, make: Callable[[Path], object], name: str) -> None:
    (room / FILE).parent.mkdir()
    make(room / FILE)
    read_check(room, "1.1")
    raise mtl.MTLError(f"{room}: taken for none")


def _records(room: Path, make: Callable[[Path], object], name: str) -> None:
    (room / "records").mkdir()
    make(room / name)
    _, faults = store.read_with_faults(room)
    if faults:
        raise mtl.MTLError(faults[0])


def _submitted(room: Path, make: Callable[[Path], object], name: str) -> None:
    (room / "grid.toml").write_text(studies.GRID)
    make(room / name)
    list(submit_lines(room, room / name, rerun=False))


def _asked(room: Path, make: Callable[[Path], object], name: str) -> None:
    make(room / name)
    status = main(["predict", str(models.sound()[0]), str(room / name)])
    raise mtl.MTLError(f"{room}: status {status}" if status == 2 else f"{status}")


def _features(room: Path, make: Callable[[Path], object], name: str) -> None:
    encoded, model = models.encoded_frozen()
    mtl.FeatureStore(room).states(model, encoded, (2,))
    path = next(room.glob("*.safetensors"))
    path.unlink()
    make(path)
    mtl.FeatureStore(room).states(model, encoded, (2,))
    raise mtl.MTLError(f"{room}: computed again")


INPUTS: list[tuple[str, Callable[..., None], str]] = [
    ("file of sentences", _file, "a.jsonl"),
    ("file of sentences", _file, "a.parquet"),
    ("file of sentences", _file, "a.txt"),
    ("folder of sentences", _corpus, "train.jsonl"),
    ("folder of sentences", _corpus, "validation.jsonl"),
    ("saved model", _model, "shared_model.safetensors"),
    ("saved model", _model, "shared_model.json"),
    ("saved model", _model, "tokenizer/tokenizer.json"),
    ("backbone", _backbone, "config.json"),
    ("backbone", _backbone, "tokenizer.json"),
    ("backbone", _backbone, "model.safetensors"),
    ("grid", _grid, "grid.toml"),
    ("claims", _claims, "claims.toml"),
    ("fresh checks", _checks, "record.json"),
    ("records", _records, "records.parquet"),
    ("records", _records, "records.jsonl"),
    ("records", _records, "records/0123456789abcdef.json"),
    ("submitted records", _submitted, "given.jsonl"),
    ("submitted records", _submitted, "given.parquet"),
    ("sentences to predict", _asked, "asked.txt"),
    ("hidden states", _features, "x"),
]
COUNT = len(INPUTS) * len(MAKERS)


def odd_files(_: Random, room: Path, number: int) -> Case:
    """One input, and one thing in its place: all pairs, by their number."""
    kind, read, name = INPUTS[number // len(MAKERS) % len(INPUTS)]
    what, make = list(MAKERS.items())[number % len(MAKERS)]

    def act() -> str:
        read(room, make, name)
        return "it was read as if it were a file"

    return Case(f"{what} as {kind} ({name})", act, str(room))
