"""A backbone by name, folder, hub id, or with random weights.

Lesson: 01_shared_model. Only `safetensors` weights are read, in float32, without the
pooler; only BERT's architecture is taken, since scenarios freeze its layers by name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer, BertConfig, BertModel, BertTokenizer
from transformers.utils import logging as transformers_logging

from mtlhelpers.data.streams import stream
from mtlhelpers.model.backbone_files import (
    NAMED,
    VOCABULARY_SHA256,
    BackboneError,
    check_digest,
    find_folder,
    first_line,
    package_folder,
)

RANDOM = "random:"


def backbone_config(name: str) -> BertConfig:
    """The configuration of a backbone; needs no file where the name is known.

    Raises `BackboneError` if the backbone is neither known nor there.
    """
    plain = name.removeprefix(RANDOM)
    if plain in NAMED:
        return BertConfig(**NAMED[plain].config)
    return _folder_config(plain, find_folder(plain))


def load_backbone(
    name: str, seed: int = 0, *, local_only: bool = False
) -> tuple[BertModel, BertTokenizer]:
    """Return the encoder without its pooler, in float32, and its tokenizer.

    `random:<name>` gives the same architecture with weights drawn from `seed`.
    `local_only` takes what is on this machine and leaves the network alone.
    Raises `BackboneError` if something is missing, not a BERT, or not the file
    that the digest names.
    """
    plain = name.removeprefix(RANDOM)
    if name.startswith(RANDOM):
        tokenizer = load_tokenizer(plain)
        return _random_backbone(backbone_config(plain), seed), tokenizer
    folder = find_folder(plain, local_only)
    if plain in NAMED:
        check_digest(folder / "model.safetensors", NAMED[plain].weights_sha256)
    known = plain in NAMED
    config = backbone_config(plain) if known else _folder_config(plain, folder)
    tokenizer = load_tokenizer(plain) if known else _folder_tokenizer(plain, folder)
    return _weights(plain, folder, config), tokenizer


def load_tokenizer(name: str) -> BertTokenizer:
    """The word-piece tokenizer of a backbone, without its weights."""
    plain = name.removeprefix(RANDOM)
    if plain not in NAMED:
        return _folder_tokenizer(plain, find_folder(plain))
    # Both named backbones share one vocabulary, so either's file serves the other,
    # and random:bert-base-uncased works where only minilm is installed.
    folder = package_folder(NAMED["minilm"].package) or find_folder(plain)
    check_digest(folder / "vocab.txt", VOCABULARY_SHA256)
    return BertTokenizer(
        vocab=str(folder / "vocab.txt"), do_lower_case=True, model_max_length=512
    )


def _weights(name: str, folder: Path, config: BertConfig) -> BertModel:
    """The encoder of a folder. Every tensor comes from the file, or it is an error:
    the library would draw what is missing at random and say so in a log line."""
    try:
        with _quiet():
            backbone, loading = BertModel.from_pretrained(
                folder,
                config=config,
                add_pooling_layer=False,
                dtype=torch.float32,
                use_safetensors=True,
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise BackboneError(
            f"backbone {name!r}: {folder} holds no readable model.safetensors that "
            f"fits its config.json ({first_line(error)}). Convert the weights to "
            f"safetensors, or name another backbone."
        ) from error
    missing = sorted(loading["missing_keys"])
    if missing:
        raise BackboneError(
            f"backbone {name!r}: the model.safetensors of {folder} lacks "
            f"{len(missing)} tensors of a BERT: {', '.join(missing[:3])}. Name the "
            f"folder of a whole one."
        )
    return backbone.eval()


def _folder_tokenizer(name: str, folder: Path) -> BertTokenizer:
    # Without these files the library gives a tokenizer that knows no word at all.
    if not any((folder / file).is_file() for file in ("vocab.txt", "tokenizer.json")):
        raise BackboneError(
            f"backbone {name!r}: {folder} holds neither vocab.txt nor tokenizer.json. "
            f"Add the vocabulary that the weights were trained with."
        )
    with _quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder)
    if not tokenizer.is_fast:
        raise BackboneError(f"backbone {name!r}: its tokenizer has no word_ids")
    return tokenizer


def _random_backbone(config: BertConfig, seed: int) -> BertModel:
    """Weights as BERT starts its pre-training: normal, deviation 0.02 (Devlin 2019)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(seed, "backbone").integers(2**63)))
        return BertModel(config, add_pooling_layer=False).eval()


def _folder_config(name: str, folder: Path) -> BertConfig:
    try:
        with _quiet():
            found = BertConfig.get_config_dict(folder)[0]
    except (OSError, ValueError) as error:
        raise BackboneError(
            f"backbone {name!r}: {folder} holds no readable config.json "
            f"({first_line(error)})."
        ) from error
    if found.get("model_type") != "bert":
        raise BackboneError(
            f"backbone {name!r}: its config.json names the model type "
            f"{found.get('model_type')!r}; only 'bert' has the layers that the "
            f"scenarios freeze by name."
        )
    return BertConfig.from_dict(found)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the library's progress bars and its report on the unused pooler."""
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()
