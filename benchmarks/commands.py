"""What commands that people wait for take: `python benchmarks/commands.py [--bars]`.

Process time (user and system, all threads and children), so that a busy machine does
not matter, and memory at its highest. Each command runs in a process of its own, twice;
the second run counts, which finds what the first one left in the user's cache.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parents[1]
RUN = (sys.executable, "-m", "mtlhelpers")
READ_ALL = (
    "from pathlib import Path\n"
    "from mtlhelpers.study.records.store import read_records\n"
    "for grid in sorted(Path('studies').glob('*/grid.toml')):\n"
    "    read_records(grid.parent)\n"
)
LOAD = "import mtlhelpers as mtl; mtl.load_corpus('newsdesk')"
IMPORT = "from mtlhelpers.data.load import load_corpus"


@dataclass(frozen=True)
class Command:
    """A command, the seconds that it may take, and what it took when this began."""

    name: str
    line: tuple[str, ...]
    bar: float
    before: float
    less: tuple[str, ...] = ()  # a command whose seconds are taken off


COMMANDS = (
    Command("--version", (*RUN, "--version"), 0.3, 9),
    Command("--help", (*RUN, "--help"), 0.3, 9),
    Command("doctor", (*RUN, "doctor"), 3, 11),
    Command("recommend 800", (*RUN, "recommend", "800"), 3, 31),
    Command(
        "recommend 400 --keep sentence",
        (*RUN, "recommend", "400", "--keep", "sentence"),
        3,
        39,
    ),
    Command("claims", (*RUN, "claims"), 5, 113),
    Command("all records read", (sys.executable, "-c", READ_ALL), 2, 10),
    Command(
        "newsdesk loaded, without imports",
        (sys.executable, "-c", LOAD),
        0.3,
        2,
        less=(sys.executable, "-c", IMPORT),
    ),
)


def measure(line: tuple[str, ...]) -> tuple[float, float]:
    """Seconds of processor time, and megabytes at the highest, of a command's last run.

    Raises `RuntimeError` with the end of what it said where it fails.
    """
    for _ in range(2):
        with TemporaryFile() as said:
            running = subprocess.Popen(line, cwd=ROOT, stdout=said, stderr=said)
            _, status, usage = os.wait4(running.pid, 0)  # of this one and its children
            running.returncode = os.waitstatus_to_exitcode(status)
            if running.returncode:
                said.seek(0)
                end = said.read()[-2000:].decode("utf-8", "replace")
                raise RuntimeError(f"{' '.join(line)}: {end}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def row(command: Command) -> tuple[str, float]:
    """A line of the table, and the seconds that it tells."""
    seconds, megabytes = measure(command.line)
    if command.less:
        seconds = max(0.0, seconds - measure(command.less)[0])
    cells = f"{seconds:.2f} | {command.bar:g} | {command.before:g} | {megabytes:,.0f}"
    return f"| {command.name} | {cells} |", seconds


def main(arguments: list[str]) -> int:
    """Print the table; with --bars return 1 where a command is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", action="store_true", help="fail above a bar")
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    print("| command | seconds of processor | bar | at first | MB at most |")
    print("| --- | --- | --- | --- | --- |")
    over = []
    for command in COMMANDS:
        line, seconds = row(command)
        print(line, flush=True)
        over += [command.name] * (seconds > command.bar)
    if over:
        print(f"\nover their bar: {', '.join(over)}")
    return int(options.bars and bool(over))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
