"""The benchmarks are scripts in a folder of their own, which tests import from.

They run on a model of a few thousand parameters; no time is judged.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import hardware
from training_case import TrainingCase

WORDS = ("play", "call", "rain", "sun", "Ada", "Rome", "now", "please")


@pytest.fixture(autouse=True)
def small_and_one_thread(monkeypatch) -> Iterator[None]:
    """Small products, by one thread: on a busy machine more threads lose tenfold."""
    monkeypatch.setitem(hardware.SIZES, "cpu", 64)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> dict[str, str]:
    """A tiny corpus and the folder of a tiny backbone, as a case names them."""
    folder = tmp_path_factory.mktemp("bench")
    return {
        "corpus": str(_corpus(folder / "corpus")),
        "backbone": str(_backbone(folder / "backbone")),
    }


@pytest.fixture
def case(tiny) -> TrainingCase:
    """Ten steps of a training."""
    return TrainingCase(
        name="tiny",
        scenario="none_frozen",
        sentences=40,
        epochs=2,
        learning_rate=1e-3,
        batch_size=8,
        bars={"seconds": 1.0, "peak_bytes": 1.0, "work_share": 0.5},
        aims=("work_share",),
        **tiny,
    )


def _corpus(folder: Path) -> Path:
    draw = random.Random(0)
    folder.mkdir()
    for split, size in {"train": 100, "validation": 10, "test": 10}.items():
        rows = [_sentence(draw, f"{split}{i}") for i in range(size)]
        rows.append(rows[0] | {"id": f"{split} again"})  # one sentence twice
        lines = map(json.dumps, rows)
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _sentence(draw: random.Random, name: str) -> dict:
    tokens = draw.choices(WORDS, k=draw.randint(2, 12))
    tags = ["B-name" if token[0].isupper() else "O" for token in tokens]
    return {"id": name, "tokens": tokens, "tags": tags, "label": tokens[0].lower()}


def _backbone(folder: Path) -> Path:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str.lower, WORDS)]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
