"""Damaged grids, plans, claims, records, and records that somebody submits."""

import json
import tomllib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from helpers import outcomes, records

import mtlhelpers as mtl
from faults.case import RIGHT, UNSEEN, Case
from faults.damage import altered, damaged
from mtlhelpers.study.records import store
from mtlhelpers.study.records.record import Job
from mtlhelpers.study.records.tables import study_history, study_table
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.submit import submit_lines
from mtlhelpers.study.verdicts import claims
from mtlhelpers.study.verdicts.decisions import FILE, read_check

GRID = """threads = 1
[[block]]
arm = "frozen"
corpus = ["newsdesk", "snips"]
backbone = "minilm"
plan = { scenario = "backbone_frozen", train_size = [100, 300], seed = [0, 1] }
[[block]]
arm = "after"
corpus = "newsdesk"
backbone = "minilm"
plan = { tasks = [["ner"]], epochs = 2, first = { scenario = "all_frozen" } }
"""


def plans(random: Random, room: Path, _: int) -> Case:
    """A plan as JSON with one odd value: the plan it says, or refused."""
    first = mtl.Plan(scenario="backbone_frozen", epochs=2, tasks=("ner",))
    sound = mtl.Plan(scenario="none_frozen", first=first, heads={"ner": "crf"})
    what, value = altered(random, sound.to_dict())

    def act() -> str:
        plan = mtl.Plan.from_dict(value)
        same = mtl.Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
        plan.resolve(100)
        return RIGHT if same else "not the same as its own JSON"

    return Case(what, act)


def grids(random: Random, room: Path, _: int) -> Case:
    """A grid.toml with one fault."""
    what, content = damaged(random, GRID.encode())
    if random.random() < 0.6:
        what, value = altered(random, tomllib.loads(GRID))
        content = _toml(value).encode("utf-8", "surrogatepass")
    path = room / "grid.toml"
    path.write_bytes(content)

    def act() -> str:
        read_grid(path)
        return RIGHT

    return Case(what, act, str(path))


def _toml(value: Any) -> str:
    """A grid as TOML, each block on lines of its own; odd values as they can be."""
    lines = []
    for key, own in value.items() if isinstance(value, dict) else []:
        if key == "block" and isinstance(own, list) and all(map(_is_table, own)):
            for block in own:
                pairs = (f"{key or 'x'} = {_inline(one)}" for key, one in block.items())
                lines += ["[[block]]", *pairs]
        else:
            lines.insert(0, f"{key if key.isidentifier() else 'x'} = {_inline(own)}")
    return "\n".join(lines)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inner = (f"{json.dumps(key)} = {_inline(own)}" for key, own in value.items())
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if value is None:
        return "1979-05-27"
    if isinstance(value, float):
        return repr(value)  # nan and inf are TOML
    return json.dumps(value)


@cache
def claims_text() -> str:
    return Path(claims.__file__).with_name("claims.toml").read_text(encoding="utf-8")


DECISION = {"corpus": "a", "task": "ner", "size": 1, "verdict": "supported"}
DECISION |= {"said": "x", "difference": 0.1, "interval": [0.0, 0.2], "seeds": 3}
CHECK = {"1.1": {"checked": "2026-01-01", "machine": {}, "decisions": [DECISION]}}


def claim_files(random: Random, room: Path, _: int) -> Case:
    """A claims.toml with one fault, and the file of fresh checks."""
    what, content = damaged(random, claims_text().encode())
    path = room / "claims.toml"
    path.write_bytes(content)

    def act() -> str:
        claims.read_claims(path)
        return RIGHT

    return Case(what, act, path.name)


def fresh_checks(random: Random, room: Path, _: int) -> Case:
    """The file of what checks found, with one fault."""
    path = room / FILE
    path.parent.mkdir()
    what, value = altered(random, CHECK)
    content = json.dumps(value).encode()
    if random.random() < 0.4:
        what, content = damaged(random, json.dumps(CHECK).encode())
    path.write_bytes(content)

    def act() -> str:
        for one in read_check(room, "1.1"):
            str(one), one.to_dict()
        return RIGHT

    return Case(what, act, str(path))


@cache
def records_made() -> list[dict[str, Any]]:
    """Sound records of three runs."""
    made = []
    for seed in range(3):
        plan = mtl.Plan(scenario="backbone_frozen", seed=seed, train_size=100)
        job = Job("frozen", "newsdesk", "minilm", plan)
        history = [{"epoch": 1, "loss": 0.5, "seconds": 0.1}]
        made.append(
            records.record(f"{seed}", job, outcomes.labels("10-1"), history=history)
        )
    return made


def kept_records(random: Random, room: Path, _: int) -> Case:
    """A study of three records, one of them damaged: left out with its name."""
    for record in records_made():
        store.write_record(room, record)
    kind = random.choice(["json", "parquet", "jsonl", "altered"])
    if kind in ("parquet", "jsonl"):
        path = store.pack_records(room)
        if kind == "jsonl":
            path.unlink()
            path = room / store.PACKED_BEFORE
            path.write_text(
                "".join(store.to_json(one) + "\n" for one in records_made())
            )
        for one in (room / "records").glob("*"):
            one.unlink()
    else:
        path = random.choice(sorted((room / "records").glob("*.json")))
    what, content = damaged(random, path.read_bytes())
    if kind == "altered":
        what, value = altered(random, json.loads(path.read_bytes()))
        content = json.dumps(value).encode()
    path.write_bytes(content)

    def act() -> str:
        found, faults = store.read_with_faults(room)
        if vague := [fault for fault in faults if str(room) not in fault]:
            return f"no place is named: {vague[0]}"
        study_table(room), study_history(room)
        whole = {record["id"]: record for record in records_made()}
        if any(whole.get(record["id"]) != record for record in found):
            return UNSEEN
        lost = kind in ("json", "altered") and len(found) + len(faults) != 3
        return "a record is gone without a word" if lost else RIGHT

    return Case(f"{kind}: {what}", act, str(room))


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def submitted(random: Random, room: Path, _: int) -> Case:
    """Records of somebody else, one of them damaged: nothing is added then."""
    study, given = room / "study", room / "given.jsonl"
    study.mkdir()
    (study / "grid.toml").write_text(GRID)
    rows = records_made()
    what, lines = damaged(random, _lines(rows))
    if random.random() < 0.5:
        what, changed = altered(random, rows[0])
        lines = _lines([changed, *rows[1:]])
    given.write_bytes(lines)

    def act() -> str:
        try:
            list(submit_lines(study, given, rerun=False))
        except mtl.MTLError:
            if (study / "records").exists() or (study / store.PACKED).exists():
                return "something was added"
            raise
        return RIGHT

    return Case(what, act)
