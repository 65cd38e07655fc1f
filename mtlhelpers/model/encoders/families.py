"""An encoder by its parts: what comes first, a stack of layers, what each is given.

Families differ in where their layers lie, in what a layer takes beside the hidden
states, and in the few tensors that lie in neither. Shapes: B sentences, T word pieces,
H the encoder's width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from transformers import MODEL_MAPPING, PreTrainedConfig, PreTrainedModel
from transformers.masking_utils import (
    create_bidirectional_mask,
    create_bidirectional_sliding_window_mask,
)

from mtlhelpers.errors import ScenarioError
from mtlhelpers.model.scenarios import LORA_MAPS

_Beside = Callable[[nn.Module], dict[str, Any]]  # what a layer takes beside the states
_Given = Callable[[PreTrainedModel, Tensor, Tensor | None], _Beside]


def _one_mask(
    backbone: PreTrainedModel, hidden: Tensor, mask: Tensor | None
) -> _Beside:
    given = create_bidirectional_mask(
        config=backbone.config, inputs_embeds=hidden, attention_mask=mask
    )
    return lambda _: {"attention_mask": given}


def _relative(backbone: Any, hidden: Tensor, mask: Tensor | None) -> _Beside:
    """DeBERTa's: how far pieces lie apart (He et al. 2021)."""
    mask = hidden.new_ones(hidden.shape[:2]) if mask is None else mask
    given = {
        "attention_mask": backbone.encoder.get_attention_mask(mask),
        "relative_pos": backbone.encoder.get_rel_pos(hidden),
        "rel_embeddings": backbone.encoder.get_rel_embedding(),
    }
    return lambda _: given


def _rotary(backbone: Any, hidden: Tensor, mask: Tensor | None) -> _Beside:
    """ModernBERT's: layers that see everything, and others that see what is near."""
    asked = backbone.config, hidden, mask
    masks = {
        "full_attention": create_bidirectional_mask(*asked),
        "sliding_attention": create_bidirectional_sliding_window_mask(*asked),
    }
    places = hidden.new_ones(1, hidden.shape[1]).long().cumsum(1) - 1  # (1, T)
    kinds = set(backbone.config.layer_types)
    turns = {kind: backbone.rotary_emb(hidden, places, kind) for kind in kinds}
    return lambda layer: {
        "attention_mask": masks[layer.attention_type],  # type: ignore[index]
        "position_embeddings": turns[layer.attention_type],
    }


_BERT_MAPS = (
    *("attention.self.query", "attention.self.key", "attention.self.value"),
    *("attention.output.dense", "intermediate.dense", "output.dense"),
)


@dataclass(frozen=True)
class Family:
    """Where a kind of encoder keeps what; names are those of its modules."""

    layers: str = "encoder.layer"
    lowest: tuple[str, ...] = ("embeddings",)  # they train as `backbone.embeddings`
    last: str = ""  # trains with the last layer
    given: _Given = _one_mask
    pooled: bool = False  # whether it has a pooler, to be left out
    skipped: int = 0  # learned positions that no word piece takes
    maps: tuple[str, ...] = _BERT_MAPS  # of a layer, in the order of `LORA_MAPS`


_DEBERTA_MAPS = (
    *("attention.self.query_proj", "attention.self.key_proj"),
    *("attention.self.value_proj", *_BERT_MAPS[3:]),
)
_DISTILBERT_MAPS = (
    *("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"),
    *("ffn.lin1", "ffn.lin2"),
)
_MODERNBERT_MAPS = (*["attn.Wqkv"] * 3, "attn.Wo", "mlp.Wi", "mlp.Wo")
_ROBERTA = Family(pooled=True, skipped=2)
FAMILIES = {
    "bert": Family(pooled=True),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "electra": Family(lowest=("embeddings", "embeddings_project")),
    "distilbert": Family(layers="transformer.layer", maps=_DISTILBERT_MAPS),
    "deberta-v2": Family(
        lowest=("embeddings", "encoder.rel_embeddings", "encoder.LayerNorm"),
        given=_relative,
        maps=_DEBERTA_MAPS,
    ),
    "modernbert": Family(
        layers="layers", last="final_norm", given=_rotary, maps=_MODERNBERT_MAPS
    ),
}


def family_of(config: PreTrainedConfig) -> Family:
    """The family of an encoder's configuration."""
    return FAMILIES[config.model_type]


def map_places(config: PreTrainedConfig, maps: Sequence[str]) -> list[str]:
    """The linear maps of a layer that these names of `LORA_MAPS` stand for, each once.

    Raises `ScenarioError` for a part of what the encoder keeps as one map.
    """
    places = dict(zip(LORA_MAPS, family_of(config).maps, strict=True))
    found = list(dict.fromkeys(places[one] for one in maps))
    torn = [one for one, place in places.items() if place in found and one not in maps]
    if torn:
        together = [one for one in LORA_MAPS if places[one] == places[torn[0]]]
        raise ScenarioError(
            f"{config.model_type} keeps {', '.join(together)} in one map, so none of "
            f"them has an adapter of its own: train backbone.lora, or name layers"
        )
    return found


def build_encoder(config: PreTrainedConfig) -> PreTrainedModel:
    """An encoder without its pooler, its weights drawn by the library."""
    kind: Any = MODEL_MAPPING[type(config)]
    encoder: PreTrainedModel = kind(config, **without_pooler(config))
    return encoder


def without_pooler(config: PreTrainedConfig) -> dict[str, bool]:
    """What to call a family's class with, so that it has no pooler."""
    return {"add_pooling_layer": False} if family_of(config).pooled else {}


def longest_of(config: PreTrainedConfig) -> int:
    """The word pieces that an encoder can read at once."""
    return int(config.max_position_embeddings) - family_of(config).skipped


def inner_size(config: PreTrainedConfig) -> int:
    """The inner width of a layer's feed-forward."""
    name = "hidden_dim" if config.model_type == "distilbert" else "intermediate_size"
    return int(getattr(config, name))


def layers_of(backbone: PreTrainedModel) -> list[nn.Module]:
    """Its layers, the lowest first."""
    stack = backbone.get_submodule(family_of(backbone.config).layers)
    return list(stack.children())


def stack_of(backbone: PreTrainedModel) -> list[nn.ModuleList]:
    """All its parts: what is below the layers, then each layer; every tensor once."""
    family, inner = family_of(backbone.config), dict(backbone.named_modules())
    lowest = nn.ModuleList([inner[name] for name in family.lowest if name in inner])
    parts = [lowest, *(nn.ModuleList([layer]) for layer in layers_of(backbone))]
    if family.last:
        parts[-1].append(inner[family.last])
    return parts


def climb_layers(
    backbone: PreTrainedModel,
    hidden: Tensor,
    attention_mask: Tensor | None,
    start: int,
    end: int,
) -> dict[int, Tensor]:
    """The hidden states from `start` to `end`, each (B, T, H), run from `start` up.

    They are bit for bit those of a whole pass.
    """
    family, layers = family_of(backbone.config), layers_of(backbone)
    given, states = family.given(backbone, hidden, attention_mask), {start: hidden}
    for number in range(start, end):
        layer = layers[number]
        found = layer(hidden, **given(layer))
        hidden = found[0] if isinstance(found, tuple) else found
        if family.last and number + 1 == len(layers):
            hidden = backbone.get_submodule(family.last)(hidden)
        states[number + 1] = hidden
    return states
