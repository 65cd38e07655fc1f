"""Every recorded way to train as rows: what trained, its scores, its runs.

Lesson: 02_counting_parameters; the site's explorer and board too. Runs of one study
that differ in their seed alone are one row. Studies that only chose settings are left
out: their scores are those of validation.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from statistics import median
from typing import Any

from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.scenarios import SCENARIOS, Scenario
from mtlhelpers.study.protocol import SCORE_OF, TASKS, TEST_SET_NAMES
from mtlhelpers.study.records.arms import Studies
from mtlhelpers.study.records.record import Record
from mtlhelpers.study.verdicts.intervals import t_interval

_SETTINGS = ("epochs", "backbone_lr", "head_lr", "batch_size")
_KEPT_BY = {
    "lwf": "distillation",
    "replay": "replay",
    "l2sp": "L2-SP",
    "ewc": "EWC",
}
_ALONE = {"sentence": "labels alone", "ner": "names alone"}
_PARTS = {
    "sentence_classifier": "the sentence head",
    "ner_classifier": "the NER head",
    "embeddings": "the embeddings",
}
# Studies whose settings were chosen on validation come first.
TUNED = ("transfer", "wider", "parts", "frozen_heads", "further")
_WAYS = {
    "none_frozen": "everything",
    "all_frozen": "nothing",
    "backbone_frozen": "both heads, backbone frozen",
    "sentence_head_frozen": "all but the sentence head",
    "sentence_head_and_backbone_frozen": "the NER head alone",
    "ner_head_frozen": "all but the NER head",
    "ner_head_and_backbone_frozen": "the sentence head alone",
    "bitfit": "heads and biases (BitFit)",
    "layernorm": "heads and layer norms",
    "lora": "heads and LoRA on all maps",
    "lora_qv": "heads and LoRA on query and value",
    "heads_first": "heads first, then everything",
    "class_means": "class means, no step",
    "frozen_best": "better heads, backbone frozen",
}


def recorded_rows(studies: Studies, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield a row per way, corpus, size and setting, of the studies that are named."""
    for study in sorted(names, key=_rank):
        if study.endswith("_tuning"):
            continue
        for runs in alike(studies.all(study)):
            yield _row(study, runs)


def _rank(study: str) -> tuple[int, str]:
    """Return what studies are sorted by."""
    return (TUNED.index(study) if study in TUNED else len(TUNED), study)


def alike(records: Iterable[Record]) -> list[list[Record]]:
    """Return the records in groups that differ in their seeds alone."""
    found: dict[str, list[Record]] = {}
    for one in records:
        where = (one["arm"], one["corpus"], one["backbone"], _unseeded(one["plan"]))
        found.setdefault(json.dumps(where, sort_keys=True), []).append(one)
    groups = [
        sorted(runs, key=lambda run: run["plan"]["seed"]) for runs in found.values()
    ]
    return sorted(groups, key=_place)


def _unseeded(plan: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a plan without seeds, of its earlier stages too."""
    if plan is None:
        return None
    return {**plan, "seed": 0, "first": _unseeded(plan.get("first"))}


def _place(runs: Sequence[Record]) -> tuple[Any, ...]:
    """Return what rows are sorted by: corpus, size, arm."""
    first = runs[0]
    return first["corpus"], first["plan"]["train_size"] or 10**9, first["arm"]


def _row(study: str, runs: Sequence[Record]) -> dict[str, Any]:
    """Return what is said of runs that are alike."""
    first = runs[0]
    plan = first["plan"]
    memory = [one["peak_memory_bytes"] for one in runs if one["peak_memory_bytes"]]
    return {
        "study": study,
        "arm": first["arm"],
        "way": way_in_words(plan),
        "after": way_in_words(plan["first"]) if plan["first"] else "",
        "corpus": TEST_SET_NAMES.get(first["corpus"], first["corpus"]),
        "backbone": first["backbone"],
        "size": plan["train_size"],
        "trains": trained_parts(plan, _depth(first["backbone"])),
        "settings": ", ".join(
            f"{key} {plan[key]}" for key in _SETTINGS if plan.get(key) not in (None, 0)
        ),
        "trainable": first["trainable_parameters"],
        "seconds": round(median(one["seconds"]["total"] for one in runs), 1),
        "memory": median(memory) if memory else None,
        "scores": [mean_score(runs, score) for score in SCORE_OF.values()],
        "runs": [
            [
                one["id"],
                one["plan"]["seed"],
                *(_points(one, s) for s in SCORE_OF.values()),
            ]
            for one in runs
        ],
    }


def way_in_words(plan: dict[str, Any]) -> str:
    """Return what a stage trains, and how, in words."""
    scenario = plan["scenario"]
    if isinstance(scenario, dict):
        parts = (part.removeprefix("backbone.") for part in scenario["train"])
        said = listed(
            [_PARTS.get(p) or f"layer {int(p.split('.')[1]) + 1}" for p in parts]
        )
    else:
        said = _WAYS.get(scenario, scenario.replace("_", " "))
    tasks = plan["tasks"] or list(_ALONE)
    alone = [_ALONE[task] for task in tasks] if len(tasks) == 1 else []
    heads = [SCENARIOS[scenario].tasks] if isinstance(scenario, str) else []
    if alone and heads and len(heads[0]) > 1:
        said += f", {alone[0]}"
    kept = _KEPT_BY.get(plan["retention"] or "", plan["retention"])
    return f"{said}, {kept}" if kept else said


@lru_cache
def _depth(backbone: str) -> int:
    """Return how many layers a backbone has."""
    return int(backbone_config(backbone.removeprefix("random:")).num_hidden_layers)


def trained_parts(plan: dict[str, Any], depth: int) -> list[str]:
    """Return the parts that train, layers numbered from 1 at the bottom."""
    scenario = plan["scenario"]
    found = Scenario(**scenario) if isinstance(scenario, dict) else SCENARIOS[scenario]
    parts: list[str] = []
    for part in found.limited_to(plan["tasks"] or TASKS).train:
        name = part.removeprefix("backbone.")
        if part == "backbone":
            parts += ["embeddings", *(f"layer {n}" for n in range(1, depth + 1))]
        elif name.startswith("layer."):
            number = int(name.removeprefix("layer."))
            parts.append(f"layer {number % depth + 1}")
        else:
            parts.append(name)
    return sorted(parts)


def _points(run: Record, score: str) -> float | None:
    """Return a score on test in per cent; None where the corpus has no such task."""
    found = run["scores"][score]
    return None if found is None else round(100 * found, 2)


def mean_score(runs: Sequence[Record], score: str) -> list[float] | None:
    """Return the mean over seeds with its interval; of one seed, the score alone."""
    found = [one["scores"][score] for one in runs]
    if None in found:
        return None
    if len(found) < 2:
        return [round(100 * found[0], 2)]
    over = t_interval(found)
    ends = over.difference, max(over.low, 0.0), min(over.high, 1.0)
    return [round(100 * end, 2) for end in ends]


def listed(parts: Iterable[str]) -> str:
    """Return a list in words: a, b and c."""
    *some, last = parts
    return f"{', '.join(some)} and {last}" if some else last
