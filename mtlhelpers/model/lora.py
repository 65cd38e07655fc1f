"""LoRA: frozen linear maps, each with two small matrices that train beside it.

A map W gives x Wᵀ + b; with an adapter of rank r, x Wᵀ + b + alpha / r · (x Aᵀ) Bᵀ (Hu
et al. 2022, section 4.1). Names and values of W and b stay as they are. Shapes: A is
(r, in), B is (out, r) and starts at zero, so that nothing changes before it trains.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.data.streams import stream
from mtlhelpers.errors import BackboneError
from mtlhelpers.model.backbone_files import blaming
from mtlhelpers.model.digests import digest_tensors
from mtlhelpers.model.encoders.families import family_of, layers_of, map_places
from mtlhelpers.model.saving import REMEDY, contents_digest, read_contents
from mtlhelpers.model.scenarios import LORA_MAPS

if TYPE_CHECKING:
    from mtlhelpers.model.shared import SharedModel


class AdaptedLinear(nn.Linear):
    """A linear map with an adapter."""

    lora_a: nn.Parameter  # (r, in)
    lora_b: nn.Parameter  # (out, r)
    lora_scale: Tensor  # (), alpha / r

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        plain = super().forward(input)
        low = nn.functional.linear(input, self.lora_a) * self.lora_scale  # (..., r)
        # One product adds to the other: no third tensor of the output's size.
        rows = plain.flatten(0, -2), low.flatten(0, -2)
        return torch.addmm(*rows, self.lora_b.t()).view(plain.shape)


def adapters(
    backbone: PreTrainedModel, maps: Sequence[str] = tuple(LORA_MAPS)
) -> dict[str, AdaptedLinear]:
    """Return the maps that have an adapter, by their names in the backbone."""
    return {
        name: module
        for name, module in _linear_maps(backbone, maps)
        if isinstance(module, AdaptedLinear)
    }


def _linear_maps(
    backbone: PreTrainedModel, maps: Sequence[str]
) -> Iterator[tuple[str, nn.Linear]]:
    places = map_places(backbone.config, maps)
    where = family_of(backbone.config).layers
    for number, layer in enumerate(layers_of(backbone)):
        for place in places:
            linear = layer.get_submodule(place)
            if isinstance(linear, nn.Linear):
                yield f"{where}.{number}.{place}", linear


def adapt(
    model: "SharedModel", maps: Sequence[str], rank: int, alpha: float, seed: int
) -> None:
    """Give these maps of every layer an adapter, and no other map.

    Adapters of just this kind are kept as they are. Others are merged into the weights
    first. A is drawn as PyTorch draws a linear map's weights, from the seed's own
    stream for each map.
    """
    wanted = dict(_linear_maps(model.backbone, maps))
    have = adapters(model.backbone)
    alike = all(
        len(one.lora_a) == rank and float(one.lora_scale) == _scale(alpha, rank)
        for one in have.values()
    )
    if wanted.keys() == have.keys() and alike:
        return
    merge_lora(model)
    for name, linear in wanted.items():
        bound = linear.in_features**-0.5
        shape = (rank, linear.in_features)
        drawn = stream(seed, f"lora.{name}").uniform(-bound, bound, size=shape)
        adapted = _add(linear, rank)
        with torch.no_grad():
            adapted.lora_a.copy_(torch.from_numpy(drawn))
            adapted.lora_scale.fill_(_scale(alpha, rank))


def _scale(alpha: float, rank: int) -> float:
    return float(torch.tensor(alpha / rank))  # in float32, as it is kept


def _add(linear: nn.Linear, rank: int) -> AdaptedLinear:
    """Make the map itself an adapted one; whoever holds it sees that."""
    linear.__class__ = AdaptedLinear
    weight = linear.weight.detach()
    linear.lora_a = nn.Parameter(weight.new_zeros(rank, linear.in_features))
    linear.lora_b = nn.Parameter(weight.new_zeros(linear.out_features, rank))
    linear.register_buffer("lora_scale", weight.new_ones(()))
    assert isinstance(linear, AdaptedLinear)
    return linear


def _remove(adapted: AdaptedLinear) -> None:
    del adapted.lora_a, adapted.lora_b, adapted.lora_scale
    adapted.__class__ = nn.Linear  # type: ignore[assignment]


@torch.no_grad()
def merge_lora(model: "SharedModel") -> None:
    """Add every adapter to the weights of its map, and remove it.

    Outputs stay as they are, to rounding: 1e-5 on the hidden states.
    """
    for adapted in adapters(model.backbone).values():
        change = adapted.lora_b @ adapted.lora_a  # (out, in)
        adapted.weight += adapted.lora_scale * change
        _remove(adapted)


def fit_adapters(
    backbone: PreTrainedModel, state: Mapping[str, Tensor], prefix: str = "", *_: Any
) -> None:
    """Give a backbone room for the adapters that a state dictionary holds.

    Called before a state is loaded. A map of which it has the weights and no adapter
    loses its own; a map of which it has nothing stays as it is.
    """
    for name, linear in list(_linear_maps(backbone, tuple(LORA_MAPS))):
        low = state.get(f"{prefix}{name}.lora_a")
        if low is None and f"{prefix}{name}.weight" not in state:
            continue
        if isinstance(linear, AdaptedLinear):
            _remove(linear)
        if low is not None:
            _add(linear, len(low))


def save_lora(model: "SharedModel", path: str | Path) -> None:
    """Write the adapters and the heads into one small safetensors file.

    The backbone's own weights are not in it: their digest is. Raises `BackboneError`
    where there is no adapter, and `OSError` where writing fails.
    """
    if not adapters(model.backbone):
        raise BackboneError("no adapter to save: train lora first, or use model.save()")
    tensors = {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if not name.startswith("backbone.") or ".lora_" in name
    }
    reads = json.dumps([model.pooling, list(model.layers)])
    texts = {"about": json.dumps(_about(model)), "reads": reads}
    texts["sha256"] = contents_digest(tensors, texts)
    write_atomically(Path(path), safetensors.torch.save(tensors, metadata=texts))


def load_lora(model: "SharedModel", path: str | Path) -> None:
    """Put adapters and heads that `save_lora` wrote into a model on their backbone.

    Adapters that it has give way. Raises `BackboneError` for a damaged file, another
    backbone, or other labels or tags, and changes nothing then.
    """
    path, own = Path(path), _about(model)
    with blaming(path, REMEDY):
        texts, state = read_contents(path)
        saved, (pooling, layers) = (
            json.loads(texts["about"]),
            json.loads(texts["reads"]),
        )
        other = [key for key, value in own.items() if saved[key] != value]
    if other:
        raise BackboneError(
            f"{path} was made for another model: {', '.join(other)} differ. Load it "
            f"into a model with the backbone, labels, tags and heads that it was "
            f"trained with."
        )
    model.read(pooling, layers)
    fit_adapters(model.backbone, state, "backbone.")
    model.load_state_dict(state, strict=False)


def _about(model: "SharedModel") -> dict[str, Any]:
    """Say what must be the same where adapters are loaded."""
    backbone, heads = {}, {}
    for name, tensor in model.state_dict().items():
        if not name.startswith("backbone."):
            heads[name] = list(tensor.shape)
        elif ".lora_" not in name:
            backbone[name] = tensor
    return {
        "the backbone's weights": digest_tensors(backbone),
        "labels": model.labels,
        "tags": model.tags,
        "heads": heads,
    }
