"""Results as JSON and as tables in the page beside them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtlhelpers.data.cache import write_atomically

HERE = Path(__file__).resolve().parent
RESULTS, README = HERE / "results.json", HERE / "README.md"
MARKS = "<!-- {}: written by the script -->", "<!-- end of {} -->"
RATIOS = ("case", "ratio", "bar", "turn by turn", "what the ratio is", "found")
TRAININGS = (
    "case",
    "peer",
    "seconds, ours / peer",
    "the whole call",
    "accuracy",
    "NER F1",
    "padding",
    "peak memory, MB",
    "share of the limit",
    "limit, GFLOP/s",
    "tokens an epoch",
    "epochs",
    "batch",
)
Row = dict[str, Any]


def merge(rows: Sequence[Row], names: Sequence[str], results: Path) -> list[Row]:
    """New rows, and the file's own for the other names there are, in their order."""
    old = json.loads(results.read_text(encoding="utf-8")) if results.is_file() else []
    found = {row["case"]: row for row in [*old, *rows]}
    return [found[name] for name in names if name in found]


def write(
    rows: Sequence[Row], results: Path, readme: Path, name: str = "results"
) -> None:
    """Write the results, and their tables between the marks of that name in the page.

    Raises `ValueError` if a mark is missing.
    """
    first, last = (mark.format(name) for mark in MARKS)
    text = readme.read_text(encoding="utf-8")
    before, start, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not start or not end:
        raise ValueError(f"{readme} lacks the line {last if start else first}")
    page = f"{before}{start}\n\n{tables(rows)}\n\n{end}{after}"
    write_atomically(results, (json.dumps(rows, indent=1) + "\n").encode("utf-8"))
    write_atomically(readme, page.encode("utf-8"))


def tables(rows: Sequence[Row]) -> str:
    """Every ratio with its bar; then the trainings; then where it was measured."""
    parts = [_table(RATIOS, [_ratio_cells(row) for row in rows])]
    # A training has several rows, one for each of its bars: it is shown once.
    trainings = {_training(row): row for row in rows if "peer_seconds" in row}
    if trainings:
        parts.append(_table(TRAININGS, list(map(_training_cells, trainings.items()))))
    places = dict.fromkeys(_place(row) for row in rows)
    return "\n\n".join([*parts, *places])


def missed(rows: Sequence[Row]) -> list[str]:
    """The cases that lie below their bar; an aim is no bar."""
    told = [row for row in rows if row["ratio"] is not None and not row["aim"]]
    return [row["case"] for row in told if row["ratio"] < row["bar"]]


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    every = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in every)


def _ratio_cells(row: Row) -> list[str]:
    return [
        f"`{row['case']}`",
        _number(row["ratio"]),
        f"{'aim ' if row['aim'] else ''}{_number(row['bar'])}",
        ", ".join(map(_number, row["turn_ratios"])),
        row["ratio_of"],
        row.get("note", ""),
    ]


def _training(row: Row) -> str:
    return row["case"].removesuffix("_memory").removesuffix("_work")


def _training_cells(named: tuple[str, Row]) -> list[str]:
    name, row = named
    return [
        f"`{name}`",
        row["peer"],
        _both(row, "seconds", ".1f"),
        _both(row, "whole_seconds", ".1f"),
        _both(row, "accuracy", ".1f", 100),
        _both(row, "ner_f1", ".1f", 100),
        _both(row, "padding_share", ".0f", 100) + " %",
        _both(row, "peak_bytes", ",.0f", 1e-6),
        _both(row, "work_share", ".0f", 100) + " %",
        _both(row, "product_rate", ",.0f", 1e-9),
        f"{row['tokens']:,.0f}",
        str(row["epochs"]),
        str(row["batch"]),
    ]


def _both(row: Row, key: str, form: str, scale: float = 1.0) -> str:
    values = [row[f"{side}_{key}"] for side in ("ours", "peer")]
    return " / ".join("–" if v is None else f"{scale * v:{form}}" for v in values)


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _place(row: Row) -> str:
    found = row["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in row["versions"].items())
    described = ", ".join(
        f"{value} {key}" if isinstance(value, int) else str(value)
        for key, value in found.items()
    )
    return f"Measured on {described}; {packages}."
