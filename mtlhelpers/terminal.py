"""How a command meets the terminal: lines that are safe to show, faults in one line.

Lines pass through `show`, and nothing else prints. So an escape sequence in somebody's
label, a terminal that knows ASCII alone, and a reader who has gone are dealt with once.
"""

import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

STDOUT = "-"  # in the place of a file's name
FAULT, STOPPED, UNREAD = 2, 130, 141  # exit statuses; the last two as after signals
# What a terminal obeys instead of showing it: control characters but tab and newline,
# marks that turn the direction of writing, and halves of characters.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)
PLAIN = str.maketrans({"✓": "[ok]", "✗": "[x]", "±": "+-", "…": "...", "→": "->"})
REPORT = (
    "This is a fault of mtlhelpers, not yours: please report it, with the lines above "
    "and with what `mtlhelpers doctor` prints."
)


def printable(text: str, encoding: str = "utf-8") -> str:
    """Escape what a terminal would obey, and what the encoding cannot show."""
    text = UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(PLAIN)
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text


def show(lines: Iterable[object], stream: TextIO | None = None) -> int:
    """Print lines as they come, to standard output unless told otherwise; return 0.

    Where nobody reads on, as behind `| head`, the process ends quietly.
    """
    stream = stream or sys.stdout
    for line in lines:
        try:
            print(printable(str(line), stream.encoding), file=stream, flush=True)
        except BrokenPipeError:
            _end_unread(stream)
    return 0


def note(line: str) -> None:
    """Print a line beside the results: to standard error."""
    show([line], sys.stderr)


def write(lines: Iterable[object], where: str) -> int:
    """Write lines into a file, or show them."""
    if where == STDOUT:
        return show(lines)
    Path(where).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return 0


@contextmanager
def growing(where: str | None) -> Iterator[Path | None]:
    """A file that is written anew with each row; for standard output, shown at last."""
    if where != STDOUT:
        yield Path(where) if where else None
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        try:
            yield path
        finally:
            if path.is_file():
                show([path.read_text(encoding="utf-8").rstrip()])


class Stopped(KeyboardInterrupt):
    """Ctrl-C, or SIGTERM.

    A class of its own, since Python ends by the signal itself, and not with our status,
    once a plain `KeyboardInterrupt` has passed through an `exec`, as in an import.
    """


def hear_signals() -> None:
    """Have SIGTERM, as a batch system sends it at a time limit, end as Ctrl-C does.

    That is tidily, and with the worker processes, which would go on with what they have
    in hand. A signal that is ignored, as in a background job, stays so.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped


def stoppable(work: Callable[[], int]) -> int:
    """Return the exit status of some work; told to stop, it ends with one line."""
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()  # of what argparse printed
    except KeyboardInterrupt:
        note("stopped; whatever was written is whole")
        return STOPPED
    except BrokenPipeError:
        _end_unread(sys.stdout)


def guarded(work: Callable[[], int], where: str, trace: bool) -> int:
    """Return the exit status of some work; a fault in it is one line.

    where: the command, with which the line begins. trace: show where it was raised. An
    error of no expected kind is the package's own mistake, and always shows that.
    """
    try:
        return work()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        if trace:
            note(traceback.format_exc())
        note(f"{where}: {_in_a_line(error)}")
        return FAULT
    except Exception:
        note(f"{traceback.format_exc()}{REPORT}")
        return FAULT


def _in_a_line(error: Exception) -> str:
    """What an error says; of one that a library raised, also its kind."""
    if isinstance(error, ImportError):
        return f"{error}: `mtlhelpers doctor` says what is missing"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split("\n")).strip() or "no reason given"
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if str(frames[-1].f_globals.get("__name__")).startswith("mtlhelpers."):
        return text
    return f"{type(error).__name__}: {text} (--trace shows where)"


def _end_unread(stream: TextIO) -> NoReturn:
    # Python flushes the stream once more at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise SystemExit(UNREAD)
