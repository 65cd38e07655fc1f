"""One file to deposit: records, environment, report, checksums, and what they are.

    python -m report.archive build/report.html build/archive.zip

Its metadata are an RO-Crate (https://w3id.org/ro/crate/1.1). The same files give the
same bytes. A deposit (Zenodo, OSF, Dataverse) gives it its DOI.
"""

import hashlib
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from mtlhelpers.data.cache import whole_file
from report.crate import metadata

ROOT = Path(__file__).parents[1]
TAKEN = (
    "CITATION.cff",
    "LICENSE",
    "README.md",
    "environment.yml",
    "pyproject.toml",
    "requirements.txt",
    "mtlhelpers/study/protocol.py",
    "mtlhelpers/study/verdicts/claims.toml",
    "mtlhelpers/data/registry/*",
    "studies/*/grid.toml",
    "studies/*/template.toml",
    "studies/*/records.parquet",
    "studies/*/*.json",
    "studies/*/*.jsonl",
)
DAY = (1980, 1, 1, 0, 0, 0)  # of every file, so that bytes depend on contents alone
LEVEL = 9  # of compression
SUMS, CRATE, REPORT = "SHA256SUMS", "ro-crate-metadata.json", "report.html"


def main(report: str, target: str) -> None:
    """Write the archive."""
    contents = dict(files(Path(report)))
    contents[CRATE] = metadata(contents)
    contents[SUMS] = sums(contents)
    with whole_file(Path(target)) as file, zipfile.ZipFile(file, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, DAY)
            entry.external_attr = 0o644 << 16  # else `unzip` makes unreadable files
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED, LEVEL)
    print(f"{target}: {len(contents)} files")


def files(report: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what goes in, by name: what TAKEN names, and the report."""
    for pattern in TAKEN:
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), path.read_bytes()
    yield REPORT, report.read_bytes()


def sums(contents: Mapping[str, bytes]) -> bytes:
    """Return a line per file, as `sha256sum --check` reads them."""
    lines = (
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(contents.items())
    )
    return "".join(lines).encode("utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
