"""What a head is, in words: its kind, what it reads, how a plan fills it.

Nothing here needs torch: plans and grids are read without it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import inf
from typing import Any

from mtlhelpers.errors import InputError

KINDS = {
    "sentence": ("linear", "mlp"),
    "ner": ("linear", "mlp", "context", "bilstm", "crf", "context_crf", "bilstm_crf"),
}
COMBINES = ("mean", "join", "mix")
FITS = ("steps", "class_means", "logistic")


@dataclass(frozen=True)
class HeadSpec:
    """A kind of head, what it reads, and how a plan fills it.

    `layers` are hidden states: None for those of the model. `combine` takes their mean,
    joins them, or mixes them by learned weights; the last two read by default all that
    layers give. `fit` fills the linear layer from class means, or by logistic
    regression with an L2 `penalty` (1 / C of scikit-learn), instead of by steps.
    Raises `ValueError` for what is unknown or does not go together.
    """

    kind: str = "linear"
    layers: tuple[int, ...] | None = None
    combine: str = "mean"
    fit: str = "steps"
    penalty: float = 1.0

    def __post_init__(self) -> None:
        known = {"kind": KINDS["ner"], "combine": COMBINES, "fit": FITS}
        for name, names in known.items():
            if (value := getattr(self, name)) not in names:
                raise InputError(f"{name} {value!r} is not one of {', '.join(names)}")
        is_linear = self.kind in ("linear", "context") and self.combine != "mix"
        if self.fit != "steps" and not is_linear:
            raise InputError(
                f"fit {self.fit!r} fills what is linear in hidden states: kind linear "
                f"or context, combine mean or join; others take steps"
            )
        if isinstance(self.penalty, bool) or not 0 < self.penalty < inf:
            raise InputError(f"penalty must be above 0, not {self.penalty!r}")
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(self.layers))
            if not all(type(n) is int and n >= 0 for n in self.layers):
                raise InputError(f"layers {self.layers!r}: name numbers from 0 up")

    @classmethod
    def of(cls, given: Any) -> "HeadSpec":
        """Return a spec that is given as one, as its kind, or as its settings."""
        if isinstance(given, cls):
            return given
        settings = {"kind": given} if isinstance(given, str) else dict(given)
        if unknown := settings.keys() - {one.name for one in fields(cls)}:
            raise InputError(f"a head has no {', '.join(sorted(unknown))}")
        return cls(**settings)

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from a plain head, as JSON data."""
        plain = asdict(HeadSpec())
        return {k: v for k, v in asdict(self).items() if v != plain[k]}

    @property
    def built(self) -> "HeadSpec":
        """The same without how a plan fills it."""
        return replace(self, fit="steps", penalty=1.0)


Heads = Mapping[str, Any]  # by task: a `HeadSpec`, its kind, or its settings


# Scenarios that freeze the backbone and have heads of their own, until studies say
# which are best.
PRESETS: dict[str, dict[str, HeadSpec]] = {
    "class_means": {task: HeadSpec(fit="class_means") for task in KINDS},
    "frozen_best": {
        "sentence": HeadSpec(combine="join", fit="logistic"),
        "ner": HeadSpec("context", combine="join"),
    },
}
