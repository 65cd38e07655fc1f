"""A backbone by name, folder, hub id, or with random weights.

Lesson: 01_shared_model. Only `safetensors` weights are read, in float32, without the
pooler; families are those whose layers `encoders/families.py` names, to freeze them.
Everything read is checked: the libraries answer a damaged file with a dozen kinds of
error, or with a model that runs and knows nothing.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from transformers import (
    CONFIG_MAPPING,
    MODEL_MAPPING,
    AutoTokenizer,
    BertConfig,
    BertTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as transformers_logging

from mtlhelpers.data.regular import MOST_SETTINGS, read_regular
from mtlhelpers.data.streams import stream
from mtlhelpers.errors import InputError
from mtlhelpers.model.backbone_files import (
    NAMED,
    VOCABULARY_SHA256,
    blaming,
    check_digest,
    find_folder,
    package_folder,
)
from mtlhelpers.model.encoders.families import (
    FAMILIES,
    build_encoder,
    inner_size,
    without_pooler,
)

RANDOM = "random:"
_REMEDY = "Give the folder of an encoder: config.json, vocabulary, model.safetensors."
# Far above any encoder that was published; memory is taken only for what is below.
LIMITS = {
    "num_hidden_layers": 1_000,
    "hidden_size": 65_536,
    "intermediate_size": 1_000_000,
    "num_attention_heads": 65_536,
    "vocab_size": 10_000_000,
    "max_position_embeddings": 1_000_000,
    "type_vocab_size": 65_536,
    "num_labels": 100_000,
}
MOST_PARAMETERS = 5_000_000_000  # 20 GB in float32


def backbone_config(name: str, local_only: bool = False) -> PreTrainedConfig:
    """The configuration of a backbone; needs no file where the name is known.

    Raises `BackboneError` if the backbone is neither known nor there.
    """
    plain = name.removeprefix(RANDOM)
    if plain in NAMED:
        return BertConfig.from_dict(dict(NAMED[plain].config))
    return _folder_config(find_folder(plain, local_only))


def load_backbone(
    name: str, seed: int = 0, *, local_only: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Return the encoder without its pooler, in float32, and its tokenizer.

    `random:<name>` gives the same architecture with weights drawn from `seed`.
    `local_only` takes what is on this machine and leaves the network alone.
    Raises `BackboneError` if something is missing, damaged, of no known family, or not
    the file that the digest names; `ValueError` for a seed that is none.
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
    with blaming(folder, _REMEDY):
        tokenizer = read_tokenizer(folder, config)
    if not is_random:
        return read_encoder(folder, config), tokenizer
    with blaming(folder / "config.json", _REMEDY):
        return random_encoder(config, seed), tokenizer


def load_tokenizer(name: str, local_only: bool = False) -> PreTrainedTokenizerFast:
    """The word-piece tokenizer of a backbone, without its weights."""
    plain = name.removeprefix(RANDOM)
    if plain not in NAMED:
        folder = find_folder(plain, local_only)
        with blaming(folder, _REMEDY):
            return read_tokenizer(folder, _folder_config(folder))
    # Both named backbones share one vocabulary, so either's file serves the other,
    # and random:bert-base-uncased works where only minilm is installed.
    folder = package_folder(NAMED["minilm"].package) or find_folder(plain, local_only)
    check_digest(folder / "vocab.txt", VOCABULARY_SHA256)
    return BertTokenizer(
        vocab=str(folder / "vocab.txt"), do_lower_case=True, model_max_length=512
    )


def _folder_config(folder: Path) -> PreTrainedConfig:
    path = folder / "config.json"
    with blaming(path, _REMEDY):
        return build_config(json.loads(read_regular(path, MOST_SETTINGS)))


def random_encoder(config: PreTrainedConfig, seed: int) -> PreTrainedModel:
    """Weights as BERT starts its pre-training: normal, deviation 0.02 (Devlin 2019)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(seed, "backbone").integers(2**63)))
        backbone = build_encoder(config)
    backbone.train(False)
    return backbone


