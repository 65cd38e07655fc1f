"""Make and run the notebooks: `python notebooks/build.py [01 …] [--to FOLDER]`.

Each `source/NN_title.py` becomes `NN_title.ipynb`, run from a fresh kernel. The file is
replaced only when every cell has run, so a failure leaves the old one as it was. The
same source gives the same file but for outputs that depend on the machine. `--to`
leaves the committed notebooks alone; `--jobs 2` runs two at once, each with its share
of the processor's cores, which takes less time in all than one after another.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.lesson.guesses import UNATTENDED

HERE = Path(__file__).resolve().parent
CELL_SECONDS = 600  # a cell that waits longer has hung
PROGRESS_BAR = re.compile(r"\d+%\||\r|TqdmWarning")
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class BuildError(RuntimeError):
    """A notebook that does not run; the message names notebook and cell."""


def main(arguments: Sequence[str]) -> int:
    """Build the notebooks whose names begin as given, or all; return exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chosen", nargs="*", help="how their names begin; none: all")
    parser.add_argument("--to", type=Path, default=HERE, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="at once")
    options = parser.parse_args(arguments)
    os.environ.update({UNATTENDED: "1", "HF_HUB_OFFLINE": "1"})
    try:
        chosen = sources(options.chosen)
        if options.jobs > 1:
            return build_at_once(chosen, options.to.resolve(), options.jobs)
        slowest: list[tuple[float, str]] = []
        for source in chosen:
            start = time.perf_counter()
            slowest += build(source, options.to / f"{source.stem}.ipynb")
            print(f"{time.perf_counter() - start:6.1f} s  {source.stem}", flush=True)
    except (BuildError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print("slowest cells")
    for seconds, cell in sorted(slowest, reverse=True)[:5]:
        print(f"{seconds:6.1f} s  {cell}")
    return 0


def build_at_once(chosen: Sequence[Path], folder: Path, jobs: int) -> int:
    """Build notebooks, `jobs` at once, each in a process; return exit status."""
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    os.environ.setdefault("OMP_NUM_THREADS", threads)
    failed = False
    with ThreadPoolExecutor(jobs) as pool:
        # The longest sources first: the last one should not be left alone with a core.
        by_length = sorted(chosen, key=lambda source: -source.stat().st_size)
        for done in as_completed(pool.submit(_alone, one, folder) for one in by_length):
            result = done.result()
            print(*_notebook_lines(result.stdout), sep="\n", flush=True)
            print(result.stderr, end="", file=sys.stderr, flush=True)
            failed |= result.returncode != 0
    return int(failed)


def _alone(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, __file__, source.stem, "--to", str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


def _notebook_lines(said: str) -> Iterator[str]:
    """What a process said of whole notebooks, without its slowest cells."""
    yield from said.partition("slowest cells")[0].splitlines()


def sources(chosen: Sequence[str] = (), folder: Path = HERE) -> list[Path]:
    """The sources in order; of those, the ones whose names begin as `chosen`.

    Raises `ValueError` where one of `chosen` fits none.
    """
    found = sorted((folder / "source").glob("[0-9][0-9]_*.py"))
    prefixes = [Path(name).stem for name in chosen]
    for prefix in prefixes:
        if not any(source.stem.startswith(prefix) for source in found):
            raise ValueError(f"no source in {folder / 'source'} begins with {prefix!r}")
    fits = tuple(prefixes) or ("",)
    return [source for source in found if source.stem.startswith(fits)]


def build(source: Path, target: Path) -> list[tuple[float, str]]:
    """Generate and run one notebook, write `target`; return seconds by code cell.

    Raises `BuildError` if a cell fails; the old notebook then stays.
    """
    notebook = generate(source)
    seconds = execute(notebook, source)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = clean_outputs(cell.outputs)
            cell.metadata.pop("execution", None)
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel has added its version
    text = nbformat.writes(notebook) + "\n"
    write_atomically(target, text.encode("utf-8"))
    return seconds


def generate(source: Path) -> NotebookNode:
    """The notebook of a source, without outputs."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    nbformat.validate(notebook)
    return notebook


def execute(notebook: NotebookNode, source: Path) -> list[tuple[float, str]]:
    """Run a notebook in place, where the lessons lie; return seconds by cell."""
    started: dict[int, float] = {}
    seconds: list[tuple[float, str]] = []

    def on_start(cell: NotebookNode, cell_index: int) -> None:
        started[cell_index] = time.perf_counter()

    def on_end(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        took = time.perf_counter() - started[cell_index]
        seconds.append((took, f"{source.stem}, {_name(cell, cell_index)}"))

    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors alone
        record_timing=False,
        resources={"metadata": {"path": str(source.parents[1])}},
        on_cell_execute=on_start,
        on_cell_executed=on_end,
    )
    try:
        client.execute()
    except (CellExecutionError, TimeoutError, RuntimeError) as error:
        at = max(started, default=0)
        where = _name(notebook.cells[at], at)
        raise BuildError(f"{source.stem}, {where}: {error}") from error
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


def _name(cell: NotebookNode, index: int) -> str:
    line = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"cell {index}: {line[:60]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
