"""The model as an ONNX graph: both heads, any number of sentences and word pieces.

Shapes: B sentences, T word pieces, K words, L labels, G tags; F what a head sees.
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
from mtlhelpers.model.heads.bodies import BiLstm, Context
from mtlhelpers.model.heads.kinds import DeepHead, apply_head, reads_neighbours
from mtlhelpers.model.heads.pair import Logits
from mtlhelpers.model.layers import hidden_states
from mtlhelpers.model.shared import SharedModel

EXTRA = ("onnx", "onnxruntime", "onnxscript")
INPUTS = ("input_ids", "attention_mask")  # (B, T) each, whole numbers
WORDS = "word_places"  # (B, K): the first piece of each word, -1 beyond them
OUTPUTS = {"sentence": "label_logits", "ner": "tag_logits"}  # (B, L) and (B, T, G)
_TOLERANCE = 1e-4  # of logits; float32 sums in another order differ by less
SHAPES = ((2, 5), (1, 3), (3, 17))  # the first is traced, all are compared


class Graph(nn.Module):
    """A model that takes and gives what the graph does.

    Where the NER head reads neighbours it takes `WORDS` too, and gives (B, K, G).
    """

    def __init__(self, model: SharedModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        word_places: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        model, batch = self.model, (input_ids, attention_mask)
        if word_places is None:
            logits = model(*batch)
        else:
            states = hidden_states(model.backbone, model.numbers, *batch)
            pooled, pieces = model.see(states, attention_mask)  # (B, F), (B, T, F)
            at = word_places.clamp(min=0).unsqueeze(-1).expand(-1, -1, pieces.shape[-1])
            rows, head = pieces.gather(1, at), model.ner_classifier  # (B, K, F)
            assert isinstance(head, DeepHead)
            seen = _with_neighbours(head.body, head.combine(rows), word_places >= 0)
            label = apply_head(model.sentence_classifier, pooled)
            logits = Logits(label, head.output(seen))
        return tuple(found for found in logits if found is not None)


def _with_neighbours(body: nn.Module, rows: Tensor, mask: Tensor) -> Tensor:
    """What a body makes of words, with sentences below each other: (B, K, F) to
    (B, K, D)."""
    if isinstance(body, Context):
        padded = nn.functional.pad(rows * mask.unsqueeze(-1), (0, 0, 1, 1))
        return torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], -1)
    assert isinstance(body, BiLstm)
    lstm, ways = body.lstm, ("", "_reverse")
    weights = [
        torch.stack([_gates(lstm, f"{name}_l0{way}") for way in ways])
        for name in ("weight_ih", "weight_hh")
    ]
    biases = [
        torch.cat([_gates(lstm, f"{name}_l0{way}") for name in ("bias_ih", "bias_hh")])
        for way in ways
    ]
    # ONNX's own, since torch would unroll the words; it stops where each sentence ends.
    found = torch.onnx.ops.symbolic(
        "LSTM",
        [rows.transpose(0, 1), *weights, torch.stack(biases), mask.sum(1).int()],
        {"hidden_size": lstm.hidden_size, "direction": "bidirectional"},
        dtype=rows.dtype,
        shape=(rows.shape[1], 2, rows.shape[0], lstm.hidden_size),
        version=14,
    )  # (K, 2, B, D / 2)
    return found.permute(2, 0, 1, 3).flatten(2)


def _gates(lstm: nn.LSTM, name: str) -> Tensor:
    """Weights in ONNX's order of gates."""
    into, forget, cell, out = getattr(lstm, name).chunk(4)
    return torch.cat([into, out, forget, cell])


def check_extra() -> None:
    """Raise `ExportError` where what writes and runs ONNX is not installed."""
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        raise ExportError(
            f"{', '.join(missing)} is not installed: pip install 'mtlhelpers[export]', "
            f"or pip install {' '.join(missing)}"
        )


def inputs_of(model: SharedModel) -> tuple[str, ...]:
    """The names of what the graph of a model takes."""
    return (*INPUTS, WORDS) if reads_neighbours(model.ner_classifier) else INPUTS


def write_graph(model: SharedModel, path: Path) -> float:
    """Write the graph, in float32; return how far its logits are from the model's.

    Raises `ExportError` where that is more than 1e-4.
    """
    graph, (traced, *_) = Graph(model), _batches(model)
    sentences, pieces, words = map(torch.export.Dim, ("sentences", "pieces", "words"))
    sizes = {name: {0: sentences, 1: pieces} for name in INPUTS}
    sizes[WORDS] = {0: sentences, 1: words}
    sizes = {name: sizes[name] for name in inputs_of(model)}
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            graph,
            traced,
            path,
            input_names=list(sizes),
            output_names=[OUTPUTS[task] for task in model.tasks],
            dynamic_shapes=sizes,
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
        found = session.run(None, dict(zip(inputs_of(model), arrays)))
        for one, wanted in zip(found, _logits(model, *batch)):
            gap = np.abs(one - wanted.numpy())
            if gap.ndim == 3:  # what padding says does not count
                gap = gap[(batch[2] >= 0 if len(batch) > 2 else batch[1] > 0).numpy()]
            largest = max(largest, float(gap.max()))
    return largest


def _logits(
    model: SharedModel, ids: Tensor, mask: Tensor, places: Tensor | None = None
) -> list[Tensor]:
    """What the model says of a batch, in the graph's form."""
    if places is None:
        return [found for found in model(ids, mask) if found is not None]
    at = torch.arange(ids.shape[1])  # (T,)
    said = model(ids, mask, (places.unsqueeze(-1) == at).any(1))
    rows = torch.arange(len(ids)).unsqueeze(-1)  # (B, 1)
    labels = [] if said.sentence is None else [said.sentence]
    return [*labels, said.ner[rows, places.clamp(min=0)]]


def _batches(model: SharedModel) -> list[tuple[Tensor, ...]]:
    """Word pieces drawn at random, (B, T), the first sentence half padding; where the
    graph takes words, each second piece begins one."""
    draw, batches = stream(0, "export"), []
    for shape in SHAPES:
        ids = draw.integers(model.backbone.config.vocab_size, size=shape)
        mask = np.ones_like(ids)
        mask[0, shape[1] // 2 + 1 :] = 0
        places = np.tile(np.arange(1, shape[1], 2), (shape[0], 1))  # (B, K)
        places[places >= mask.sum(1, keepdims=True)] = -1
        given = (ids, mask, places)[: len(inputs_of(model))]
        batches.append(tuple(map(torch.from_numpy, given)))
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
