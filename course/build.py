"""Make and run the lessons: `python -m course.build [05 deeper/… …] [--to FOLDER]`.

Each `source/NN_title.py` becomes two notebooks: the learner's copy, `NN_title.ipynb`,
and `solved/NN_title.ipynb`, run from a fresh kernel. Both are replaced only when every
cell has run. The same source gives the same files but for outputs that depend on the
machine. `--to` leaves the committed notebooks alone; `--jobs 2` runs two at once, each
with its share of the processor's cores, which takes less time in all.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import views
from course.execution import BuildError, execute
from mtlhelpers.data.cache import write_atomically
from mtlhelpers.lesson.memory import UNATTENDED

ROOT = views.HERE.parent
NOTEBOOKS = ROOT / "notebooks"


def main(arguments: Sequence[str]) -> int:
    """Build the lessons whose names begin as given, or all; return exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chosen", nargs="*", help="how their names begin; none: all")
    parser.add_argument("--to", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="at once")
    options = parser.parse_args(arguments)
    os.environ.update({UNATTENDED: "1", "HF_HUB_OFFLINE": "1"})
    # Kernels find the package of this clone first, whatever is installed.
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    try:
        chosen = views.sources(options.chosen)
        if options.jobs > 1:
            return build_at_once(chosen, options.to.resolve(), options.jobs)
        slowest: list[tuple[float, str]] = []
        for source in chosen:
            start = time.perf_counter()
            name = views.title(source)
            slowest += build(source, options.to, name)
            print(f"{time.perf_counter() - start:6.1f} s  {name}", flush=True)
    except (BuildError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print("slowest cells")
    for seconds, cell in sorted(slowest, reverse=True)[:5]:
        print(f"{seconds:6.1f} s  {cell}")
    return 0


def build(source: Path, folder: Path, name: str) -> list[tuple[float, str]]:
    """Write both copies of a source below `folder`; return seconds by code cell.

    Raises `BuildError` if a cell fails, and `SourceError` if the source is none; the
    old copies then stay.
    """
    learners, solved = views.learners(source), views.solved(source)
    seconds = execute(solved, name, NOTEBOOKS)
    solved.metadata = nbformat.from_dict(views.METADATA)  # the kernel adds its version
    _write(solved, folder / "solved" / f"{name}.ipynb")
    _write(learners, folder / f"{name}.ipynb")
    return seconds


def _write(notebook: NotebookNode, target: Path) -> None:
    text = nbformat.writes(notebook) + "\n"
    write_atomically(target, text.encode("utf-8"))


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
    command = [sys.executable, "-m", "course.build", views.title(source)]
    return subprocess.run(
        [*command, "--to", str(folder)], capture_output=True, text=True, cwd=ROOT
    )


def _notebook_lines(said: str) -> Iterator[str]:
    """What a process said of whole notebooks, without its slowest cells."""
    yield from said.partition("slowest cells")[0].splitlines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
