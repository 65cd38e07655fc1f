"""A training that was killed goes on where it was, and ends in the same bits.

A checkpoint is one safetensors file: what trains, the optimizer's moments, what the
epoch has seen so far, and the states of all random numbers. Everything before the
first step is done again, since it comes out the same: features, anchors of retention.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import safetensors.torch
import torch
from torch import Tensor
from tqdm import tqdm

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.errors import BackboneError, TrainingError
from mtlhelpers.model.saving import contents_digest, read_contents
from mtlhelpers.model.shared import SharedModel
from mtlhelpers.training.optimizer import AdamW, BestWeights
from mtlhelpers.training.retention import Retention
from mtlhelpers.training.run import EpochRecorder

EVERY = 60.0  # seconds between two checkpoints


@dataclass
class Checkpoint:
    """Where a stage's training is: kept in the recorder's file, if that has one."""

    model: SharedModel
    optimizer: AdamW
    schedule: torch.optim.lr_scheduler.LambdaLR
    order: np.random.Generator  # of the batches
    recorder: EpochRecorder
    best: BestWeights
    retention: Retention
    _done: int = 0  # batches of this epoch
    _start: Any = None  # state of `order` when the epoch began
    _epoch: int = 1
    _seen: dict[str, Tensor] = field(default_factory=dict)
    _kept: float = field(default_factory=time.monotonic)

    def epochs(self, count: int) -> Iterator[int]:
        """Yield the numbers of the epochs, from the one in which a training goes on.

        Raises `TrainingError` where the file is damaged.
        """
        file = self.recorder.file
        if file is not None and os.path.lexists(file):
            self._restore(file)
        while self._epoch <= count:
            self._start = self.order.bit_generator.state
            yield self._epoch
            self._epoch += 1

    def left(
        self, batches: Sequence[np.ndarray], bar: "tqdm[NoReturn]"
    ) -> Iterable[np.ndarray]:
        """Begin an epoch, and yield its batches that are not done.

        Between them the state is kept, and the bar moves: what comes of a batch counts
        once the next one is asked for.
        """
        bar.update(self._done)
        self.recorder.start_epoch()
        self.recorder.go_on(self._seen)
        self._seen = {}
        for rows in batches[self._done :]:
            yield rows
            self._done += 1
            bar.update()
            if self.recorder.file and time.monotonic() - self._kept >= EVERY:
                self._write(self.recorder.file)
        self._done = 0

    def _write(self, path: Path) -> None:
        moments = self.optimizer.state_dict()
        tensors = self._trained() | {
            f"moments {number} {name}": tensor
            for number, own in moments["state"].items()
            for name, tensor in own.items()
        }
        tensors |= {f"best {name}": tensor for name, tensor in self.best.kept.items()}
        tensors |= self.recorder.seen() | {"random": torch.get_rng_state()}
        if self.model.device.type == "cuda":
            tensors["random cuda"] = torch.cuda.get_rng_state(self.model.device)
        schedule = self.schedule.state_dict()
        about = {
            "epoch": self._epoch,
            "done": self._done,
            "order": self._start,
            "groups": moments["param_groups"],
            "schedule": {key: schedule[key] for key in _OF_SCHEDULE},
            "recorder": self.recorder.told(),
            "best": self.best.score,
            "retention": self.retention.state(),
        }
        whole = {name: one.detach().cpu().contiguous() for name, one in tensors.items()}
        whole = {name: one.clone() for name, one in whole.items()}  # tied or not
        texts = {"about": json.dumps(about)}
        texts["sha256"] = contents_digest(whole, texts)
        write_atomically(path, safetensors.torch.save(whole, metadata=texts))
        self._kept = time.monotonic()

    @torch.no_grad()
    def _restore(self, path: Path) -> None:
        try:
            texts, tensors = read_contents(path)
        except BackboneError as error:
            raise TrainingError(
                f"{error} It is a checkpoint: remove it, and the training begins anew."
            ) from error
        about = json.loads(texts["about"])
        for name, tensor in self._trained().items():
            tensor.copy_(tensors[name])
        state: dict[int, dict[str, Tensor]] = {}
        for name in _with_head(tensors, "moments "):
            number, key = name.split()
            state.setdefault(int(number), {})[key] = tensors[f"moments {name}"]
        moments = {"state": state, "param_groups": about["groups"]}
        self.optimizer.load_state_dict(moments)
        self.schedule.load_state_dict(self.schedule.state_dict() | about["schedule"])
        self.order.bit_generator.state = about["order"]
        self.recorder.resume(about["recorder"])
        device = self.model.device
        kept = _with_head(tensors, "best ")
        self.best.kept = {name: tensors[f"best {name}"].to(device) for name in kept}
        self.best.score = about["best"]
        self.retention.resume(about["retention"])
        self._seen = {
            name: tensor
            for name, tensor in tensors.items()
            if name.startswith(("value ", "labelled "))
        }
        torch.set_rng_state(tensors["random"])
        if "random cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random cuda"], device)
        self._epoch, self._done = about["epoch"], about["done"]

    def _trained(self) -> dict[str, Tensor]:
        """What a step may change: the weights that train, and all buffers."""
        weights = {
            f"weight {name}": tensor
            for name, tensor in self.model.named_parameters()
            if tensor.requires_grad
        }
        buffers = self.model.named_buffers()
        return weights | {f"buffer {name}": tensor for name, tensor in buffers}


_OF_SCHEDULE = ("last_epoch", "_step_count", "_last_lr")


def _with_head(tensors: Mapping[str, Tensor], head: str) -> list[str]:
    return [name.removeprefix(head) for name in tensors if name.startswith(head)]