def check_seed(seed: int) -> None:
    """Raise `ValueError` for what is no seed."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise InputError(f"seed {seed!r}: give a whole number, 0 or larger")


def build_config(settings: Any) -> PreTrainedConfig:
    """A configuration from a JSON object; `ValueError` where it is of no family."""
    if not isinstance(settings, dict):
        raise InputError("it holds no JSON object")
    if (kind := settings.get("model_type")) not in tuple(FAMILIES):
        raise InputError(
            f"its model type is {kind!r}; only those of {', '.join(FAMILIES)} have "
            f"layers that the scenarios freeze by name"
        )
    made = CONFIG_MAPPING[kind]
    for name, limit in LIMITS.items():
        least = int(name != "type_vocab_size")  # DeBERTa has none
        size = settings.get(made.attribute_map.get(name, name), 1)
        if type(size) is not int or not least <= size <= limit:
            raise InputError(f"{name} is {size!r:.40}, not from {least} to {limit:,}")
    config: PreTrainedConfig = made.from_dict(settings)
    if getattr(config, "conv_kernel_size", 0):
        raise InputError(
            "it has a convolution beside its layers, which is not known here"
        )
    width, inner = config.hidden_size, inner_size(config)
    rows = config.vocab_size + config.max_position_embeddings
    total = width * (rows + config.num_hidden_layers * (4 * width + 2 * inner))
    if total > MOST_PARAMETERS:
        raise InputError(f"{total:,} parameters, and {MOST_PARAMETERS:,} are the limit")
    return config


def read_tokenizer(folder: Path, config: PreTrainedConfig) -> PreTrainedTokenizerFast:
    """The tokenizer of a folder; `ValueError` where it does not fit."""
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder)
    if not tokenizer.is_fast:
        raise InputError("its tokenizer is not a fast one and has no word_ids")
    # Without a vocabulary the library gives a tokenizer of marks that knows no word.
    pieces = tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False).keys()
    own = set(pieces)
    marks = {tokenizer.cls_token, tokenizer.sep_token, tokenizer.pad_token}
    written = folder / "tokenizer.json"
    if written.is_file():  # where marks may be beside the vocabulary, as ModernBERT's
        added = json.loads(written.read_bytes())["added_tokens"]
        own = pieces | {token["content"] for token in added}
    if not marks <= own or not pieces - set(tokenizer.all_special_tokens):
        raise InputError(
            f"vocab.txt or tokenizer.json is missing, or has no words or not {marks}"
        )
    if (rows := max(tokenizer.get_vocab().values()) + 1) > config.vocab_size:
        raise InputError(
            f"its vocabulary of {rows} pieces is another model's: the embedding has "
            f"{config.vocab_size} rows"
        )
    return with_spaces(cast(PreTrainedTokenizerFast, tokenizer))


def with_spaces(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """Let a byte-level tokenizer see a space before each word of a list.

    Without it, it would take the first letters of every word for the middle of one.
    """
    backend: Any = tokenizer.backend_tokenizer
    settings = json.loads(backend.to_str())
    cutter = settings["pre_tokenizer"] or {}
    steps = [cutter, *cutter.get("pretokenizers", [])]
    levels = [step for step in steps if step.get("type") == "ByteLevel"]
    if any(not step["add_prefix_space"] for step in levels):
        for step in levels:
            step["add_prefix_space"] = True
        tokenizer._tokenizer = type(backend).from_str(json.dumps(settings))
    return tokenizer


def read_encoder(folder: Path, config: PreTrainedConfig) -> PreTrainedModel:
    """The encoder of a folder. Every tensor comes from the file, or it is an error:
    the library would draw what is missing at random and say so in a log line."""
    path = min(folder.glob("model*.safetensors"), default=folder / "model.safetensors")
    with blaming(path, "Convert the weights, or name another backbone."), quiet():
        kind: Any = MODEL_MAPPING[type(config)]
        loaded = kind.from_pretrained(
            folder,
            config=config,
            **without_pooler(config),
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
        )
        backbone: PreTrainedModel = loaded[0]
        if missing := sorted(loaded[1]["missing_keys"]):
            names = ", ".join(missing[:3])
            raise InputError(f"it lacks {len(missing)} tensors of its kind: {names}")
        check_finite(backbone.named_parameters())
    backbone.train(False)
    return backbone


def check_finite(tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Raise `ValueError` for the first tensor that holds NaN or infinity."""
    for name, tensor in tensors:
        # A sum is quick, and never finite where a number is not; but it can overflow.
        if not tensor.sum().isfinite() and not tensor.isfinite().all():
            raise InputError(f"numbers of {name} are NaN or infinite")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the library's progress bars and its report on the unused pooler."""
    logs: Any = transformers_logging
    verbosity, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity_error()
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(verbosity)
        if bars:
            logs.enable_progress_bar()
