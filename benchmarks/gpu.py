"""The same against the Trainer on CUDA, in bfloat16; it says so where there is none.

BERT's base shape with random weights: what a step costs does not depend on them.
Writes `gpu.json` and the GPU's table in README.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from bench import rows_of, try_out
from hardware import machine
from measuring import measure_alone
from reporting import HERE, README, tables, write
from training_case import TrainingCase
from transformers import BertConfig
from turns import Kept

from mtlhelpers.model.backbones import load_tokenizer

RESULTS = HERE / "gpu.json"
# Dense bfloat16 operations a second as the maker's data sheet has them.
DATA_SHEETS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}
CASES = (
    TrainingCase(
        name="gpu_snips",
        scenario="none_frozen",
        sentences=13_056,
        epochs=3,
        learning_rate=5e-5,
        batch_size=128,
        backbone="random:bert-base-uncased",
        device="cuda",
        bf16=True,
        bars={"seconds": 1.5},
    ),
    TrainingCase(
        name="gpu_length_128",
        scenario="none_frozen",
        sentences=8192,
        epochs=1,
        learning_rate=5e-5,
        batch_size=128,
        length=128,
        backbone="random:bert-base-uncased",
        device="cuda",
        bf16=True,
        bars={"seconds": 1.5, "work_share": 0.4},
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both cases; 1 if a ratio lies below its bar, else 0."""
    options = _parser().parse_args(arguments)
    if options.quick:
        with tempfile.TemporaryDirectory() as folder:
            print(tables(try_out(tiny_cases(Path(folder)), measure_alone)))
        print("\n--quick shows that it works, not how fast it is: nothing is written.")
        return 0
    if not torch.cuda.is_available():
        print("not measured: there is no CUDA device here")
        return 0
    kept = Kept()
    rows = [
        described(row) for case in CASES for row in rows_of(case, measure_alone, kept)
    ]
    write(rows, RESULTS, README, name="gpu")
    for case in CASES:
        kept.forget(case)
    print(tables(rows))
    return int(any(row["ratio"] < row["bar"] for row in rows))


def described(row: dict) -> dict:
    """A row with the name of the device, and its use by the maker's figure.

    The limit in the table is measured; "model FLOP utilisation" is mostly said of the
    data sheet's, which is higher.
    """
    device = torch.cuda.get_device_name()
    useful = row["ours_work_share"] * row["ours_product_rate"]
    note = f"{useful / 1e12:.0f} TFLOP/s of useful work"
    for name, peak in DATA_SHEETS.items():
        if name in device:
            note += f", {100 * useful / peak:.0f} % of the data sheet's"
    return row | {"note": note, "machine": {**machine(), "device": device}}


def tiny_cases(folder: Path) -> list[TrainingCase]:
    """The cases on the processor, with two narrow layers, which are written there."""
    load_tokenizer("minilm").save_pretrained(folder)
    BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    ).save_pretrained(folder)
    tiny = {"device": "cpu", "backbone": f"random:{folder}"}
    return [replace(case, **tiny) for case in CASES]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny shape, no CUDA")
    return parser


if __name__ == "__main__":
    sys.exit(main())
