"""Text files that a teacher edits: one thing a line, comments and blank lines too."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from mtlhelpers.data.rows import CorpusError


class Line(NamedTuple):
    """A line that holds something, and where it stands."""

    text: str
    path: Path
    number: int  # from 1

    def fail(self, column: int, fault: str, remedy: str) -> NoReturn:
        """Raise `CorpusError` for a fault at a column, counted from 1."""
        place = f"{self.path}, line {self.number}, column {column}"
        raise CorpusError(f"{place}: {fault}. {remedy}.")


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file that are neither blank nor a comment (`# ...`).

    Raises:
        CorpusError: if the file is not UTF-8, or a line begins or ends with a blank.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        at = Line("", path, before.count(b"\n") + 1)
        column = len(before.rpartition(b"\n")[2].decode("utf-8")) + 1
        at.fail(column, "not UTF-8", "Save the file as UTF-8")
    # Only "\n" ends a line, with a "\r" before it where Windows wrote the file.
    for number, raw in enumerate(text.split("\n"), start=1):
        line = Line(raw.removesuffix("\r"), path, number)
        if not line.text.strip() or line.text.startswith("#"):
            continue
        stripped = line.text.lstrip()
        if stripped != line.text:
            line.fail(1, "the line begins with a blank", "Remove the blank")
        if line.text.rstrip() != line.text:
            column = len(line.text.rstrip()) + 1
            line.fail(column, "the line ends with a blank", "Remove the blank")
        yield line
