"""Parsers by name, each fed with bytes: what hypothesis and atheris attack."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from faults import parsers, studies
from faults.case import judged_text
from mtlhelpers.data.load import load_corpus, read_source
from mtlhelpers.errors import MTLError
from mtlhelpers.model.answers.inputs import READERS
from mtlhelpers.study.records import store
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.submit import submit_lines
from mtlhelpers.study.verdicts import claims
from mtlhelpers.study.verdicts.decisions import FILE, read_check
from mtlhelpers.training.plan import Plan


def _sentences(path: Path) -> None:
    read_source(str(path), faults=[])
    load_corpus(path)


def _asked(form: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        with path.open("rb") as file:
            list(READERS[form](file, str(path)))

    return read


def _plan(path: Path) -> None:
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):  # Python's own, before a plan is read
        return
    Plan.from_dict(value).resolve(100)


def _record(path: Path) -> None:
    _, faults = store.read_with_faults(path.parents[1])
    if vague := [fault for fault in faults if str(path) not in fault]:
        raise AssertionError(f"no place is named: {vague[0]}")


def _submitted(path: Path) -> None:
    (path.parent / "grid.toml").write_text(studies.GRID)
    list(submit_lines(path.parent, path, rerun=False))


def _check(path: Path) -> None:
    read_check(path.parents[1], "1.1")


# Where the bytes are put, and what reads them.
TARGETS: dict[str, tuple[str, Callable[[Path], None]]] = {
    **{end: (f"train.{end}", _sentences) for end in ("jsonl", "json", "csv", "tsv")},
    **{end: (f"train.{end}", _sentences) for end in ("conll", "parquet", "arrow")},
    **{f"asked {form}": ("asked", _asked(form)) for form in sorted(READERS)},
    "plan": ("plan.json", _plan),
    "grid": ("grid.toml", read_grid),
    "claims": ("claims.toml", claims.read_claims),
    "record": ("records/0123456789abcdef.json", _record),
    "submitted": ("given.jsonl", _submitted),
    "check": (str(FILE), _check),
}


def fed(name: str, content: bytes, room: Path) -> None:
    """Let a parser read bytes. Raises `AssertionError` for a refusal that is none."""
    place, read = TARGETS[name]
    path = room / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        read(path)
    except MTLError as error:
        named = {"plan": "", "claims": path.name}.get(name, str(room))
        if wrong := judged_text(str(error), named):
            raise AssertionError(wrong) from error


@cache
def examples(name: str) -> list[bytes]:
    """Sound contents to start from."""
    ends = [key for key in parsers.contents() if key.endswith(f".{name}")]
    if ends:
        return [parsers.contents()[key] for key in ends]
    found = {
        "plan": json.dumps(Plan(epochs=2, heads={"ner": "crf"}).to_dict()).encode(),
        "grid": studies.GRID.encode(),
        "claims": studies.claims_text().encode(),
        "record": store.to_json(studies.records_made()[0]).encode(),
        "check": json.dumps(studies.CHECK).encode(),
    }
    found["submitted"] = found["record"] + b"\n"
    found |= {f"asked {form}": text for form, text in parsers.ASKED.items()}
    return [found[name]]
