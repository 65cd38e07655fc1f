"""Trainings at the limits: odd plans, odd corpora, and numbers that are not finite."""

import math
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import torch
from helpers import tiny

import mtlhelpers as mtl
from faults.case import RIGHT, Case
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.data.rows import Row
from mtlhelpers.training import loop

# Values of plan fields at their limits, and beyond what makes sense.
LIMITS: dict[str, list[Any]] = {
    "scenario": [*mtl.SCENARIOS],
    "epochs": [1, 2],
    "seed": [0, 2**31, 2**63, 10**30],
    "train_size": [1, 2, 3, 24, 10**9, None],
    "skip": [0, 1, 23, 24, 10**9],
    "tasks": [("ner",), ("sentence",), ("sentence", "ner"), (), None],
    "loss_weights": [
        {"sentence": one, "ner": other}
        for one in (0, 1e-300, 1, 1e300)
        for other in (0, 1, 1e38)
    ],  # fmt: skip
    "backbone_lr": [0, 1e-300, 1.0, None],
    "head_lr": [0, 1e-300, 1.0, None],
    "batch_size": [1, 2, 24, 10**9, 2**63, None],
    "warmup": [0, 1, 0.5],
    "weight_decay": [0, 1, 1e308],
    "clip_norm": [5e-324, 1.0, 1e308],
    "select": [None, "accuracy", "macro_f1", "ner_f1", "exact_match"],
    "track": [True, False],
    "retention": [None, "l2sp", "ewc", "lwf", "replay"],
    "retention_strength": [5e-324, 1.0, 1e308],
    "pooling": [None, "mean", "first"],
    "layers": [None, (), (0,), (2,), (0, 1, 2), (1, 1), (10**9,)],
    "standardise": [True, False],
    "fresh_heads": [True, False],
    "lora_rank": [1, 32, 33, 4096],
    "lora_alpha": [5e-324, 1.0, 1e308],
    "heads": [None, {"ner": "crf"}, {"ner": "bilstm"}, {"sentence": "linear"}],
}


def _whole() -> dict[str, list[Row]]:
    sizes = {"train": 24, "validation": 9, "test": 9}
    return {split: tiny.rows(split, size) for split, size in sizes.items()}


def _without(task: str, split: str) -> dict[str, list[Row]]:
    splits = _whole()
    left = {"labels": task != "sentence", "tags": task != "ner"}
    splits[split] = tiny.rows(split, len(splits[split]), **left)
    return splits


def _seen_once() -> dict[str, list[Row]]:
    splits = _whole()
    splits["train"].append(tiny.row("one", "Ada alone", "B-person O", "alone"))
    splits["test"].append(tiny.row("other", "Bo there", "B-person O", "alone"))
    return splits


def _of_one() -> dict[str, list[Row]]:
    return {split: rows[:1] for split, rows in _whole().items()}


def _long() -> dict[str, list[Row]]:
    splits = _whole()
    words = " ".join(["Ada"] * 10_000)
    splits["train"].append(tiny.row("long", words, " ".join(["O"] * 10_000), "go"))
    return splits


def _many_labels() -> dict[str, list[Row]]:
    splits = _whole()
    splits["train"] += [
        tiny.row(f"l{one}", f"go now {one}", "O O O", f"label {one}")
        for one in range(1000)
    ]
    return splits


CORPORA: dict[str, Callable[[], dict[str, list[Row]]]] = {
    "whole": _whole,
    "a class seen once": _seen_once,
    "one sentence per split": _of_one,
    "10,000 words": _long,
    "1,000 labels": _many_labels,
    **{
        f"{split} without {task}": partial(_without, task, split)
        for split in ("train", "validation", "test")
        for task in ("sentence", "ner")
    },  # fmt: skip
}


@cache
def _corpus(name: str) -> mtl.Corpus:
    return build_corpus(name, CORPORA[name]())


def numbers(random: Random, room: Path, number: int) -> Case:
    """A training at some limits: finite in the end, or stopped with a reason."""
    name = random.choice(["whole", "whole", *CORPORA])
    fields = random.sample(sorted(LIMITS), random.randint(1, 4))
    asked = {field: random.choice(LIMITS[field]) for field in fields}
    trouble = random.choice(["", "", "weight", "loss", "gradient"])
    value = random.choice([math.nan, math.inf, -math.inf])

    def act() -> str:
        corpus = _corpus(name)
        plan = tiny.plan(**asked)
        if trouble:
            return _stopped(corpus, trouble, value)
        model = tiny.model(corpus)
        run = tiny.train(model, corpus, plan)
        if not run.proof.holds:
            return f"moved: {run.proof.moved}"
        return _not_finite(model) or RIGHT

    shown = f"{trouble} of {value}" if trouble else str(asked)
    return Case(f"{name}, {shown}", act)


def _not_finite(model: mtl.SharedModel) -> str:
    bad = [n for n, t in model.state_dict().items() if not t.isfinite().all()]
    return f"not finite: {bad}" if bad else ""


def _stopped(corpus: mtl.Corpus, trouble: str, value: float) -> str:
    """Put a number that is not finite into a training; what is wrong with its end."""
    model, seen = tiny.model(corpus), 0
    plain = loop.loss_function

    def spoilt(*given: Any) -> Any:
        losses_of = plain(*given)

        def spoil(rows: Any) -> Any:
            nonlocal seen
            seen += 1
            batch = losses_of(rows)
            if seen == 2:
                task = next(iter(batch.losses))
                if trouble == "loss":
                    batch.losses[task] = batch.losses[task] * value
                else:
                    batch.losses[task].register_hook(lambda one: one * value)
            return batch

        return spoil

    if trouble == "weight":
        with torch.no_grad():
            next(model.backbone.parameters())[0, 0] = value
    try:
        with patch.object(loop, "loss_function", spoilt):
            tiny.train(model, corpus, tiny.plan(batch_size=1))
    except mtl.MTLError as error:
        if trouble == "weight":
            told = "backbone" in str(error)
        else:
            part = "loss_" if trouble == "loss" else "gradient_norm_"
            told = "in step 2" in str(error) and part in str(error)
            told &= not _not_finite(model)
        return RIGHT if told else f"not told where: {error}"
    return "not noticed" if seen > 1 or trouble == "weight" else RIGHT
