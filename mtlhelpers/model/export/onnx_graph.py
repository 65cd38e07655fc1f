"""The model as an ONNX graph: both heads, any number of sentences and word pieces.

Shapes: B sentences, T word pieces, L labels, G tags.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mtlhelpers.data.streams import stream
from mtlhelpers.errors import ExportError
from mtlhelpers.model.shared import SharedModel

EXTRA = ("onnx", "onnxruntime", "onnxscript")
INPUTS = ("input_ids", "attention_mask")  # (B, T) each, whole numbers
OUTPUTS = {"sentence": "label_logits", "ner": "tag_logits"}  # (B, L) and (B, T, G)
_TOLERANCE = 1e-4  # of logits; float32 sums in another order differ by less
SHAPES = ((2, 5), (1, 3), (3, 17))  # the first is traced, all are compared


class Graph(nn.Module):
    """A model that takes and gives what the graph does."""

    def __init__(self, model: SharedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        logits = self.model(input_ids, attention_mask)
        return tuple(found for found in logits if found is not None)


def check_extra() -> None:
    """Raise `ExportError` where what writes and runs ONNX is not installed."""
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        raise ExportError(
            f"{', '.join(missing)} is not installed: pip install 'mtlhelpers[export]', "
            f"or pip install {' '.join(missing)}"
        )


def write_graph(model: SharedModel, path: Path) -> float:
    """Write the graph, in float32; return how far its logits are from the model's.

    Raises `ExportError` where that is more than 1e-4.
    """
    graph, (traced, *_) = Graph(model), _batches(model)
    sizes = {0: torch.export.Dim("sentences"), 1: torch.export.Dim("pieces")}
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            graph,
            traced,
            path,
            input_names=INPUTS,
            output_names=[OUTPUTS[task] for task in model.tasks],
            dynamic_shapes=dict.fromkeys(INPUTS, sizes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    distance = logits_distance(model, path)
    if not distance <= _TOLERANCE:
        raise ExportError(
            f"the ONNX graph's logits differ from the model's by {distance:.2g}: "
            f"nothing was written. Report this, with what `mtlhelpers doctor` prints"
        )
    return distance


def write_int8(source: Path, path: Path) -> None:
    """Write the graph with weights in 8 bits, which are quantised as it runs."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        quantize_dynamic(source, path, per_channel=True, weight_type=QuantType.QInt8)


@torch.no_grad()
def logits_distance(model: SharedModel, path: Path) -> float:
    """The largest difference between a graph's logits and the model's."""
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    largest = 0.0
    for batch in _batches(model):
        arrays = (tensor.numpy() for tensor in batch)
        found = session.run(None, dict(zip(INPUTS, arrays)))
        for one, wanted in zip(found, Graph(model)(*batch)):
            gap = np.abs(one - wanted.numpy())
            if gap.ndim == 3:  # what padding says does not count
                gap = gap[batch[1].numpy() > 0]
            largest = max(largest, float(gap.max()))
    return largest


def _batches(model: SharedModel) -> list[tuple[Tensor, Tensor]]:
    """Word pieces drawn at random, (B, T), the first sentence half padding."""
    draw, batches = stream(0, "export"), []
    for shape in SHAPES:
        ids = draw.integers(model.backbone.config.vocab_size, size=shape)
        mask = np.ones_like(ids)
        mask[0, shape[1] // 2 + 1 :] = 0
        batches.append((torch.from_numpy(ids), torch.from_numpy(mask)))
    return batches


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the libraries say of each other."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
