"""Damaged files of sentences, in every format."""

import json
from functools import cache
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
from helpers import tiny

from faults.case import RIGHT, Case
from faults.damage import ODD, altered, damaged
from mtlhelpers.data.load import load_corpus, read_source
from mtlhelpers.model.answers.inputs import READERS

TEXT = "Ada flew to New York in May"


def _records(form: str) -> list[object]:
    """Sentences as a tool exports them."""
    if form == "prodigy":
        span = {"start": 12, "end": 20, "label": "place"}
        record = {"text": TEXT, "_input_hash": 1, "spans": [span], "answer": "accept"}
    elif form == "label-studio":
        value = {"start": 12, "end": 20, "labels": ["place"]}
        result = [{"value": value}, {"value": {"choices": ["go"]}}]
        record = {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": result}]}
    elif form == "doccano":
        record = {"id": 1, "text": TEXT, "label": [[12, 20, "place"]]}
    elif form == "spacy":
        record = {"text": TEXT, "ents": [{"start": 12, "end": 20, "label": "place"}]}
        record["cats"] = {"go": 1.0, "stay": 0.0}
    else:
        rows = tiny.corpus().splits["train"]
        return [dict(row) for row in rows][:12]
    return [record] * 6


@cache
def contents() -> dict[str, bytes]:
    """A sound file by its ending or, where content decides, by the tool."""
    found = {}
    for form in ("json", "prodigy", "label-studio", "doccano", "spacy"):
        values = _records(form)
        found[f"{form}.jsonl"] = "".join(f"{json.dumps(v)}\n" for v in values).encode()
        found[f"{form}.json"] = json.dumps(values).encode()
    rows = _records("json")
    found["a.csv"] = b"text,label\n" + b'"play, songs",play\ngo home,go\n' * 9
    found["a.tsv"] = b"text\tlabel\nplay songs\tplay\ngo home\tgo\n" * 1
    found["a.conll"] = "\n\n".join(
        "\n".join(f"{word}\t{tag}" for word, tag in zip(row["tokens"], row["tags"]))
        for row in rows
    ).encode()
    table, sink = pa.Table.from_pylist(rows), pa.BufferOutputStream()
    pq.write_table(table, sink)
    found["a.parquet"] = sink.getvalue().to_pybytes()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    found["a.arrow"] = sink.getvalue().to_pybytes()
    return found


def parsers(random: Random, room: Path, _: int) -> Case:
    """A file of sentences with one fault, read as any."""
    name = random.choice(sorted(contents()))
    content, suffix = contents()[name], Path(name).suffix
    if suffix in (".json", ".jsonl") and random.random() < 0.6:
        what, value = altered(random, json.loads(contents()[f"{Path(name).stem}.json"]))
        lines = value if suffix == ".jsonl" and isinstance(value, list) else [value]
        content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    else:
        what, content = damaged(random, content)
    path = room / f"train{suffix}"
    path.write_bytes(content)

    def act() -> str:
        faults: list[str] = []
        read_source(str(path), faults=faults)  # lists all, and raises none of them
        if vague := [fault for fault in faults if str(path) not in fault]:
            return f"no place is named: {vague[0]}"
        load_corpus(path)
        return RIGHT

    return Case(f"{name}: {what}", act, str(path))


ASKED = {
    "text": b"play songs\ngo to York\n" * 3,
    "jsonl": b'{"text": "play songs", "id": "a"}\n{"tokens": ["go", "home"]}\n' * 3,
    "csv": b'id,text\n1,"play, songs"\n2,go home\n' * 3,
}


def questions(random: Random, room: Path, _: int) -> Case:
    """A file of sentences to predict, with one fault."""
    form = random.choice(sorted(READERS))
    if form == "jsonl" and random.random() < 0.5:
        what, value = altered(random, {"text": TEXT, "tokens": ["a"], "id": "a"})
        content = json.dumps(value).encode()
    else:
        what, content = damaged(random, ASKED[form])
    path = room / "asked"
    path.write_bytes(content)

    def act() -> str:
        with path.open("rb") as file:
            list(READERS[form](file, str(path)))
        return RIGHT

    return Case(f"{form}: {what}", act, str(path))


def rows(random: Random, room: Path, _: int) -> Case:
    """Sentences in memory, one of them odd."""
    import mtlhelpers as mtl

    what, value = altered(random, _records("json"))
    if random.random() < 0.1:
        what, value = "all odd", random.choice(ODD)

    def act() -> str:
        mtl.Corpus.from_rows(value)
        return RIGHT

    return Case(what, act)
