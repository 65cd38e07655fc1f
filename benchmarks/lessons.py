"""Build the notebooks, and hold each to its time in `course/budget.toml`.

`python benchmarks/lessons.py [01 …]`, on a quiet machine. It reads what
`course.build` says, which writes the notebooks as `make notebooks` does.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A notebook; a cell's line has a comma.
TOOK = re.compile(r" *(\d+\.\d) s  ((?:\d\d_|deeper/)\w+)")
COMMAND = [sys.executable, "-m", "course.build"]


def main(chosen: Sequence[str]) -> int:
    """Build; return 1 where a notebook failed or took longer than it may, else 0."""
    said: list[str] = []
    command, pipe = [*COMMAND, *chosen], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, text=True, cwd=ROOT) as running:
        for line in running.stdout:
            print(line, end="", flush=True)
            said.append(line)
    over = over_budget(times(said), read_budget())
    print("\n".join(over) or "every notebook is within its budget")
    return int(bool(over) or running.returncode != 0)


def read_budget(path: Path = ROOT / "course" / "budget.toml") -> dict[str, float]:
    """Seconds that each notebook may take, by name."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def times(said: Sequence[str]) -> dict[str, float]:
    """Seconds that each notebook took, from the lines of `course.build`."""
    found = (TOOK.fullmatch(line.rstrip("\n")) for line in said)
    return {match[2]: float(match[1]) for match in found if match}


def over_budget(took: dict[str, float], budget: dict[str, float]) -> list[str]:
    """A sentence for each notebook that took longer than it may, or has no budget."""
    sentences = []
    for name, seconds in took.items():
        if name not in budget:
            sentences.append(f"{name} has no budget: add it to budget.toml")
        elif seconds > budget[name]:
            sentences.append(f"{name} took {seconds:.1f} s of {budget[name]:g} s")
    return sentences


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
