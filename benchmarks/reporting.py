"""Results as a table, in the page beside them, and where they were measured."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

HERE = Path(__file__).parent
RESULTS, README = HERE / "results.json", HERE / "README.md"
PACKAGES = ("torch", "transformers", "accelerate", "datasets", "tokenizers", "numpy")
START, END = "<!-- results: written by the script -->", "<!-- end of results -->"
HEADER = (
    "case",
    "ratio",
    "bar",
    "pair by pair",
    "seconds, ours / Trainer",
    "accuracy",
    "NER F1",
    "padding",
    "tokens an epoch",
    "epochs",
    "batch",
)


def table(rows: Sequence[dict]) -> str:
    """The rows as a Markdown table; two values in a cell are ours and the Trainer's."""
    lines = [HEADER, ["---"] * len(HEADER), *map(_cells, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def update_readme(rows: Sequence[dict], readme: Path) -> None:
    """Put the table between the marks of the page.

    Raises `ValueError` if a mark is missing.
    """
    text = readme.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{readme} lacks the line {END if start else START}")
    shown = f"\n\n{table(rows)}\n\n{_place(rows[0])}\n\n"
    readme.write_text(before + start + shown + end + after, encoding="utf-8")


def machine() -> dict[str, str | int]:
    """The processor, its cores and the threads in use; nothing that names the host."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that times depend on."""
    found = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **found}


def _cells(row: dict) -> list[str]:
    return [
        f"`{row['case']}`",
        f"{row['ratio']:.2f}",
        f"{row['bar']:.1f}",
        ", ".join(f"{ratio:.2f}" for ratio in row["pair_ratios"]),
        f"{row['ours_seconds']:.1f} / {row['peer_seconds']:.1f}",
        _percent(row, "accuracy", ".1f"),
        _percent(row, "ner_f1", ".1f"),
        _percent(row, "padding_share", ".0f") + " %",
        f"{row['tokens']:,.0f}",
        str(row["epochs"]),
        str(row["batch"]),
    ]


def _percent(row: dict, key: str, form: str) -> str:
    return " / ".join(
        f"{100 * row[f'{side}_{key}']:{form}}" for side in ("ours", "peer")
    )


def _place(row: dict) -> str:
    found = row["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in row["versions"].items())
    return (
        f"Measured on {found['cpu']}, {found['cores']} cores, {found['threads']} "
        f"threads, {found['system']}; {packages}."
    )


def _cpu() -> str:
    """The model of the processor; Linux alone has it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
