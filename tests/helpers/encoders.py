"""Tiny encoders of every family, with tokenizers of its kind that are trained here."""

from functools import cache
from pathlib import Path

import torch
from helpers import tiny
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import CONFIG_MAPPING, PreTrainedConfig, PreTrainedTokenizerFast

from mtlhelpers.model.encoders.families import FAMILIES, build_encoder

MARKS = ("<s>", "<pad>", "</s>", "<unk>")  # 0 to 3 in most, as RoBERTa has them
SIZES = {
    "vocab_size": 320,
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "pad_token_id": 1,
}
OWN = {
    "electra": {"embedding_size": 8},
    "distilbert": {"hidden_dim": 32},
    "deberta-v2": {
        "relative_attention": True,
        "position_buckets": 8,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    "modernbert": {
        "local_attention": 4,
        "global_attn_every_n_layers": 2,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "cls_token_id": 0,
        "sep_token_id": 2,
    },
}
BYTE_LEVEL = ("roberta", "modernbert")


def config_of(family: str, **changed: object) -> PreTrainedConfig:
    """Of an encoder with four layers, 16 wide."""
    made = CONFIG_MAPPING[family]
    sizes = {made.attribute_map.get(name, name): size for name, size in SIZES.items()}
    if family == "distilbert":
        del sizes["intermediate_size"]
    return made(**sizes | OWN.get(family, {}) | changed)


@cache
def tokenizer_of(family: str) -> PreTrainedTokenizerFast:
    """Byte-level pieces, or those of a unigram model, of the tiny corpus's words."""
    texts = [" ".join(row.tokens) for row in tiny.rows("train", 24)]
    marks = {"special_tokens": list(MARKS), "show_progress": False}
    if family in BYTE_LEVEL:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        letters = pre_tokenizers.ByteLevel.alphabet()
        if family == "modernbert":  # its marks lie beside the vocabulary
            marks["special_tokens"] = []
        trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=letters, **marks)
    else:
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=100, unk_token="<unk>", **marks)
    made.train_from_iterator(texts, trainer)
    made.add_special_tokens(list(MARKS))
    around = [(mark, made.token_to_id(mark)) for mark in ("<s>", "</s>")]
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=around
    )
    named = dict(zip(("cls_token", "pad_token", "sep_token", "unk_token"), MARKS))
    return PreTrainedTokenizerFast(tokenizer_object=made, **named)


def save_family(family: str, folder: Path, **changed: object) -> Path:
    """Write a random encoder and its tokenizer as a folder that can be loaded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        build_encoder(config_of(family, **changed)).save_pretrained(folder)
    tokenizer_of(family).save_pretrained(folder)
    return folder


EVERY = tuple(FAMILIES)
