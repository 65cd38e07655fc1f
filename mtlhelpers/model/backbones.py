"""A backbone by name, folder, hub id, or with random weights.

Lesson: 01_shared_model. Only `safetensors` weights are read, in float32, without the
pooler; only BERT's architecture is taken, since scenarios freeze its layers by name.
"""

import json
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, BertTokenizer

from mtlhelpers.data.streams import stream
from mtlhelpers.model.backbone_files import (
    NAMED as NAMED,
)
from mtlhelpers.model.backbone_files import (
    VOCABULARY_SHA256,
    check_digest,
    find_folder,
    package_folder,
)
from mtlhelpers.model.backbone_files import (
    BackboneError as BackboneError,
)
from mtlhelpers.model.reader import blaming, build_config, read_encoder, read_tokenizer

RANDOM = "random:"
REMEDY = "Give the folder of a whole BERT: config.json, vocabulary, model.safetensors."


def backbone_config(name: str, local_only: bool = False) -> BertConfig:
    """The configuration of a backbone; needs no file where the name is known.

    Raises `BackboneError` if the backbone is neither known nor there.
    """
    plain = name.removeprefix(RANDOM)
    if plain in NAMED:
        return BertConfig.from_dict(dict(NAMED[plain].config))
    return _folder_config(find_folder(plain, local_only))


def load_backbone(
    name: str, seed: int = 0, *, local_only: bool = False
) -> tuple[BertModel, BertTokenizer]:
    """Return the encoder without its pooler, in float32, and its tokenizer.

    `random:<name>` gives the same architecture with weights drawn from `seed`.
    `local_only` takes what is on this machine and leaves the network alone.
    Raises `BackboneError` if something is missing, damaged, not a BERT, or not the
    file that the digest names; `ValueError` for a seed that is none.
    """
    check_seed(seed)
    plain, is_random = name.removeprefix(RANDOM), name.startswith(RANDOM)
    if plain in NAMED:
        config = backbone_config(plain)
        tokenizer = load_tokenizer(plain, local_only)
        if is_random:
            return random_encoder(config, seed), tokenizer
        folder = find_folder(plain, local_only)
        check_digest(folder / "model.safetensors", NAMED[plain].weights_sha256)
        return read_encoder(folder, config), tokenizer
    folder = find_folder(plain, local_only)
    config = _folder_config(folder)
    with blaming(folder, REMEDY):
        tokenizer = read_tokenizer(folder, config)
    if not is_random:
        return read_encoder(folder, config), tokenizer
    with blaming(folder / "config.json", REMEDY):
        return random_encoder(config, seed), tokenizer


def load_tokenizer(name: str, local_only: bool = False) -> BertTokenizer:
    """The word-piece tokenizer of a backbone, without its weights."""
    plain = name.removeprefix(RANDOM)
    if plain not in NAMED:
        folder = find_folder(plain, local_only)
        with blaming(folder, REMEDY):
            return read_tokenizer(folder, _folder_config(folder))
    # Both named backbones share one vocabulary, so either's file serves the other,
    # and random:bert-base-uncased works where only minilm is installed.
    folder = package_folder(NAMED["minilm"].package) or find_folder(plain, local_only)
    check_digest(folder / "vocab.txt", VOCABULARY_SHA256)
    return BertTokenizer(
        vocab=str(folder / "vocab.txt"), do_lower_case=True, model_max_length=512
    )


def _folder_config(folder: Path) -> BertConfig:
    path = folder / "config.json"
    with blaming(path, REMEDY):
        return build_config(json.loads(path.read_bytes()))


def random_encoder(config: BertConfig, seed: int) -> BertModel:
    """Weights as BERT starts its pre-training: normal, deviation 0.02 (Devlin 2019)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(seed, "backbone").integers(2**63)))
        backbone = BertModel(config, add_pooling_layer=False)
    backbone.train(False)
    return backbone


def check_seed(seed: int) -> None:
    """Raise `ValueError` for what is no seed."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise ValueError(f"seed {seed!r}: give a whole number, 0 or larger")
