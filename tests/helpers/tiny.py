"""A backbone, models and corpora so small that a test can train them many times."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import BertConfig, BertModel, BertTokenizer

import mtlhelpers as mtl
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.data.rows import Row, read_row

# fmt: off
VOCABULARY = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ada", "bo", "cy", "rome", "york",
    "new", "play", "call", "go", "to", "the", "a", "again", "now", "please", "##s",
    "##n", "song", "left", ",", ".",
)
# fmt: on
ROW_KEYS = (
    "scenario",
    "seed",
    "total_parameters",
    "trainable_parameters",
    "accuracy",
    "ner_f1",
    "exact_match",
    "accuracy_before",
    "ner_f1_before",
    "exact_match_before",
    "train_seconds",
    "frozen_max_change",
)
PLACES = (["Rome"], ["New", "York"])
FILLERS = ("now", "please", "again", "the", "songs", "left")


@cache
def tokenizer() -> BertTokenizer:
    """Word pieces of `VOCABULARY`: "songs" has two, whatever is unknown has one."""
    numbers = {piece: number for number, piece in enumerate(VOCABULARY)}
    return BertTokenizer(vocab=numbers, do_lower_case=True, model_max_length=128)


def encoder(seed: int = 0, **config: int) -> BertModel:
    """A random encoder of two layers, 32 wide, dropout as in BERT."""
    settings = {
        "vocab_size": len(VOCABULARY),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 128,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertModel(BertConfig(**settings | config), add_pooling_layer=False)


def model(corpus: mtl.Corpus, seed: int = 0, pooling: str = "mean") -> mtl.SharedModel:
    """A model for a corpus; every call with one seed gives equal weights."""
    return mtl.SharedModel(
        encoder(), tokenizer(), corpus.labels, corpus.tags, seed=seed, pooling=pooling
    )


def row(name: str, text: str, tags: str | None = None, label: str | None = None) -> Row:
    """A sentence of space-separated words."""
    fields = {"id": name, "tokens": text.split(), "label": label}
    return read_row(fields | {"tags": tags and tags.split()}, "here", name)


def rows(
    split: str, count: int, labels: bool = True, tags: bool = True, lead: str = ""
) -> list[Row]:
    """Sentences whose first word decides the label, with a person or place inside."""
    draw, made = Random(split), []
    for number in range(count):
        verb = ("play", "call", "go")[number % 3]
        person = number % 2 == 0
        span = [draw.choice(["Ada", "Bo", "Cy"])] if person else draw.choice(PLACES)
        kind = "person" if person else "place"
        marks = [f"B-{kind}"] + [f"I-{kind}"] * (len(span) - 1)
        rest = draw.choices(FILLERS, k=draw.randint(0, 4))
        made.append(
            row(
                f"{lead}{split}-{number:03}",
                " ".join([verb, *span, *rest]),
                " ".join(["O", *marks, *["O"] * len(rest)]) if tags else None,
                verb if labels else None,
            )
        )
    return made


@cache
def corpus(labels: bool = True, tags: bool = True) -> mtl.Corpus:
    """24 sentences to train on, 9 to choose by, 9 to test; joint unless told."""
    sizes = {"train": 24, "validation": 9, "test": 9}
    splits = {split: rows(split, size, labels, tags) for split, size in sizes.items()}
    return build_corpus("tiny", splits)


@cache
def disjoint_corpus() -> mtl.Corpus:
    """24 sentences with a label alone, 12 with tags alone."""
    sizes = {"train": 24, "validation": 9, "test": 9}
    splits = {
        split: rows(split, size, tags=False, lead="l-")
        + rows(split, size // 2, labels=False, lead="t-")
        for split, size in sizes.items()
    }
    return build_corpus("tiny disjoint", splits)


def plan(scenario: str | mtl.Scenario = "none_frozen", **settings) -> mtl.Plan:
    """Three steps, at rates that move a tiny model."""
    few = {"epochs": 1, "batch_size": 8, "backbone_lr": 1e-3, "head_lr": 1e-2}
    if scenario == "heads_first":
        few["first"] = plan("backbone_frozen")
    return mtl.Plan(scenario=scenario, **few | settings)


def train(
    trained: mtl.SharedModel, corpus: mtl.Corpus, plan: mtl.Plan, **named
) -> mtl.Run:
    """`mtl.train` without a progress bar."""
    return mtl.train(trained, corpus, plan, progress=False, **named)


def weights(module: torch.nn.Module) -> dict[str, Tensor]:
    """Copies of all parameters and buffers, by name."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: tensor.detach().clone() for name, tensor in named.items()}


def changed(before: dict[str, Tensor], module: torch.nn.Module) -> set[str]:
    """The names of what is no longer bit-identical, or no longer there."""
    after = weights(module)
    return {
        name
        for name, tensor in before.items()
        if name not in after or not torch.equal(tensor, after[name])
    }


def save_backbone(folder: Path, seed: int = 0) -> Path:
    """Write a tiny encoder as a folder that `from_backbone` reads."""
    encoder(seed).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def edit_weights(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    """Rewrite a folder's weights after `change` was applied to their dictionary."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
