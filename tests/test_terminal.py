"""What a terminal is given: safe lines, one line for a fault, a quiet end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mtlhelpers.terminal import STOPPED, guarded, printable, show, stoppable, write

ROOT = Path(__file__).parents[1]
# Told to stop while it loads, it makes another error of that, as transformers does.
STOPPED_TORCH = """
import os, time
try:
    os.kill(os.getpid(), {number})
    time.sleep(20)
except BaseException:
    raise ModuleNotFoundError("could not import it") from None
"""


def command(*arguments: str, **environment: str) -> list:
    """What `Popen` takes to start a command as a user does."""
    # A test may run in the background, where a shell has Ctrl-C ignored.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    )
    code += "; from mtlhelpers.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *arguments]


def surroundings(*folders: Path) -> dict[str, str]:
    """An environment in which these folders are searched first for modules."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT]))}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("over\rwritten, \x07bell, \x9b0m", "over\\rwritten, \\x07bell, \\x9b0m"),
        ("exe\u202etxt.\u2066a\u2028b", "exe\\u202etxt.\\u2066a\\u2028b"),
        ("half \udcff", "half \\udcff"),
        ("a table\n\tof two lines, naïve café 日本 👩‍🚀 ±", None),
    ],
)
def test_what_a_terminal_obeys_is_escaped_and_nothing_else(text, shown):
    assert printable(text) == (text if shown is None else shown)


def test_what_an_encoding_lacks_is_spelled():
    assert printable("✓ ü: 1 ± 2", "ascii") == "[ok] \\xfc: 1 +- 2"
    assert printable("✓ ü", "latin-1") == "[ok] ü"


def test_lines_are_shown_or_written(tmp_path, capsys):
    assert show(["a", 1]) == write(["b"], "-") == write(["c"], str(tmp_path / "f")) == 0
    assert capsys.readouterr().out == "a\n1\nb\n"
    assert (tmp_path / "f").read_text(encoding="utf-8") == "c\n"


def raising(error: Exception):
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file", "a/b"), "compare: a/b: No such file"),
        (ModuleNotFoundError("No module named 'x'"), "`mtlhelpers doctor` says"),
        (RuntimeError("one\ntwo"), "compare: RuntimeError: one two (--trace"),
        (ValueError(""), "compare: ValueError: no reason given (--trace"),
    ],
)
def test_a_fault_that_may_happen_is_one_line(error, line, capsys):
    assert guarded(raising(error), "compare", trace=False) == 2
    [printed] = capsys.readouterr().err.splitlines()
    assert line in printed


def test_a_fault_of_ours_shows_its_trace_and_asks_for_a_report(capsys):
    assert guarded(raising(KeyError("\x1b[31m")), "compare", trace=False) == 2
    printed = capsys.readouterr().err
    assert "Traceback" in printed and "please report it" in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("number", [2, 15])
def test_a_signal_while_torch_loads_ends_with_one_line(tmp_path, number):
    fake = tmp_path / "torch.py"
    fake.write_text(STOPPED_TORCH.format(number=number), encoding="utf-8")
    done = subprocess.run(
        command("doctor"),
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 130
    assert done.stderr == f"{STOPPED}\n"


def test_a_signal_at_work_unwinds_what_is_under_way(capsys):
    ended = []

    def work() -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            ended.append("tidily")
        return 0

    assert stoppable(work, alone=False) == 130
    assert (ended, capsys.readouterr().err) == (["tidily"], f"{STOPPED}\n")


def test_a_warning_is_a_line_as_all_others():
    code = "import warnings; from mtlhelpers.terminal import stoppable; "
    code += "stoppable(lambda: warnings.warn('a\\x1b[2Jb') or 0, alone=True)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True)
    assert done.stderr == "warning: a\\x1b[2Jb\n"


@pytest.mark.parametrize("arguments", [["--help"], ["doctor"]])
def test_it_ends_quietly_where_nobody_reads(arguments):
    with subprocess.Popen(
        command(*arguments),
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    # argparse itself passes over a message that it cannot print.
    assert process.returncode in (0, 141)
