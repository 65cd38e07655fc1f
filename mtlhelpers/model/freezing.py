"""What freezing takes: no gradient, none left over, and eval mode.

Lessons: 02_counting_parameters, 03_everything_frozen. Freezing a tensor is three
things: no gradient is computed for it, none is left over on it, and the part it belongs
to stays in eval mode. A module is in train mode if anything in it trains: with biases
alone all dropout acts, with LoRA on query and value that of attention alone.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from mtlhelpers.model.encoders.families import stack_of
from mtlhelpers.model.lora import adapt, adapters
from mtlhelpers.model.scenarios import (
    LORA_ALPHA,
    LORA_RANK,
    Scenario,
    find_scenario,
    layer_number,
)
from mtlhelpers.model.shared import SharedModel


def apply_scenario(
    model: SharedModel,
    scenario: str | Scenario,
    *,
    rank: int = LORA_RANK,
    alpha: float = LORA_ALPHA,
    seed: int = 0,
) -> Scenario:
    """Freeze what the scenario freezes, thaw what it trains; return the scenario.

    Sets `requires_grad`, drops the gradients of frozen tensors (a stale gradient lets
    AdamW move a tensor that no longer takes part), and puts frozen parts in eval mode,
    where `model.train()` leaves them. Build the optimizer afterwards.

    Where LoRA trains, its maps get adapters of this rank and alpha, drawn from the
    seed; adapters of the same kind go on. Where it does not, adapters are merged into
    the weights, which are frozen or trained as the scenario says.
    Raises `ScenarioError` for a layer that the backbone does not have.
    """
    scenario = find_scenario(scenario)
    for part in scenario.train:
        part_tensors(model, part)  # raises before anything is changed
    adapt(model, scenario.lora_maps, rank, alpha, seed)
    trained = {
        id(tensor) for part in scenario.train for tensor in part_tensors(model, part)
    }
    for tensor in model.parameters():
        tensor.requires_grad_(id(tensor) in trained)
        if id(tensor) not in trained:
            tensor.grad = None
    model.train(model.training)
    return scenario


def part_tensors(model: SharedModel, part: str) -> list[Tensor]:
    """The parameters of a named part; none for a head that the model does not have."""
    backbone = model.backbone
    if part == "backbone.biases":  # of layer norms, too, as Ben Zaken et al. have it
        named = backbone.named_parameters()
        return [tensor for name, tensor in named if name.endswith(".bias")]
    if part == "backbone.norms":
        norms = [one for one in backbone.modules() if isinstance(one, nn.LayerNorm)]
        return [tensor for norm in norms for tensor in norm.parameters()]
    if part.startswith("backbone.lora"):
        found = adapters(backbone, Scenario((part,)).lora_maps).values()
        return [tensor for one in found for tensor in (one.lora_a, one.lora_b)]
    module = _part_module(model, part)
    return [] if module is None else list(module.parameters())


def frozen_tensors(model: SharedModel) -> dict[str, Tensor]:
    """Everything that must not move: frozen parameters, and the buffers of parts that
    are wholly frozen, by name."""
    frozen: dict[str, Tensor] = {
        name: tensor
        for name, tensor in model.named_parameters()
        if not tensor.requires_grad
    }
    for name, module in model.named_modules():
        own = list(module.parameters())
        if own and not any(tensor.requires_grad for tensor in own):
            prefix = f"{name}." if name else ""
            frozen |= {prefix + key: buffer for key, buffer in module.named_buffers()}
    return frozen


def trainable_tensors(model: SharedModel, part: str | None = None) -> list[Tensor]:
    """The parameters that train, of the whole model or of one part, each once."""
    tensors: Iterable[Tensor] = (
        model.parameters() if part is None else part_tensors(model, part)
    )
    return [tensor for tensor in tensors if tensor.requires_grad]


def frozen_up_to(model: SharedModel) -> int:
    """The highest hidden state that no step can move: -1 where the embeddings train,
    the number of layers where the whole backbone is frozen."""
    parts = stack_of(model.backbone)
    for number, part in enumerate(parts):
        if any(tensor.requires_grad for tensor in part.parameters()):
            return number - 1
    return len(parts) - 1


def _part_module(model: SharedModel, part: str) -> nn.Module | None:
    if not part.startswith("backbone."):
        module: nn.Module | None = getattr(model, part)
        return module
    lowest, *layers = stack_of(model.backbone)
    if part == "backbone.embeddings":
        return lowest
    return layers[layer_number(part, len(layers))]
