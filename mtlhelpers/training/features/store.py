"""A store of hidden states: what a frozen backbone has said once is not asked again.

Lesson: 04_backbone_frozen. Sentences that were stored together form a segment, in
memory or in a file. A sentence is found in whatever segment holds it, so the subsets
of a corpus share, and so do processes that use one folder.
"""

import hashlib
import json
import warnings
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import transformers
from torch import nn

from mtlhelpers.data.encoding import Encoded
from mtlhelpers.model.device import product_type
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.model.freezing import frozen_up_to
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.features.arrays import Features, States
from mtlhelpers.training.features.disk import (
    Segment,
    SegmentError,
    features_folder,
    mark_used,
    open_segment,
    place_of,
    write_segment,
)
from mtlhelpers.training.features.extract import (
    equal_length_batches,
    extract_states,
    run_backbone,
)

Rows = dict[bytes, int]  # keys of sentences, and where each stands
Found = list[tuple[Segment, list[bytes]]]  # segments, and the keys each is to give


class Asked(NamedTuple):
    """What is asked of a store."""

    model: SharedModel
    encoded: Encoded
    layers: tuple[int, ...]
    about: dict[str, str]  # what decides the states apart from the sentence


class StaleFeaturesError(RuntimeError):
    """Features were asked for from a backbone that can still move."""


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
        """A store in the user's cache folder (see `python -m mtlhelpers cache show`).

        MTLHELPERS_CACHE_GB says how large it may grow: 5 GB unless it is set.
        """
        return cls(features_folder())

    def states(
        self, model: SharedModel, encoded: Encoded, layers: tuple[int, ...]
    ) -> States:
        """The mean of some hidden states of all sentences; runs the new ones.

        Raises `StaleFeaturesError` while any tensor below the highest can train. Warns
        of a damaged file, which is made again, and once if files cannot be written.
        """
        if frozen_up_to(model) < max(layers):
            raise StaleFeaturesError(
                f"the backbone can still train below hidden state {max(layers)}, so "
                f"what is stored would go stale: apply a scenario that freezes it first"
            )
        keys = sentence_keys(encoded)
        if not keys:
            return extract_states(model, encoded, layers=layers)
        asked = Asked(model, encoded, layers, describe_states(model, layers))
        rows = {key: row for row, key in enumerate(keys)}
        found, new = self._find(place_of(asked.about), rows)
        if new:
            found.append((self._run(asked, new), list(new)))
        return _gather(found, keys, model.device)

    def _find(self, place: str, rows: Rows) -> tuple[Found, Rows]:
        """The segments that hold some of the sentences, and the rest of them."""
        self._open_new(place)
        found, left = [], rows
        for segment in list(self._segments[place]):
            own = [key for key in left if key in segment.rows]
            if own and self._is_whole(place, segment):
                found.append((segment, own))
                left = {k: row for k, row in left.items() if k not in segment.rows}
        return found, left

    def _open_new(self, place: str) -> None:
        """Open the files of a place that this store does not know yet."""
        if self.folder is None:
            return
        for path in sorted(self.folder.glob(f"{place}-*.safetensors")):
            if path not in self._seen:
                self._seen.add(path)
                try:
                    self._segments[place].append(open_segment(path))
                except (SegmentError, OSError) as error:
                    self._discard(path, error)

    def _is_whole(self, place: str, segment: Segment) -> bool:
        """Whether a segment can be used, which is then noted; else it is discarded."""
        try:
            segment.check()
        except (SegmentError, OSError) as error:
            self._segments[place].remove(segment)
            self._discard(segment.path, error)
            return False
        if segment.path is not None:
            mark_used(segment.path)
        return True

    def _discard(self, path: Path, error: Exception) -> None:
        """Remove a damaged file, and say so; one that is gone is no fault."""
        if not isinstance(error, FileNotFoundError):
            warnings.warn(
                f"{path} is damaged ({error}): its hidden states are computed again",
                stacklevel=5,
            )
            with suppress(OSError):  # then it stays, but is not looked at again
                path.unlink(missing_ok=True)

    def _run(self, asked: Asked, new: Rows) -> Segment:
        """Run sentences, and keep what comes of them: in a file, where that works."""
        segment = None
        if self.folder is not None and self._writes:
            try:
                segment = _in_file(self.folder, asked, new)
                self._seen.add(segment.path)
            except (OSError, SegmentError) as error:
                self._writes = False
                warnings.warn(
                    f"hidden states cannot be kept in {self.folder} ({error}): from "
                    f"here on they stay in memory",
                    stacklevel=3,
                )
        segment = segment or _in_memory(asked, new)
        self._segments[place_of(asked.about)].append(segment)
        return segment


def _in_memory(asked: Asked, new: Rows) -> Segment:
    rows = np.fromiter(new.values(), dtype=np.int64)
    states = extract_states(asked.model, asked.encoded, rows, asked.layers)
    return Segment({key: at for at, key in enumerate(new)}, states)


def _in_file(folder: Path, asked: Asked, new: Rows) -> Segment:
    model, encoded, layers, about = asked
    keys, rows = list(new), np.fromiter(new.values(), dtype=np.int64)
    # In the order in which the backbone runs them, the file is written from end to end.
    order = np.concatenate(equal_length_batches(encoded.lengths[rows]))
    keys, rows = [keys[at] for at in order], rows[order]
    passes = run_backbone(model, encoded, rows, layers)
    path = write_segment(
        folder,
        about,
        dict(zip(keys, encoded.lengths[rows])),
        model.backbone.config.hidden_size,
        model.backbone.dtype,
        ((pieces, means) for _, pieces, means in passes),
    )
    return open_segment(path)


def _gather(found: Found, keys: list[bytes], device: torch.device) -> States:
    """The states of sentences in the order of their keys, which may repeat."""
    parts = [
        segment.states.select([segment.rows[key] for key in own])
        for segment, own in found
    ]
    order = {key: i for i, key in enumerate(key for _, own in found for key in own)}
    return States.join(parts, device).select([order[key] for key in keys])


def sentence_keys(encoded: Encoded) -> list[bytes]:
    """32 bytes a sentence. Tokenizer, text and length enter by the word pieces."""
    return [hashlib.sha256(ids.tobytes()).digest() for ids in encoded.input_ids]


def describe_states(model: SharedModel, layers: tuple[int, ...]) -> dict[str, str]:
    """What decides the mean of some hidden states, to the last bit, but the sentence.

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
    """The part of the backbone that decides the hidden state of that number."""
    backbone = model.backbone
    if layer == len(backbone.encoder.layer):
        return backbone
    return nn.ModuleList([backbone.embeddings, *backbone.encoder.layer[:layer]])


def extract_features(
    model: SharedModel, encoded: Encoded, store: FeatureStore | None = None
) -> Features:
    """What the heads look at, in eval mode; from `store` as far up as all is frozen."""
    cut = frozen_up_to(model)
    start = min(cut, *model.layers)
    if store is not None and cut >= max(model.layers):
        states = store.states(model, encoded, model.layers)
    elif store is not None and start > 0:
        below = store.states(model, encoded, (start,))
        states = extract_states(model, encoded, below=(below, start))
    else:
        states = extract_states(model, encoded)
    return Features.of(states, encoded, model.pooling)
