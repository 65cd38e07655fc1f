"""What an archive holds, as RO-Crate 1.1: JSON-LD that repositories and people read."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mtlhelpers.data.published.registry import PUBLISHERS

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
KINDS = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".toml": "application/toml",
    ".html": "text/html",
    ".md": "text/markdown",
    ".yml": "application/yaml",
    ".cff": "application/yaml",
}
ABOUT = {
    "records.parquet": "One row per run: plan, digests, versions, scores, seconds, and "
    "the outcome of every test sentence. Read by any reader of Parquet, or by "
    "`mtlhelpers claims --studies studies`.",
    "grid.toml": "The runs of a study, declared before the first of them.",
    "claims.toml": "The statements under test, and what decides each.",
    "report.html": "The report: what came out, with every verdict.",
    "requirements.txt": "The environment, with versions and hashes.",
}


def metadata(contents: Mapping[str, bytes]) -> bytes:
    """Return ro-crate-metadata.json for the files of an archive."""
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root(contents),
        *(described(name, content) for name, content in sorted(contents.items())),
        *context_entities(authors(contents["pyproject.toml"])),
    ]
    graph_of = {"@context": [CONTEXT, {"sha256": "https://schema.org/sha256"}]}
    text = json.dumps(graph_of | {"@graph": graph}, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def root(contents: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the entity of the archive itself, with what CITATION.cff says of it."""
    cited = dict(citation(contents["CITATION.cff"].decode("utf-8")))
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": cited["title"],
        "description": "Records of every run, the statements that they decide, the "
        "environment and the report, of a study of which parts of a shared BERT with "
        "a sentence head and a head for names should train.",
        "datePublished": cited["date-released"],
        "version": cited["version"],
        "license": [{"@id": licence} for licence in LICENCES.values()],
        "author": {"@id": "#authors"},
        "hasPart": [{"@id": name} for name in sorted(contents)],
        "mentions": [{"@id": f"#{name}"} for name in PUBLISHERS],
    }


def citation(text: str) -> Iterator[tuple[str, str]]:
    """Yield the plain `key: value` lines of CITATION.cff."""
    for line in text.splitlines():
        key, colon, value = line.partition(": ")
        if colon and not line.startswith((" ", "-")):
            yield key, value.strip().strip('"')


def described(name: str, content: bytes) -> dict[str, Any]:
    """Return the entity of a file: its size, kind and checksum."""
    path = Path(name)
    entity: dict[str, Any] = {
        "@id": name,
        "@type": "File",
        "name": name,
        "contentSize": str(len(content)),
        "encodingFormat": KINDS.get(path.suffix, "text/plain"),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if path.name in ABOUT:
        entity["description"] = ABOUT[path.name]
    if name.startswith("studies/"):
        entity["license"] = {"@id": LICENCES["CC-BY-4.0"]}
    return entity


def context_entities(by: str) -> Iterator[dict[str, Any]]:
    """Yield licences, authors, and the corpora that runs were made with.

    Of the corpora no sentence is in the archive: only where each is published.
    """
    for name, address in LICENCES.items():
        yield {"@id": address, "@type": "CreativeWork", "name": name}
    yield {"@id": "#authors", "@type": "Organization", "name": by}
    for name, one in PUBLISHERS.items():
        yield {
            "@id": f"#{name}",
            "@type": "Dataset",
            "name": name,
            "url": f"https://github.com/{one.repository}",
            "version": one.commit,
            "license": one.licence,
            "citation": one.citation,
        }


def authors(pyproject: bytes) -> str:
    """Return who is named as author in pyproject.toml."""
    project = tomllib.loads(pyproject.decode("utf-8"))["project"]
    return str(project["authors"][0]["name"])
