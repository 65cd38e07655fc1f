"""Read configuration, tokenizer and weights, or name in one error the file at fault.

Libraries answer a damaged file with a dozen kinds of error, or with a model that runs
and knows nothing. What comes from a disk enters a model through here alone.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertModel, BertTokenizer
from transformers.utils import logging as transformers_logging

from mtlhelpers.model.backbone_files import BackboneError, first_line

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
VOCABULARIES = ("vocab.txt", "tokenizer.json")
MOST_PARAMETERS = 5_000_000_000  # 20 GB in float32


@contextmanager
def blaming(path: Path, remedy: str) -> Iterator[None]:
    """Turn whatever is raised over a file into one `BackboneError` that names it."""
    if not path.exists():
        raise BackboneError(f"{path} is missing. {remedy}")
    try:
        yield
    except BackboneError:
        raise
    except Exception as error:  # the libraries have no common type
        raise BackboneError(
            f"{path} cannot be used ({first_line(error)}). {remedy}"
        ) from error


def build_config(settings: Any) -> BertConfig:
    """A configuration from a JSON object; `ValueError` where it is no BERT's."""
    if not isinstance(settings, dict):
        raise ValueError("it holds no JSON object")
    if settings.get("model_type") != "bert":
        raise ValueError(
            f"its model type is {settings.get('model_type')!r}; only 'bert' has the "
            f"layers that the scenarios freeze by name"
        )
    for name, limit in LIMITS.items():
        size = settings.get(name, 1)
        if type(size) is not int or not 1 <= size <= limit:
            raise ValueError(f"{name} is {size!r:.40}, not from 1 to {limit:,}")
    config = BertConfig.from_dict(settings)
    width, inner = config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings
    total = width * (rows + config.num_hidden_layers * (4 * width + 2 * inner))
    if total > MOST_PARAMETERS:
        raise ValueError(f"{total:,} parameters, and {MOST_PARAMETERS:,} are the limit")
    return config


def read_tokenizer(folder: Path, config: BertConfig) -> BertTokenizer:
    """The word-piece tokenizer of a folder; `ValueError` where it does not fit."""
    # Without these the library gives a tokenizer that knows no word at all.
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise ValueError(f"there is no vocabulary: {' or '.join(VOCABULARIES)}")
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder)
    if not tokenizer.is_fast:
        raise ValueError("its tokenizer is not a fast one and has no word_ids")
    own = tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False)
    marks = {
        getattr(tokenizer, f"{kind}_token") for kind in ("unk", "cls", "sep", "pad")
    }
    if not marks < own.keys():  # the library would add them, behind the embedding
        raise ValueError(f"its vocabulary lacks all words, or one of {marks}")
    if (rows := max(tokenizer.get_vocab().values()) + 1) > config.vocab_size:
        raise ValueError(
            f"its vocabulary of {rows} pieces is another model's: the embedding has "
            f"{config.vocab_size} rows"
        )
    # Any fast tokenizer serves: nothing that is BertTokenizer's alone is used.
    return cast(BertTokenizer, tokenizer)


def read_encoder(folder: Path, config: BertConfig) -> BertModel:
    """The encoder of a folder. Every tensor comes from the file, or it is an error:
    the library would draw what is missing at random and say so in a log line."""
    path = min(folder.glob("model*.safetensors"), default=folder / "model.safetensors")
    with blaming(path, "Convert the weights, or name another backbone."), quiet():
        loaded: Any = BertModel.from_pretrained(
            folder,
            config=config,
            add_pooling_layer=False,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
        )
        backbone: BertModel = loaded[0]
        if missing := sorted(loaded[1]["missing_keys"]):
            names = ", ".join(missing[:3])
            raise ValueError(f"it lacks {len(missing)} tensors of a BERT: {names}")
        check_finite(backbone.named_parameters())
    backbone.train(False)
    return backbone


def check_finite(tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Raise `ValueError` for the first tensor that holds NaN or infinity."""
    for name, tensor in tensors:
        if broken := int((~torch.isfinite(tensor)).sum()):
            raise ValueError(f"{broken:,} numbers of {name} are NaN or infinite")


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
