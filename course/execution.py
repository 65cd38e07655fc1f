"""Running a notebook as a reader would, and tidying what it leaves."""

import re
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

CELL_SECONDS = 600  # a cell that waits longer has hung
PROGRESS_BAR = re.compile(r"\d+%\||\r|TqdmWarning")
WIDGET = "application/vnd.jupyter.widget-view+json"


class BuildError(RuntimeError):
    """A notebook that does not run; the message names notebook and cell."""


def execute(notebook: NotebookNode, name: str, folder: Path) -> list[tuple[float, str]]:
    """Run a notebook in place, from a fresh kernel in `folder`; return seconds by cell.

    Raises `BuildError` where a cell fails.
    """
    started: dict[int, float] = {}
    seconds: list[tuple[float, str]] = []

    def on_start(cell: NotebookNode, cell_index: int) -> None:
        started[cell_index] = time.perf_counter()

    def on_end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        took = time.perf_counter() - started[cell_index]
        seconds.append((took, f"{name}, {_first_line(cell, cell_index)}"))

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors alone
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=on_start,
        on_cell_executed=on_end,
    )
    try:
        client.execute()
    except (CellExecutionError, TimeoutError, RuntimeError) as error:
        at = max(started, default=0)
        where = _first_line(notebook.cells[at], at)
        raise BuildError(f"{name}, {where}: {error}") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = clean_outputs(cell.outputs)
            cell.metadata.pop("execution", None)
    return seconds


def clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join pieces of one stream, and leave out progress bars."""
    cleaned: list[NotebookNode] = []
    for output in outputs:
        is_stream = output.output_type == "stream"
        if _is_progress_bar(output):
            continue
        last = cleaned[-1] if cleaned else None
        if is_stream and last is not None and last.get("name") == output.name:
            last.text += output.text
        else:
            cleaned.append(output)
    return cleaned


def _is_progress_bar(output: NotebookNode) -> bool:
    if output.output_type == "stream":
        bar = not output.text.strip() or PROGRESS_BAR.search(output.text)
        return output.name == "stderr" and bool(bar)
    return WIDGET in output.get("data", {})


def _first_line(cell: NotebookNode, index: int) -> str:
    line = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"cell {index}: {line[:60]}"
