"""How a command meets the terminal: lines that are safe to show, faults in one line.

Lines pass through `show`, and nothing else prints. So an escape sequence in somebody's
label, a terminal that knows ASCII alone, and a reader who has gone are dealt with once.
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from mtlhelpers.errors import MTLError
from mtlhelpers.escapes import escaped

STDOUT = "-"  # in the place of a file's name
FAULT, INTERRUPTED, UNREAD = 2, 130, 141  # exit statuses; two as after signals
STOPPED = "stopped; whatever was written is whole"
ASCII = str.maketrans({"✓": "[ok]", "✗": "[x]", "±": "+-", "…": "...", "→": "->"})
# Our own errors, and what a library may raise over what it is given.
EXPECTED = (MTLError, ImportError, OSError, RuntimeError, ValueError)
REPORT = (
    "This is a fault of mtlhelpers, not yours: please report it, with the lines above "
    "and with what `mtlhelpers doctor` prints."
)


def printable(text: str, encoding: str = "utf-8") -> str:
    """Escape what a terminal would obey, and what the encoding cannot show."""
    text = escaped(text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(ASCII)
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
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        try:
            yield path
        finally:
            if path.is_file():
                show([path.read_text(encoding="utf-8").rstrip()])


def stoppable(work: Callable[[], int], alone: bool) -> int:
    """Return the exit status of some work; told to stop, it ends with one line.

    alone: whether the process is there for nothing else. Then its warnings are lines as
    all others, and SIGTERM, which a batch system sends at a time limit, ends it as
    Ctrl-C does: tidily, and with its worker processes.
    """
    if alone:
        warnings.showwarning = _note_warning
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as in the background
                signal.signal(number, _stop)
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()  # of what argparse printed
    except KeyboardInterrupt:
        note(STOPPED)
        return INTERRUPTED
    except BrokenPipeError:
        _end_unread(sys.stdout)


def _stop(_: int, frame: FrameType | None) -> NoReturn:
    """End as by Ctrl-C; at once while a library loads.

    Most of them are no good at being interrupted then: one makes another error of it,
    one aborts the process, one hangs at its end. And nothing is being written.
    """
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            os.write(sys.stderr.fileno(), f"{STOPPED}\n".encode())
            os._exit(INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def guarded(work: Callable[[], int], where: str, trace: bool) -> int:
    """Return the exit status of some work; a fault in it is one line.

    where: the command, with which the line begins. trace: show where it was raised. An
    error of no expected kind is the package's own mistake, and always shows that.
    """
    try:
        return work()
    except Exception as error:
        known = isinstance(error, EXPECTED)
        if trace or not known:
            _note_trace(error)
        note(f"{where}: {_in_a_line(error)}" if known else REPORT)
        return FAULT


def _note_warning(message: Warning | str, *_: object, **__: object) -> None:
    note(f"warning: {message}")


def _note_trace(error: Exception) -> None:
    from traceback import format_exception

    note("".join(format_exception(error)).rstrip())


def _in_a_line(error: Exception) -> str:
    """What an error says; of one that a library raised, also its kind."""
    if isinstance(error, ImportError):
        return f"{error}: `mtlhelpers doctor` says what is missing"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split("\n")).strip() or "no reason given"
    if isinstance(error, MTLError):
        return text
    return f"{type(error).__name__}: {text} (--trace shows where)"


def _end_unread(stream: TextIO) -> NoReturn:
    # Python flushes the stream once more at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise SystemExit(UNREAD)
