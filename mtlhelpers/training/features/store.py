"""A store of hidden states, so that a frozen backbone runs once per sentence.

Lesson: 04_backbone_frozen. Sentences that were run together form a segment, in memory
or in a file. A sentence is found in whatever segment holds it, so the subsets of a
corpus share, and so do processes that use one folder.
"""

import hashlib
import json
import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import transformers
from torch import nn

from mtlhelpers.data.cache import clear_left
from mtlhelpers.data.encoding import Encoded
from mtlhelpers.errors import InputError, StaleFeaturesError
from mtlhelpers.model.device import product_type
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.encoders.families import stack_of
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.disk import (
    UNREADABLE,
    Segment,
    features_folder,
    read_segment,
    write_segment,
)
from mtlhelpers.training.features.states import (
    Below,
    Features,
    Parts,
    States,
    bounds,
    extract_parts,
    extract_states,
    spread,
)


@dataclass
class FeatureStore:
    """Hidden states of frozen layers, kept by sentence.

    In memory, for as long as the store lives; or, with a folder, in files there, for
    later processes and others at the same time. The key holds the digest of all
    weights up to the layer, what they are computed with, and the word pieces, so a
    backbone that has moved finds nothing here that was another's.
    """

    folder: Path | None = None
    _segments: dict[str, list[Segment]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    _seen: set[Path] = field(default_factory=set, repr=False)
    _writes: bool = field(default=True, repr=False)

    @classmethod
    def on_disk(cls) -> "FeatureStore":
        """Make a store in the user's cache folder (`python -m mtlhelpers cache show`).

        MTLHELPERS_CACHE_GB says how large it may grow: 5 GB unless it is set.
        """
        return cls(features_folder())

    def states(
        self,
        model: SharedModel,
        encoded: Encoded,
        layers: tuple[int, ...],
        below: Below | None = None,
    ) -> States:
        """Return the mean of some hidden states of all sentences; run the new ones.

        `below` are lower hidden states of all sentences: the new ones start there.
        Raises `StaleFeaturesError` while any tensor below the highest can train. Warns
        of a damaged file, which is made again, and once if files cannot be written.
        """
        if frozen_up_to(model) < max(layers):
            raise StaleFeaturesError(
                f"the backbone can still train below hidden state {max(layers)}, so "
                f"what is stored would go stale: apply a scenario that freezes it first"
            )
        keys, about = sentence_keys(encoded), describe_states(model, layers)
        if not keys:
            return extract_states(model, encoded, layers=layers)
        place = hashlib.sha256(json.dumps(about).encode("utf-8")).hexdigest()[:16]
        segments = self._holding(place, keys)
        rows = {key: row for row, key in enumerate(keys)}  # each sentence once
        for segment in segments:
            rows = {key: row for key, row in rows.items() if key not in segment.rows}
        if rows:
            new = np.fromiter(rows.values(), dtype=np.int64)
            states = extract_states(model, encoded, new, layers, below)
            made = Segment({key: at for at, key in enumerate(rows)}, states)
            segments.append(self._keep(place, about, made))
        return _gather(segments, keys, encoded.lengths, model.device)

    def _holding(self, place: str, keys: list[bytes]) -> list[Segment]:
        """Find the segments that hold some of the sentences; open new files."""
        if self.folder and self._writes:
            clear_left(self.folder)
        for path in sorted(self.folder.glob(f"{place}-*")) if self.folder else ():
            if path not in self._seen:
                self._seen.add(path)
                try:
                    self._segments[place].append(read_segment(path))
                except UNREADABLE as error:
                    _discard(path, error)
        holding, left = [], set(keys)
        for segment in [*self._segments[place]]:
            if segment.is_cut and segment.path is not None:
                self._segments[place].remove(segment)
                _discard(segment.path, InputError("another program has cut it"))
                continue
            if not left.isdisjoint(segment.rows):
                holding.append(segment)
                left -= segment.rows.keys()
                if segment.path is not None:
                    with suppress(OSError):  # gone, or another's, to be read only
                        os.utime(segment.path)  # it was used now
        return holding

    def _keep(self, place: str, about: dict[str, str], made: Segment) -> Segment:
        """Keep new hidden states: in a file, where that works, else in memory."""
        if self.folder is not None and self._writes:
            try:
                path = write_segment(self.folder, place, about, made)
            except OSError as error:
                self._writes = False
                warn_caller(
                    f"hidden states cannot be kept in {self.folder} ({error}): from "
                    f"here on they stay in memory"
                )
            else:
                self._seen.add(path)
                with suppress(*UNREADABLE):  # another process may have removed it
                    made = read_segment(path)  # mapped: processes share its memory
        self._segments[place].append(made)
        return made


def _discard(path: Path, error: Exception) -> None:
    """Remove a damaged file, and say so; one that is gone is no fault."""
    if path.exists():
        warn_caller(
            f"{path} is damaged ({error}): its hidden states are computed again"
        )
        with suppress(OSError):  # then it stays, but is not looked at again
            path.unlink(missing_ok=True)


def _gather(
    segments: list[Segment],
    keys: list[bytes],
    lengths: np.ndarray,
    device: torch.device,
) -> States:
    """Put states of sentences in the order of their keys, which may repeat.

    They are copied unless a segment holds just these, in this order.
    """
    first = segments[0].states
    if list(segments[0].rows) == keys and first.pieces.device == device:
        return first
    starts, width = bounds(lengths), first.pieces.shape[1]
    pieces = first.pieces.new_empty(int(starts[-1]), width, device=device)
    means = first.means.new_empty(len(keys), width, device=device)
    left = list(range(len(keys)))
    for segment in segments:
        to = [at for at in left if keys[at] in segment.rows]
        left = [at for at in left if keys[at] not in segment.rows]
        rows, states = [segment.rows[keys[at]] for at in to], segment.states
        chosen = states.pieces[states.piece_rows(rows)]
        pieces[spread(starts, to)] = chosen.to(device)
        means[to] = states.means[rows].to(device)
    return States(pieces, means, starts)


def sentence_keys(encoded: Encoded) -> list[bytes]:
    """Digest the word pieces of each sentence, to 32 bytes: they decide its states."""
    return [hashlib.sha256(ids.tobytes()).digest() for ids in encoded.input_ids]


def describe_states(model: SharedModel, layers: tuple[int, ...]) -> dict[str, str]:
    """Say everything but the sentence that determines stored states bit for bit.

    The weights, how they are used, and where and with what they are multiplied.
    """
    config = model.backbone.config
    settings = {k: v for k, v in config.to_dict().items() if k != "_name_or_path"}
    settings["attention"] = config._attn_implementation
    dtype = model.backbone.dtype
    return {
        "backbone": tensor_digest(backbone_up_to(model, max(layers))),
        "layers": " ".join(map(str, layers)),
        "device": model.device.type,
        "dtype": str(dtype).removeprefix("torch."),
        "products": str(product_type(model.device)),
        "float32": torch.get_float32_matmul_precision(),
        "threads": str(torch.get_num_threads()),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "config": json.dumps(settings, sort_keys=True),
    }


def backbone_up_to(model: SharedModel, layer: int) -> nn.Module:
    """Return the part of the backbone that decides the hidden state of that number."""
    parts = stack_of(model.backbone)
    if layer == len(parts) - 1:
        return model.backbone
    return nn.ModuleList([module for part in parts[: layer + 1] for module in part])


def extract_features(
    model: SharedModel, encoded: Encoded, store: FeatureStore | None = None
) -> Features:
    """Find what the heads look at; from `store` as far up as all is frozen."""
    cut, readings = frozen_up_to(model), model.readings.values()
    parts = sorted({part for one in readings for part in one.parts}, key=max)
    start = min(cut, *model.numbers)
    found: Parts
    if store is not None and cut >= max(model.numbers):
        found = _climbed(store, model, encoded, parts)
    elif store is not None and start > 0:
        below = store.states(model, encoded, (start,))
        found = extract_parts(model, encoded, parts, below=(below, start))
    else:
        found = extract_parts(model, encoded, parts)
    return Features.of(found, encoded, model)


def _climbed(
    store: FeatureStore,
    model: SharedModel,
    encoded: Encoded,
    parts: Sequence[tuple[int, ...]],
) -> Parts:
    """Take parts from the store, lowest first: each new one starts from the last."""
    found: dict[tuple[int, ...], States] = {}
    below: Below | None = None
    for part in parts:
        if below is not None and below[1] > min(part):
            below = None
        found[part] = store.states(model, encoded, part, below)
        if len(part) == 1:
            below = found[part], part[0]
    return found


def warn_caller(text: str) -> None:
    """Warn at the line that called this package, however deep inside it we are."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def _is_inside(module: str) -> bool:
    # torch: its decorators stand between our own functions.
    return module.split(".")[0] in ("mtlhelpers", "torch")
