"""The kinds of heads: what one reads, and the module that its kind makes of it.

A head maps features (…, F) to scores (…, C). The plain one is an `nn.Linear`; every
other is a `DeepHead`. Heads of words may look at their neighbours: they take the words
of sentences one after another, (W, F), and the words of each sentence, (B,).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from mtlhelpers.errors import InputError
from mtlhelpers.model.heads.bodies import HIDDEN, BiLstm, Body, Context, Mlp
from mtlhelpers.model.heads.crf import Crf
from mtlhelpers.model.heads.specs import KINDS, HeadSpec
from mtlhelpers.model.layers import LayerReading, check_layers

# What stands below the linear layer, and whether a CRF stands above it.
_MADE_OF: dict[str, tuple[type[Body], bool]] = {
    "linear": (Body, False),
    "mlp": (Mlp, False),
    "context": (Context, False),
    "bilstm": (BiLstm, False),
    "crf": (Body, True),
    "context_crf": (Context, True),
    "bilstm_crf": (BiLstm, True),
}


def reading_of(spec: HeadSpec, usual: tuple[int, ...], last: int) -> LayerReading:
    """Return what a head reads; `usual` are the layers of the model, `last` is the
    number of its last hidden state."""
    joined = spec.combine != "mean"
    every = tuple(range(1, last + 1)) if joined else usual
    return LayerReading(spec.layers or every, joined)


def check_spec(backbone: PreTrainedModel, task: str, given: Any) -> HeadSpec:
    """Return the spec, its layers in order. Raises `ValueError` if it does not fit."""
    spec = HeadSpec.of(given)
    if task not in KINDS or spec.kind not in KINDS[task]:
        kinds = "; ".join(f"{one} {', '.join(own)}" for one, own in KINDS.items())
        raise InputError(f"no {task} head is {spec.kind!r}: there are, for {kinds}")
    if spec != spec.built:
        raise InputError(f"fit {spec.fit!r} is a plan's: name it in Plan(heads=…)")
    if spec.layers is None:
        return spec
    return replace(spec, layers=check_layers(backbone, spec.layers))


class DeepHead(nn.Module):
    """Standardised features, mixed or not, a body, a linear layer, a CRF or none.

    `shift` and `scale` are 0 and 1 unless a plan standardises. The mix of S hidden
    states is their mean weighted by a softmax over S learned numbers (Peters et al.
    2018, equation 1, without their factor, which the linear layer has).
    """

    shift: Tensor  # (F,)
    scale: Tensor  # (F,)

    def __init__(self, spec: HeadSpec, width: int, states: int, classes: int) -> None:
        super().__init__()
        body, crf = _MADE_OF[spec.kind]
        mixed = spec.combine == "mix"
        self.register_buffer("shift", torch.zeros(states * width))
        self.register_buffer("scale", torch.ones(states * width))
        self.mix = nn.Parameter(torch.zeros(states)) if mixed else None
        self.body = body(width if mixed else states * width)
        self.output = nn.Linear(self.body.width, classes)
        self.crf = Crf(classes) if crf else None

    def inputs(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return what the linear layer sees: (…, F) to (…, D)."""
        found: Tensor = self.body(self.combine(features), lengths)
        return found

    def combine(self, features: Tensor) -> Tensor:
        """Return what the body sees: (…, F) standardised, mixed to (…, H) or not."""
        seen = (features - self.shift) / self.scale
        if self.mix is None:
            return seen
        states = seen.unflatten(-1, (len(self.mix), -1))  # (…, S, H)
        mixed: Tensor = (states * self.mix.softmax(0)[:, None]).sum(-2)
        return mixed

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        scores: Tensor = self.output(self.inputs(features, lengths))
        return scores


Head = nn.Linear | DeepHead


def build_head(spec: HeadSpec, width: int, states: int, classes: int) -> Head:
    """Make a head over `states` hidden states of that width, its weights not drawn.

    The mean of hidden states counts as one.
    """
    if spec.kind == "linear" and spec.combine != "mix":
        return nn.Linear(states * width, classes)
    return DeepHead(spec, width, states, classes)


def head_size(spec: HeadSpec, width: int, depth: int, classes: int) -> int:
    """Count the parameters of a head over a backbone of so many layers, by formula.

    With F features and H hidden units an MLP has H (F + 1), and an LSTM of half as many
    in each direction 2 · 4 (H / 2) (F + H / 2 + 2); the linear layer above any body has
    classes · (D + 1), a CRF classes · (classes + 1), a mix one per hidden state.
    """
    mixed, half = spec.combine == "mix", HIDDEN // 2
    states = len(reading_of(spec, (depth,), depth).parts)
    seen = width if mixed else states * width
    below, above = {
        Body: (0, seen),
        Context: (0, 3 * seen),
        Mlp: (HIDDEN * (seen + 1), HIDDEN),
        BiLstm: (8 * half * (seen + half + 2), HIDDEN),
    }[_MADE_OF[spec.kind][0]]
    crf = classes * (classes + 1) if _MADE_OF[spec.kind][1] else 0
    return below + classes * (above + 1) + crf + (states if mixed else 0)


@torch.no_grad()
def draw_head(head: Head, draw: np.random.Generator) -> None:
    """Draw a head's weights: the linear layer normal with deviation 0.02.

    Matrices below it are uniform within one over the root of what they sum; vectors,
    and the transitions of a CRF, are zero.
    """
    output = head if isinstance(head, nn.Linear) else head.output
    for name, tensor in head.named_parameters():
        if tensor is output.weight:
            drawn = draw.normal(0.0, 0.02, size=tuple(tensor.shape))
        elif tensor.dim() > 1 and not name.startswith("crf."):
            most = tensor.shape[1] ** -0.5
            drawn = draw.uniform(-most, most, size=tuple(tensor.shape))
        else:
            drawn = np.zeros(tuple(tensor.shape))
        tensor.copy_(torch.from_numpy(drawn))


def apply_head(
    head: Head | None, features: Tensor, lengths: Tensor | None = None
) -> Tensor | None:
    """Return the scores of a head, None of none: (…, F) to (…, C)."""
    if head is None:
        return None
    scores: Tensor = (
        head(features, lengths) if isinstance(head, DeepHead) else head(features)
    )
    return scores


def reads_neighbours(head: Head | None) -> bool:
    """Whether a word's scores depend on the words beside it."""
    return isinstance(head, DeepHead) and head.body.reads_neighbours


def crf_of(head: Head | None) -> Crf | None:
    """The CRF of a head, if it has one."""
    return head.crf if isinstance(head, DeepHead) else None
