"""CSV and TSV, also as Excel writes them: a line of names, then a sentence per line."""

import csv
from collections import Counter
from collections.abc import Iterator

from mtlhelpers.data.formats.items import Item, read_text
from mtlhelpers.errors import CorpusError

DELIMITERS = ",;\t|"


def read_csv(content: bytes, path: str, stem: str) -> Iterator[Item]:
    """Yield the rows of a table by the names in its first line.

    Cells are parted by whichever of comma, semicolon, tab and bar parts the names most;
    a line `sep=;`, which Excel writes before them, says it outright. Cells `tokens` and
    `tags` hold words parted by spaces. An empty cell is none.

    Raises:
        CorpusError: for names that are missing or double, a line with another number of
            cells, or a quote that is never closed.
    """
    text = read_text(content, path)
    first, _, rest = text.partition("\n")
    skipped = 0
    if first[:4] == "sep=" and len(first.rstrip()) == 5:
        delimiter, text, skipped = first[4], rest, 1
    else:
        delimiter = max(DELIMITERS, key=first.count)
    rows = _rows(text, delimiter, path, skipped)
    names = [name.strip() for name in next(rows, (0, []))[1]]
    _check_names(names, path, skipped + 1)
    for number, cells in rows:
        place = f"{path}, line {number}"
        if len(cells) != len(names):
            raise CorpusError(
                f"{place}: {len(cells)} cells, but the first line names {len(names)}. "
                f"Quote a cell that holds {delimiter!r}, or fill in what is missing."
            )
        record = {
            name: cell.split() if name in ("tokens", "tags") else cell
            for name, cell in zip(names, cells, strict=True)
            if cell.strip()
        }
        yield Item(record, place, f"{stem}-{number}")


def _rows(
    text: str, delimiter: str, path: str, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each row begins, and its cells; blank lines are none."""
    lines = (f"{line}\n" for line in text.replace("\r\n", "\n").split("\n"))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = skipped + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = skipped + reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(
            f"{path}, line {start}: not CSV ({error}). A cell that begins with a quote "
            'ends with one, and quotes inside it are doubled: "say ""hi""".'
        ) from error


def _check_names(names: list[str], path: str, line: int) -> None:
    if not names:
        raise CorpusError(
            f"{path}: no sentences. Name the columns in the first line, as text,label, "
            "and give each sentence a line below."
        )
    if "" in names:
        raise CorpusError(
            f"{path}, line {line}: column {names.index('') + 1} has no name. Name each "
            "column in the first line."
        )
    double = [name for name, count in Counter(names).items() if count > 1]
    if double:
        raise CorpusError(
            f"{path}, line {line}: two columns are called {double[0]!r}. Rename one."
        )
