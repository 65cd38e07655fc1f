"""Records as annotation tools write them, as plain keys: one function per tool.

Each takes one JSON value of an export, and returns the records in it, which may be none
(a rejected example) or several, with `text`, `entities` and `label`.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from mtlhelpers.data.formats.items import Item
from mtlhelpers.errors import CorpusError

_Record = dict[str, Any]
Export = Callable[[Any], list[_Record]]


def recognise_export(value: object) -> str:
    """Return the tool whose export looks like this, or "json" for our own keys."""
    if isinstance(value, list):
        return "spacy"
    if not isinstance(value, dict):
        return "json"
    for name, marks in _MARKS.items():
        if any(mark <= value.keys() for mark in marks):
            return name
    label = value.get("label", value.get("labels"))
    whole = "text" in value or "data" in value
    listed = isinstance(label, list) and not value.keys() & {"tokens", "words"}
    offsets = any("start_offset" in one for one in _dicts(value.get("entities")))
    return "doccano" if whole and (listed or offsets) else "json"


def read_json(value: Any) -> list[_Record]:
    """Take a record as it is."""
    return [_object(value)]


def read_doccano(value: Any) -> list[_Record]:
    """Read JSONL of doccano: spans or labels under `label`, or `entities`."""
    record = dict(_object(value))
    for key in ("relations", "Comments", "comments"):
        if not record.get(key):
            record.pop(key, None)  # doccano writes them into every record
    label = record.pop("label", record.pop("labels", None))
    if isinstance(label, list) and not all(isinstance(one, str) for one in label):
        return [record | {"entities": label}]
    return [record if label is None else record | {"label": label}]


def read_prodigy(value: Any) -> list[_Record]:
    """Read JSONL of Prodigy: spans, a label, or a choice; what was accepted alone."""
    record = dict(_object(value))
    if record.pop("answer", "accept") != "accept":
        return []
    record = {key: cell for key, cell in record.items() if not key.startswith("_")}
    choice, binary = record.pop("accept", None), record.pop("label", None)
    for key in ("tokens", "options", "meta", "versions", "config"):
        record.pop(key, None)  # of Prodigy's own; its tokens are pieces of the text
    label = choice if choice is not None else binary
    record.setdefault("spans", [])  # it leaves out what is empty
    return [record if label is None else record | {"label": label}]


def read_label_studio(value: Any) -> list[_Record]:
    """Read JSON or JSON-MIN of Label Studio; of each task the one annotation."""
    task = _object(value)
    if "data" not in task:
        spans = list(_dicts(task.get("label")))
        task = {key: task[key] for key in task if key not in _OF_TASK}
        return [task | {"label": None, "entities": spans} if spans else task]
    kept = [
        one
        for one in _dicts(task.get("annotations", task.get("completions")))
        if not one.get("was_cancelled")
    ]
    if len(kept) != 1:
        raise CorpusError(
            f"task {task.get('id')} has {len(kept)} annotations. Export one per task"
        )
    record: _Record = {"id": task.get("id"), **task["data"], "entities": []}
    for result in _dicts(kept[0].get("result")):
        marked = result.get("value") or {}
        if "choices" in marked:
            record["label"] = [*record.get("label", ()), *marked["choices"]]
        elif "labels" in marked:
            record["entities"].append(marked)
    return [record]


def read_spacy(value: Any) -> list[_Record]:
    """Read spaCy's JSON: `Doc.to_json`, pairs of text and annotations, or version 2."""
    if isinstance(value, list):
        if len(value) != 2 or not isinstance(value[1], dict):
            raise CorpusError('not a pair. Write ["text", {"entities": [...]}]')
        return [_spacy_record(value[0], value[1].get("entities"), value[1])]
    record = _object(value)
    if "paragraphs" not in record:
        return [_spacy_record(record.get("text"), record.get("ents"), record)]
    return [
        {
            "tokens": [token.get("orth") for token in sentence.get("tokens", ())],
            "tags": [token.get("ner", "O") for token in sentence.get("tokens", ())],
            "group": str(record.get("id", "")) or None,
        }
        for paragraph in _dicts(record["paragraphs"])
        for sentence in _dicts(paragraph.get("sentences"))
    ]


def _spacy_record(text: Any, spans: Any, rest: _Record) -> _Record:
    cats = rest.get("cats") or {}
    chosen = [name for name, share in cats.items() if share >= 0.5]
    label = {"label": chosen} if cats else {}
    return {"text": text, "entities": spans} | label


def _object(value: object) -> _Record:
    if isinstance(value, dict):
        return value
    kind = "null" if value is None else f"of type {type(value).__name__}"
    raise CorpusError(f"not an object but {kind}. Write {{...}} on each line")


def _dicts(value: object) -> Iterator[_Record]:
    listed = value if isinstance(value, list) else []
    return (one for one in listed if isinstance(one, dict))


def read_docbin(content: bytes, path: str, stem: str) -> Iterator[Item]:
    """Yield the documents of spaCy's DocBin as `read_spacy` takes them.

    Raises `CorpusError` where spaCy is not installed, or the file is not whole.
    """
    try:
        spacy = import_module("spacy")
        bin_ = import_module("spacy.tokens").DocBin()
    except ImportError as error:
        raise CorpusError(
            f"{path}: DocBin is read by spaCy, which is not installed. Install it (pip "
            "install spacy), or write the documents as JSONL with `Doc.to_json`."
        ) from error
    try:
        docs = list(bin_.from_bytes(content).get_docs(spacy.blank("xx").vocab))
    # zlib, msgpack and spaCy have no common class for a file that is none.
    except Exception as error:
        raise CorpusError(
            f"{path}: cannot be read as DocBin ({type(error).__name__}). Write it "
            "again with `DocBin.to_disk`."
        ) from error
    for number, doc in enumerate(docs, start=1):
        yield Item(doc.to_json(), f"{path}, document {number}", f"{stem}-{number}")


EXPORTS: dict[str, Export] = {
    "json": read_json,
    "doccano": read_doccano,
    "prodigy": read_prodigy,
    "label-studio": read_label_studio,
    "spacy": read_spacy,
}
_OF_TASK = ["annotator", "annotation_id", "created_at", "updated_at", "lead_time"]
_MARKS = {
    "prodigy": ({"_input_hash"}, {"text", "answer"}),
    "label-studio": ({"data", "annotations"}, {"annotator", "annotation_id"}),
    "spacy": ({"paragraphs"}, {"text", "ents"}, {"text", "cats"}),
}
