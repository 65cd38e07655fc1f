"""Backbones from folders, from random weights, and in float32 without a pooler."""

import json
from pathlib import Path

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.model import backbone_files, backbones
from mtlhelpers.model.backbone_files import NAMED, package_folder
from mtlhelpers.model.backbones import backbone_config, load_backbone, load_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.save_backbone(tmp_path / "tiny")


def test_a_folder_gives_its_weights_and_its_tokenizer(folder):
    backbone, tokenizer = load_backbone(str(folder))
    assert not tiny.changed(tiny.weights(tiny.encoder()), backbone)
    assert tokenizer.get_vocab() == tiny.tokenizer().get_vocab()
    assert not backbone.training
    model = mtl.SharedModel.from_backbone(str(folder), ["a", "b"], ["O"])
    assert model.name == str(folder)


# pitfall 15
def test_a_folder_with_a_pooler_loads_without_it(folder):
    def add_pooler(tensors):
        tensors["pooler.dense.weight"] = torch.zeros(32, 32)
        tensors["pooler.dense.bias"] = torch.zeros(32)

    tiny.edit_weights(folder, add_pooler)
    backbone, _ = load_backbone(str(folder))
    assert backbone.pooler is None
    assert not any("pooler" in name for name, _ in backbone.named_parameters())


def test_weights_are_float32_even_where_the_file_is_bfloat16(folder):
    def halve(tensors):
        for name, tensor in tensors.items():
            tensors[name] = tensor.to(torch.bfloat16)

    tiny.edit_weights(folder, halve)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "bfloat16"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    backbone, _ = load_backbone(str(folder))
    assert {tensor.dtype for tensor in backbone.parameters()} == {torch.float32}


def test_weights_of_a_whole_pre_trained_model_load_by_their_prefix(folder):
    def prefix(tensors):
        for name in list(tensors):
            tensors[f"bert.{name}"] = tensors.pop(name)
        tensors["cls.predictions.bias"] = torch.zeros(3)

    tiny.edit_weights(folder, prefix)
    backbone, _ = load_backbone(str(folder))
    assert not tiny.changed(tiny.weights(tiny.encoder()), backbone)


def test_random_weights_follow_the_seed(folder):
    name = f"random:{folder}"
    first, again, other = (load_backbone(name, seed)[0] for seed in (0, 0, 1))
    assert not tiny.changed(tiny.weights(first), again)
    moved = tiny.changed(tiny.weights(first), other)
    matrices = {n for n, t in first.named_parameters() if t.dim() > 1}
    assert matrices <= moved
    weight = first.encoder.layer[0].intermediate.dense.weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert tiny.changed(tiny.weights(tiny.encoder()), first)


def test_random_weights_leave_the_global_stream_alone(folder):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_backbone(f"random:{folder}")
    assert torch.equal(torch.rand(3), expected)


def test_random_bert_needs_the_vocabulary_alone(tokenizer):
    assert backbone_config("random:bert-base-uncased").num_hidden_layers == 12
    found = load_tokenizer("random:bert-base-uncased")
    assert found.get_vocab() == tokenizer.get_vocab()


def test_local_only_asks_the_cache_alone(folder, monkeypatch):
    asked = []

    def snapshot(*_, local_files_only, **__):
        asked.append(local_files_only)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    load_backbone("owner/tiny", local_only=True)
    load_backbone("random:owner/tiny", local_only=True)
    assert len(asked) == 2
    assert all(asked)


@pytest.mark.parametrize("name", ["bert-base-uncased", "random:minilm"])
def test_local_only_keeps_the_tokenizer_local_too(name, tmp_path, monkeypatch):
    package = package_folder(NAMED["minilm"].package)
    asked = []

    def snapshot(*_, local_files_only, **__):
        asked.append(local_files_only)
        return str(package)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    monkeypatch.setattr(backbones, "package_folder", lambda package: None)
    monkeypatch.setattr(backbone_files, "package_folder", lambda package: None)
    monkeypatch.setattr(backbones, "check_digest", lambda path, digest: None)
    monkeypatch.setattr(backbones, "read_encoder", lambda folder, config: None)
    load_backbone(name, local_only=True)
    assert asked
    assert all(asked)
