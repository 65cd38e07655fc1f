"""The corpora known by name: whose they are, where they lie, what they must be.

The facts stand in `registry/publishers.toml`, the sha256 of each file beside it.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from mtlhelpers.data.published import parsers
from mtlhelpers.data.published.parsers import Contents, Fields
from mtlhelpers.data.rows import Row, read_row

_FOLDER = files("mtlhelpers.data") / "registry"
_PARSERS = {
    "snips": parsers.parse_snips,
    "hwu64": parsers.parse_hwu64,
    "wnut17": parsers.parse_wnut17,
    "clinc150": parsers.parse_clinc150,
    "bc5cdr": parsers.parse_bc5cdr,
}


@dataclass(frozen=True)
class Publisher:
    """A corpus as its publisher offers it, in a repository on GitHub.

    Attributes:
        name: how `load_corpus` calls the corpus.
        repository, commit: where its files lie, and the one version that is meant.
        licence, citation: as the publisher states them.
        changes: what the parser does to the sentences.
        parse: makes the fields of each split's sentences, as `read_row` takes them, of
            the files' contents by path in the repository.
    """

    name: str
    repository: str
    commit: str
    licence: str
    citation: str
    changes: tuple[str, ...]
    parse: Callable[[Contents], Mapping[str, list[Fields]]]

    @property
    def source(self) -> str:
        """The address of the repository, and the commit."""
        return f"https://github.com/{self.repository}, commit {self.commit}"

    @property
    def digests(self) -> dict[str, str]:
        """The sha256 of each file that is needed, by its path in the repository."""
        text = (_FOLDER / f"{self.name}.sha256").read_text(encoding="utf-8")
        pairs = (line.split("  ", maxsplit=1) for line in text.splitlines())
        return {path: digest for digest, path in pairs}

    def read(self, contents: Contents, label: str = "label") -> dict[str, list[Row]]:
        """Return the sentences of each split, given the files by path.

        label: which of the parser's fields is their label ("intent", say).
        """
        return {
            split: [
                read_row(
                    fields | {"label": fields.get(label)},
                    f"{self.name}, {split}, {fields['id']}",
                    fields["id"],
                )
                for fields in sentences
            ]
            for split, sentences in self.parse(contents).items()
        }


def _publishers() -> dict[str, Publisher]:
    text = (_FOLDER / "publishers.toml").read_text(encoding="utf-8")
    return {
        name: Publisher(
            name,
            facts["repository"],
            facts["commit"],
            facts["licence"],
            facts["citation"],
            tuple(facts["changes"]),
            _PARSERS[name],
        )
        for name, facts in tomllib.loads(text).items()
    }


PUBLISHERS = _publishers()
# What ships with the package: a row group per split, test last.
NEWSDESK_ROWS = Path(__file__).parents[1] / "newsdesk" / "rows.parquet"

# Made of them: with 2,000 more test sentences, taken from train; without the label oos,
# alone and in disjoint pairs; with the fine labels (64, 150) of the same sentences.
STUDIED = (
    "snips+2000",
    "hwu64+2000",
    "hwu64:intent",
    "hwu64+2000:intent",
    "clinc150-oos",
    "clinc150-oos+wnut17",
    "clinc150-oos+bc5cdr",
    "clinc150-oos:intent",
    "clinc150-oos:intent+wnut17",
    "clinc150-oos:intent+bc5cdr",
)
