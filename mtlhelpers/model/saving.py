"""A model as one safetensors file in a folder: JSON in its header, never pickle.

It is one file because one `os.replace` then puts the new model in the old one's place:
whatever is killed, and whoever reads meanwhile, finds one of them, whole.
"""

import hashlib
import json
import os
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import safetensors.torch
from filelock import FileLock
from safetensors import SafetensorError
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from mtlhelpers.data.regular import check_regular, read_regular
from mtlhelpers.errors import BackboneError, InputError, StorageError
from mtlhelpers.model.backbone_files import (
    MOST_TEXT,
    MOST_WEIGHTS,
    blaming,
    first_line,
)
from mtlhelpers.model.backbones import build_config, check_finite, read_tokenizer
from mtlhelpers.model.digests import digest_tensors

MODEL = "shared_model.safetensors"
PART = "shared_model.part"  # a model that is being written, or whose saver was killed
_LOCK = "shared_model.lock"  # there while a model is being written
REMEDY = "Save the model again, or load another folder."
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
# A model was several files before. Such folders are read, and saving replaces them.
FORMER = {
    "about": "shared_model.json",
    "config": "backbone/config.json",
    "weights": "model.safetensors",
    **{name: f"tokenizer/{name}" for name in TOKENIZER},
}


@dataclass(frozen=True)
class About:
    """What a saved model says of itself beside its weights."""

    backbone: str
    labels: list[str]
    tags: list[str]
    pooling: str
    layers: list[int] | None = None  # None in models from before one could choose
    max_length: int | None = None  # likewise
    provenance: dict[str, Any] | None = None  # what it was last trained on, and how
    heads: dict[str, dict[str, Any]] | None = None  # by task; None: both plain


Saved = tuple[About, PreTrainedConfig, PreTrainedTokenizerFast, dict[str, Tensor]]


def write_model(folder: Path, saved: Saved) -> None:
    """Put a model into a folder that is absent, empty, or holds an earlier one.

    Raises `BackboneError` for a folder with anything else in it, and `OSError` where
    writing fails; what was there then stays as it is.
    """
    try:
        _write(folder, saved)
    except (SafetensorError, OSError) as error:
        raise StorageError(
            f"{folder} cannot be written: {first_line(error)}. Make room, or save into "
            "another folder."
        ) from error


def _write(folder: Path, saved: Saved) -> None:
    about, config, tokenizer, state = saved
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    told = {key: value for key, value in asdict(about).items() if value is not None}
    texts = {"about": json.dumps(told), "config": config.to_json_string()}
    with TemporaryDirectory() as room:
        tokenizer.save_pretrained(room)
        paths = [path for path in Path(room).iterdir() if path.name in TOKENIZER]
        texts |= {path.name: path.read_text(encoding="utf-8") for path in paths}
    texts["sha256"] = contents_digest(tensors, texts)
    folder.mkdir(parents=True, exist_ok=True)
    part, lock = folder / PART, folder / _LOCK
    with FileLock(lock):  # no other process saves here: a part is a dead one's
        try:
            _refuse_strangers(folder)
            safetensors.torch.save_file(tensors, part, metadata=texts)
            os.replace(part, folder / MODEL)
            _remove_former(folder)
        finally:
            with suppress(OSError):  # Windows removes the lock on release
                part.unlink(missing_ok=True)
                lock.unlink()


def read_model(folder: Path) -> Saved:
    """Read what `write_model` wrote, now or when a model was several files.

    Raises `BackboneError` that names the file that is missing, damaged or unfit.
    """
    path = folder / MODEL
    places = {key: folder / name for key, name in FORMER.items()}
    if not path.is_file() and not places["about"].is_file():
        raise BackboneError(f"{folder} is no saved model: {MODEL} is missing. {REMEDY}")
    if path.is_file():
        places = dict.fromkeys(FORMER, path)
        texts, state = read_contents(path)
    else:
        texts, state = _read_former(folder, places)
    with blaming(places["about"], REMEDY):
        about = _about(json.loads(texts["about"]))
    with blaming(places["config"], REMEDY):
        config = build_config(json.loads(texts["config"]))
    with blaming(places[TOKENIZER[0]], REMEDY), TemporaryDirectory() as room:
        for name in texts.keys() & TOKENIZER:
            Path(room, name).write_text(texts[name], encoding="utf-8")
        tokenizer = read_tokenizer(Path(room), config)
    with blaming(places["weights"], REMEDY):
        check_finite(state.items())
    return about, config, tokenizer, state


def _read_former(
    folder: Path, places: dict[str, Path]
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The texts and tensors of a model that was several files, without a digest."""
    with blaming(places["weights"], REMEDY):
        check_regular(places["weights"], MOST_WEIGHTS)
        state = safetensors.torch.load_file(places["weights"])
    texts = {}
    for key in FORMER.keys() - {"weights"}:
        if places[key].is_file():
            with blaming(places[key], REMEDY):
                texts[key] = read_regular(places[key], MOST_TEXT).decode("utf-8")
    warnings.warn(
        f"{folder} holds a model of an earlier version, which has no digest: damage to "
        "its weights would not be seen. Save it again, and it has one.",
        stacklevel=4,
    )
    return texts, state


def read_contents(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The texts and tensors of a saved model, which are those that were saved."""
    with blaming(path, REMEDY):
        content = read_regular(path, MOST_WEIGHTS)  # `safe_open` would open it twice
        state = safetensors.torch.load(content)
        header = content[8 : 8 + int.from_bytes(content[:8], "little")]
        texts: dict[str, str] = json.loads(header)["__metadata__"]
        if texts.pop("sha256", None) != contents_digest(state, texts):
            raise InputError("its contents do not match the sha256 saved with them")
    return texts, state


def _about(content: Any) -> About:
    known = [field.name for field in fields(About)]
    if unknown := [key for key in content if key not in known]:
        raise InputError(f"its keys {unknown} are unknown; a newer version has them")
    about = About(**content)
    lists = about.labels, about.tags, about.layers or []
    if not all(isinstance(value, list) for value in lists) or not all(
        isinstance(word, str)
        for word in (about.backbone, about.pooling, *about.labels, *about.tags)
    ):
        raise InputError("labels, tags or layers are no lists of names or numbers")
    if not isinstance(about.provenance or {}, dict):
        raise InputError("provenance is no object")
    return about


def contents_digest(tensors: dict[str, Tensor], texts: dict[str, str]) -> str:
    """sha256 over everything that the file holds."""
    text = json.dumps([digest_tensors(tensors), texts], sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _refuse_strangers(folder: Path) -> None:
    own, paths = {MODEL, PART, _LOCK}, list(folder.iterdir())
    if (folder / FORMER["about"]).is_file():
        own |= {*FORMER.values(), "backbone", "tokenizer"}
        paths += [*folder.glob("backbone/*"), *folder.glob("tokenizer/*")]
    names = {path.relative_to(folder).as_posix() for path in paths}
    if strangers := sorted(names - own):
        more = f" and {len(strangers) - 3} more" if len(strangers) > 3 else ""
        raise BackboneError(
            f"{folder} holds what is no saved model: {', '.join(strangers[:3])}{more}. "
            f"Nothing was written. Save into a new folder, or move these away."
        )


def _remove_former(folder: Path) -> None:
    """Remove a model of several files, once the new one is there and counts."""
    if (folder / FORMER["about"]).is_file():  # goes last: it says whose the others are
        for name in reversed(FORMER.values()):
            (folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # not empty yet
                (folder / name).parent.rmdir()
