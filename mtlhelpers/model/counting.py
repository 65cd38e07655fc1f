"""How much trains, what that takes in memory, and in work per word piece.

Lesson: 02_counting_parameters. Two independent ways to the same figures: unique
tensors of a live model, and a formula from the configuration alone.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from transformers import PreTrainedConfig

from mtlhelpers.errors import ScenarioError
from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.encoders.sizes import size_maps, size_parts
from mtlhelpers.model.freezing import part_tensors
from mtlhelpers.model.heads.kinds import head_size
from mtlhelpers.model.heads.specs import PRESETS, HeadSpec
from mtlhelpers.model.scenarios import (
    HEADS,
    LORA_MAPS,
    LORA_RANK,
    SCENARIOS,
    Scenario,
    layer_number,
)
from mtlhelpers.model.shared import SharedModel

FLOAT_BYTES = 4
# AdamW keeps two moments for a trainable value, and backward leaves its gradient.
ADAMW_VALUES = 3


def count_parameters(model: SharedModel) -> pd.DataFrame:
    """Count parameters, total and trainable, of each part and of `all`; name its mode.

    Tied tensors count once, with the first part that has them.
    """
    seen: set[int] = set()
    rows = {}
    for part in ("backbone", "sentence_classifier", "ner_classifier"):
        # On the meta device no tensor has memory: there each is known by itself.
        own = {t.data_ptr() or id(t): t for t in part_tensors(model, part)}
        fresh = [tensor for key, tensor in own.items() if key not in seen]
        seen |= own.keys()
        module = getattr(model, part)
        rows[part] = {
            "total": sum(t.numel() for t in fresh),
            "trainable": sum(t.numel() for t in fresh if t.requires_grad),
            "mode": "-" if module is None else "train" if module.training else "eval",
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    whole = {key: table[key].sum() for key in ("total", "trainable")}
    table.loc["all"] = {**whole, "mode": "train" if model.training else "eval"}
    return table


def parameter_table(
    backbone: str = "bert-base-uncased",
    labels: int | Sequence[str] = 7,
    tags: int | Sequence[str] = 13,
    length: int = 16,
    rank: int = LORA_RANK,
) -> pd.DataFrame:
    """Return one row per scenario, from the configuration alone.

    Columns: `total`, `trainable`, `share` (0 to 1); `backbone_mode`; `optimizer_bytes`
    (AdamW's two moments and the gradient, float32); `forward_flops` and
    `backward_flops`, per word piece of a sentence of `length` pieces (a multiply-add
    is two). `labels` and `tags` are counts or names, `rank` is LoRA's. A scenario that
    names more layers than the backbone has is left out.
    """
    config = backbone_config(backbone)
    counts = _count(labels), _count(tags)
    rows = {}
    for name, scenario in SCENARIOS.items():
        try:
            sizes = trained_sizes(config, scenario, *counts, rank)
        except ScenarioError:
            continue
        trainable = sum(sizes.values())
        parts = part_sizes(config, *counts, PRESETS.get(name))
        total = sum(parts.values()) + sizes["backbone.lora"]
        forward, backward = flops(config, scenario, *counts, length, rank)
        rows[name] = {
            "total": total,
            "trainable": trainable,
            "share": trainable / total,
            "backbone_mode": "train" if scenario.moves_backbone else "eval",
            "optimizer_bytes": trainable * ADAMW_VALUES * FLOAT_BYTES,
            "forward_flops": forward,
            "backward_flops": backward,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario")


def part_sizes(
    config: PreTrainedConfig,
    labels: int,
    tags: int,
    heads: Mapping[str, HeadSpec] | None = None,
) -> dict[str, int]:
    """Parameters of each part, by the formula of BERT (Devlin et al. 2019, section 3).

    With width H and inner width I a layer has 4(H² + H) for attention, 2HI + I + H for
    the feed-forward, and 4H for two layer norms. Other families are built without
    memory, and counted.
    """
    width: int = config.hidden_size
    sizes: dict[str, int] = {}
    if config.model_type == "bert":
        inner, rows = config.intermediate_size, config.vocab_size
        rows += config.max_position_embeddings + config.type_vocab_size
        layer = 4 * (width**2 + width) + 2 * width * inner + inner + width + 4 * width
        sizes["backbone.embeddings"] = rows * width + 2 * width
        for i in range(config.num_hidden_layers):
            sizes[f"backbone.layer.{i}"] = layer
    else:
        sizes |= {part: size.total for part, size in size_parts(config).items()}
    for (task, head), count in zip(HEADS.items(), (labels, tags)):
        spec, depth = (heads or {}).get(task, HeadSpec()), config.num_hidden_layers
        sizes[head] = head_size(spec, width, depth, count) if count else 0
    return sizes


def pooler_size(config: PreTrainedConfig) -> int:
    """Parameters of the pooler, which published counts include; not used here."""
    width: int = config.hidden_size
    return width**2 + width


def trained_sizes(
    config: PreTrainedConfig,
    scenario: Scenario,
    labels: int,
    tags: int,
    rank: int = LORA_RANK,
) -> dict[str, int]:
    """Parameters that train, of each part of `part_sizes` and of `backbone.lora`.

    Raises `ScenarioError` for a layer that the backbone does not have.
    """
    whole = _whole_parts(scenario, config.num_hidden_layers)
    heads = PRESETS.get(scenario.name)
    sizes = {
        part: size if part in whole else _thin_size(config, scenario, part)
        for part, size in part_sizes(config, labels, tags, heads).items()
    }
    ends = sum(map(sum, size_maps(config, scenario.lora_maps).values()))
    return {**sizes, "backbone.lora": config.num_hidden_layers * rank * ends}


def _whole_parts(scenario: Scenario, depth: int) -> set[str]:
    """Name the parts that train whole, layers by their numbers from 0."""
    every = {"backbone.embeddings", *(f"backbone.layer.{i}" for i in range(depth))}
    whole = every if "backbone" in scenario.train else set()
    for part in scenario.train:
        is_layer = part.startswith("backbone.layer.")
        number = layer_number(part, depth) if is_layer else None
        whole = whole | {f"backbone.layer.{number}" if is_layer else part}
    return whole


def _thin_size(config: PreTrainedConfig, scenario: Scenario, part: str) -> int:
    """Parameters of a part of the backbone whose biases or layer norms alone train."""
    if not part.startswith("backbone."):
        return 0
    found = size_parts(config)[part]
    size = found.biases if "backbone.biases" in scenario.train else 0
    if "backbone.norms" in scenario.train:
        size += found.norms - (found.norm_biases if size else 0)
    return size


def flops(
    config: PreTrainedConfig,
    scenario: Scenario,
    labels: int,
    tags: int,
    length: int,
    rank: int = LORA_RANK,
) -> tuple[int, int]:
    """Floating-point operations per word piece, (forward, backward).

    Matrix products alone. Backward costs one product for each weight that trains, and
    one to carry the gradient below it: through the layers above the lowest in which
    something trains, and no further. So biases and layer norms spare the weights' own
    products, and an adapter adds two forward and four backward, all of them thin.
    """
    whole_sizes = part_sizes(config, labels, tags, PRESETS.get(scenario.name))
    sentence, ner = (2 * whole_sizes[head] for head in HEADS.values())
    # Without biases; the labels' are spread over the pieces of a sentence.
    head = {"sentence": (sentence - 2 * labels) // length, "ner": ner - 2 * tags}
    sizes = trained_sizes(config, scenario, labels, tags, rank)
    depth = config.num_hidden_layers
    parts = ["backbone.embeddings", *(f"backbone.layer.{i}" for i in range(depth))]
    moving = [i for i, part in enumerate(parts) if sizes[part]]
    # 0 for the embeddings, 1 for the first layer, one past the last for none.
    lowest = min([*moving, 1 if scenario.lora_maps else depth + 1])

    forward, backward = sum(head.values()), 0
    for task in scenario.tasks:
        backward += head[task] * (HEADS[task] in scenario.train)
        backward += head[task] * (lowest <= depth)
    whole = _whole_parts(scenario, depth)
    for i, part in enumerate(parts[1:], start=1):
        ways = _layer_flops(config, scenario, length, rank, i == lowest, part in whole)
        forward += ways[0]
        backward += ways[1] if i >= lowest else 0
    return forward, backward


def _layer_flops(
    config: PreTrainedConfig,
    scenario: Scenario,
    length: int,
    rank: int,
    is_lowest: bool,
    is_whole: bool,
) -> tuple[int, int]:
    """Count a layer, (forward, backward), if the gradient comes to it."""
    width = config.hidden_size
    weights = 2 * size_parts(config)["backbone.layer.0"].matrices
    attention = 2 * 2 * length * width  # scores, and values weighted by them
    thin = 2 * rank * sum(map(sum, size_maps(config, scenario.lora_maps).values()))
    # Attention has no weights of its own: its two products cost two each way.
    backward = 2 * attention + 2 * thin + (weights if is_whole else 0)
    if is_lowest:  # there the gradient stops at query, key and value
        first = {"query", "key", "value"} & set(scenario.lora_maps)
        stopped = size_maps(config, [one for one in LORA_MAPS if one in first])
        backward += weights - 6 * width**2 - 2 * rank * width * len(stopped)
    else:
        backward += weights
    return weights + attention + thin, backward


def _count(names: int | Sequence[str]) -> int:
    return names if isinstance(names, int) else len(names)
