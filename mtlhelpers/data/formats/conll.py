"""CoNLL: a word per line, its tag in the last column, a blank line after a sentence."""

import re
from collections.abc import Iterator
from typing import Any

from mtlhelpers.data.formats.items import Item, read_text
from mtlhelpers.errors import CorpusError

TAG = re.compile(r"O|[BIESLU][-_]\S.*")
_COMMENT = re.compile(r"#\s*(\w+)\s*[=:]\s*(.+)")
_DOCUMENT = "-DOCSTART-"


def read_conll(content: bytes, path: str, stem: str) -> Iterator[Item]:
    """Yield sentences of two to four columns, parted by tabs, or else by spaces.

    The first column is the word, the last its tag. Sentences after a `-DOCSTART-` mark
    are a group. A comment before a sentence, `# label = music`, is a key of it.

    Raises:
        CorpusError: for a line with too few, too many, or another number of columns.
    """
    text = read_text(content, path)
    separator = "\t" if "\t" in text else None
    documents, columns = 0, 0
    record: dict[str, Any] = {}
    start = 1
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith(_DOCUMENT):
            if "tokens" in record:
                yield Item(record, f"{path}, line {start}", f"{stem}-{start}")
            record, start = {}, number + 1
            documents += line.startswith(_DOCUMENT)
            continue
        cells = line.rstrip("\r").split(separator)
        if _is_comment(line, cells, record):
            if found := _COMMENT.match(line):
                record[found[1]] = found[2].strip()
            continue
        columns = columns or len(cells)
        _check_columns(cells, columns, f"{path}, line {number}")
        record.setdefault("tokens", []).append(cells[0].strip())
        record.setdefault("tags", []).append(cells[-1].strip())
        if documents:
            record["group"] = f"{stem}-document-{documents}"
    if "tokens" in record:
        yield Item(record, f"{path}, line {start}", f"{stem}-{start}")


def looks_like_conll(text: str) -> bool:
    """Whether most of the first lines of a text are words with tags."""
    lines = [line for line in text.split("\n")[:40] if line.strip()]
    words = [
        line.split("\t" if "\t" in line else None)
        for line in lines
        if not (line.startswith((_DOCUMENT, "# ")))
    ]
    fit = [TAG.fullmatch(cells[-1].strip()) for cells in words if 2 <= len(cells) <= 4]
    return 2 * sum(map(bool, fit)) > len(words)


def _is_comment(line: str, cells: list[str], record: dict[str, Any]) -> bool:
    """A line that starts with "#" before the words, and ends in no tag."""
    begun = "tokens" in record
    return line[0] == "#" and not begun and not TAG.fullmatch(cells[-1].strip())


def _check_columns(cells: list[str], columns: int, place: str) -> None:
    if not 2 <= len(cells) <= 4:
        raise CorpusError(
            f"{place}: {len(cells)} columns. Write a word and its tag, parted by a tab "
            "or a space, with at most two columns between them."
        )
    if len(cells) != columns:
        raise CorpusError(
            f"{place}: {len(cells)} columns, but {columns} in the lines before. Give "
            "each word as many."
        )
