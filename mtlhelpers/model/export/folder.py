"""A folder with all that somebody else needs to use a model, written whole or not."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import nn

from mtlhelpers.errors import ExportError
from mtlhelpers.model.backbones import quiet
from mtlhelpers.model.encoders.families import build_encoder
from mtlhelpers.model.export.model_card import card
from mtlhelpers.model.export.onnx_graph import (
    check_extra,
    logits_distance,
    write_graph,
    write_int8,
)
from mtlhelpers.model.heads.kinds import DeepHead, crf_of
from mtlhelpers.model.lora import merge_lora
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.model.shared import SharedModel

GRAPH, INT8 = "model.onnx", "model.int8.onnx"


def export_model(model: SharedModel, folder: Path) -> Iterator[str]:
    """Write a model into a folder, absent or empty; yield what is done, in words.

    `model.onnx` and `model.int8.onnx` (both heads), `backbone/` for transformers, with
    the tokenizer, `names.json`, `answer.py`, which needs no torch, and a model card.
    The model is put on the CPU, in eval mode; adapters are merged into its weights.
    Raises `ExportError` where that cannot be done; nothing is written then.
    """
    check_extra()
    merge_lora(model)
    _check(model, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    model = model.eval().cpu()
    with TemporaryDirectory(prefix=".export-", dir=folder.parent) as room:
        part = Path(room) / "whole"
        part.mkdir()
        gap = write_graph(model, part / GRAPH)
        yield f"{GRAPH}: logits as the model's, to {gap:.1g}"
        write_int8(part / GRAPH, part / INT8)
        gaps = {GRAPH: gap, INT8: logits_distance(model, part / INT8)}
        yield f"{INT8}: weights in 8 bits; logits differ by up to {gaps[INT8]:.2g}"
        with quiet():
            model.backbone.save_pretrained(part / "backbone")
            model.tokenizer.save_pretrained(part / "backbone")
        _write(part / "names.json", _names(model))
        script = Path(__file__).with_name("answer.py.txt").read_text(encoding="utf-8")
        _write(part / "answer.py", script)
        _write(part / "README.md", card(model, gaps))
        if folder.is_dir():
            folder.rmdir()  # an empty one
        part.rename(folder)
    yield f"{folder}: backbone/, names.json, answer.py and README.md, the model card"


def _names(model: SharedModel) -> str:
    """What `answer.py` knows of the graph: its file, and what its logits are called."""
    names: dict[str, Any] = {
        "model": GRAPH,
        "labels": model.labels,
        "tags": model.tags,
        "max_length": model.max_length,
    }
    if crf := crf_of(model.ner_classifier):
        links = {"start": crf.start, "after": crf.transitions}
        names["links"] = {key: one.tolist() for key, one in links.items()}
    return json.dumps(names, indent=1, ensure_ascii=False)


def _check(model: SharedModel, folder: Path) -> None:
    """Raise `ExportError` for what would be lost on the way."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not empty: name a new folder")
    for head in HEADS.values():
        layer = getattr(model, head)
        if layer is not None and type(layer) not in (nn.Linear, DeepHead):
            raise ExportError(
                f"{head} is a {type(layer).__name__}, which is no head of this "
                f"package. Train one of its kinds on this backbone, or use the model "
                f"from Python"
            )
    plain = build_encoder(model.backbone.config).state_dict()
    if other := sorted(plain.keys() ^ model.backbone.state_dict().keys()):
        raise ExportError(
            f"the backbone is not a plain one (it has or lacks {other[0]}), which "
            f"transformers could load. Take out what was added to it"
        )


def _write(path: Path, text: str) -> None:
    path.write_text(text.rstrip() + "\n", encoding="utf-8")
