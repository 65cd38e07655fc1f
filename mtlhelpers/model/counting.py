"""How much trains, what that takes in memory, and in work per word piece.

Lesson: 02_counting_parameters. Two independent ways to the same figures: unique
tensors of a live model, and a formula from the configuration alone.
"""

from collections.abc import Sequence

import pandas as pd
from transformers import BertConfig

from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.freezing import part_tensors
from mtlhelpers.model.scenarios import SCENARIOS, Scenario
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
) -> pd.DataFrame:
    """Return one row per scenario, from the configuration alone.

    Columns: `total`, `trainable`, `share` (0 to 1); `backbone_mode`; `optimizer_bytes`
    (AdamW's two moments and the gradient, float32); `forward_flops` and
    `backward_flops`, per word piece of a sentence of `length` pieces (a multiply-add
    is two). `labels` and `tags` are counts or names.
    """
    config = backbone_config(backbone)
    label_count, tag_count = _count(labels), _count(tags)
    parts = part_sizes(config, label_count, tag_count)
    total = sum(parts.values())
    rows = {}
    for name, scenario in SCENARIOS.items():
        trainable = sum(size for part, size in parts.items() if _trains(scenario, part))
        forward, backward = flops(config, scenario, label_count, tag_count, length)
        rows[name] = {
            "total": total,
            "trainable": trainable,
            "share": trainable / total,
            "backbone_mode": "train" if "backbone" in scenario.train else "eval",
            "optimizer_bytes": trainable * ADAMW_VALUES * FLOAT_BYTES,
            "forward_flops": forward,
            "backward_flops": backward,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario")


def part_sizes(config: BertConfig, labels: int, tags: int) -> dict[str, int]:
    """Parameters of each part, by the formula of BERT (Devlin et al. 2019, section 3).

    With width H and inner width I a layer has 4(H² + H) for attention, 2HI + I + H for
    the feed-forward, and 4H for two layer norms.
    """
    width, inner = config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    layer = 4 * (width**2 + width) + 2 * width * inner + inner + width + 4 * width
    sizes = {"backbone.embeddings": rows * width + 2 * width}
    for i in range(config.num_hidden_layers):
        sizes[f"backbone.layer.{i}"] = layer
    sizes["sentence_classifier"] = labels * (width + 1) if labels else 0
    sizes["ner_classifier"] = tags * (width + 1) if tags else 0
    return sizes


def pooler_size(config: BertConfig) -> int:
    """Parameters of the pooler, which published counts include; not used here."""
    return config.hidden_size**2 + config.hidden_size


def flops(
    config: BertConfig, scenario: Scenario, labels: int, tags: int, length: int
) -> tuple[int, int]:
    """Floating-point operations per word piece, (forward, backward).

    Matrix products alone. Backward costs one product for each weight that trains, and
    one to carry the gradient below it: through the layers above the lowest that trains,
    and no further.
    """
    width, inner = config.hidden_size, config.intermediate_size
    weights = 2 * (4 * width**2 + 2 * width * inner)
    attention = 2 * 2 * length * width  # scores, and values weighted by them
    sentence = 2 * width * labels // length  # once per sentence, spread over its pieces
    head = {"sentence_classifier": sentence, "ner_classifier": 2 * width * tags}
    above_queries = 2 * (width**2 + 2 * width * inner)
    layers = [f"backbone.layer.{i}" for i in range(config.num_hidden_layers)]
    lowest = _lowest_trainable(scenario, layers)

    forward = len(layers) * (weights + attention) + sum(head.values())
    backward = sum(
        cost * (1 + (lowest <= len(layers)))
        for part, cost in head.items()
        if part in scenario.train
    )
    for i, layer in enumerate(layers, start=1):
        backward += (weights if _trains(scenario, layer) else 0) if i >= lowest else 0
        # Attention has no weights of its own: its two products cost two each way.
        backward += 2 * attention if i >= lowest else 0
        # In the lowest layer that trains the gradient stops at query, key and value.
        backward += weights if i > lowest else above_queries if i == lowest else 0
    return forward, backward


def _lowest_trainable(scenario: Scenario, layers: list[str]) -> int:
    """0 for the embeddings, 1 for the first layer, …, one past the last for none."""
    if _trains(scenario, "backbone.embeddings"):
        return 0
    found = [i for i, layer in enumerate(layers, start=1) if _trains(scenario, layer)]
    return min(found, default=len(layers) + 1)


def _trains(scenario: Scenario, part: str) -> bool:
    return part in scenario.train or part.split(".")[0] in scenario.train


def _count(names: int | Sequence[str]) -> int:
    return names if isinstance(names, int) else len(names)
