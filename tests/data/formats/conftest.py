"""Files of one format, and what is made of them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mtlhelpers.data.load import Reading, read_source
from mtlhelpers.data.rows import SPLITS, Row

Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Write content into a file of this name, and read it; the place is the name."""
    monkeypatch.chdir(tmp_path)

    def of(name: str, content: bytes | str, **options: object) -> Reading:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_source(name, **options)

    return of


@pytest.fixture
def read_both(read: Read) -> Callable[..., list[Row]]:
    """Read files train and test with this content; give the sentences of test."""

    def of(ending: str, content: bytes | str, **options: object) -> list[Row]:
        for split in SPLITS[::2]:
            path = Path(f"both/{split}{ending}")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_source("both", **options).splits["test"]

    return of


def shown(rows: Iterable[Row]) -> list[tuple[str, str | None, str | None]]:
    """Tokens and tags as text, and the label, of each sentence."""
    return [
        (" ".join(row.tokens), " ".join(row.tags) if row.tags else None, row.label)
        for row in rows
    ]
