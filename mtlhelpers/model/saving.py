"""A model as a folder: safetensors and JSON, never pickle."""

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertTokenizer

from mtlhelpers.model.backbone_files import BackboneError

FILES = ("shared_model.json", "model.safetensors", "backbone/config.json")


def write_model(
    folder: Path,
    state: dict[str, Tensor],
    config: BertConfig,
    tokenizer: BertTokenizer,
    described: dict[str, Any],
) -> None:
    """Write beside `folder` under a temporary name, then take its place.

    Raises `OSError` where writing fails, and leaves what was there.
    """
    part = folder.with_name(f"{folder.name}.{uuid4().hex[:8]}.part")
    old = part.with_suffix(".old")
    part.mkdir(parents=True)
    try:
        tensors = {name: tensor.contiguous() for name, tensor in state.items()}
        save_file(tensors, part / "model.safetensors")
        config.save_pretrained(part / "backbone")
        tokenizer.save_pretrained(part / "tokenizer")
        text = json.dumps(described, indent=1, ensure_ascii=False)
        (part / "shared_model.json").write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def read_model(
    folder: Path,
) -> tuple[dict[str, Tensor], BertConfig, BertTokenizer, dict[str, Any]]:
    """The parts that `write_model` wrote, in its order."""
    for name in FILES:
        if not (folder / name).is_file():
            raise BackboneError(f"{folder} is no saved model: {name} is missing")
    described = json.loads((folder / "shared_model.json").read_text(encoding="utf-8"))
    return (
        load_file(folder / "model.safetensors"),
        BertConfig.from_pretrained(folder / "backbone"),
        AutoTokenizer.from_pretrained(folder / "tokenizer"),
        described,
    )
