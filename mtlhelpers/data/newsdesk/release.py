"""newsdesk as it is loaded: built once per state of its sources, then kept.

What is kept is Parquet with one row group per split. It is packed by gzip for the sake
of gzip's checksum: a damaged file cannot be taken for sentences.
"""

import gzip
import hashlib
import io
import unicodedata
import zlib
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

from mtlhelpers.data.cache import cache_folder, write_atomically
from mtlhelpers.data.corpus import FEATURES, Corpus, build_corpus
from mtlhelpers.data.newsdesk.build import FOLDER, build_newsdesk
from mtlhelpers.data.rows import SPLITS, label_names, tag_names

LICENCE = "CC BY 4.0"
CITATION = "newsdesk, the embedded corpus of mtlhelpers (mtlhelpers/data/newsdesk)"
SOURCE = "written for this project; its data card: mtlhelpers/data/newsdesk/README.md"
NOTES = (
    "sentences drafted by a language model under an editorial brief, then checked",
    "rows of one group are variants of one hand-written sentence: count groups",
)
KEPT = 5  # files, the newest: an author of sentences makes one with every edit


def load_newsdesk() -> Corpus:
    """Return the corpus newsdesk, out of the user's cache if it was built before.

    A cache that is empty, damaged or not to be written costs time and nothing else: the
    corpus is built anew. Raises `CorpusError` for the first fault in a source file.
    """
    path = cache_folder() / "newsdesk" / f"{source_digest(FOLDER.parent)}.parquet.gz"
    splits = _read(path)
    if splits is None:
        splits = build_corpus("newsdesk", build_newsdesk(FOLDER)).splits
        with suppress(OSError):
            _write(path, splits)
    train = splits["train"]
    labels, tags = label_names(train["label"][:]), tag_names(train["tags"][:])
    return Corpus("newsdesk", splits, labels, tags, LICENCE, CITATION, SOURCE, NOTES)


def source_digest(room: Path) -> str:
    """Return the sha256, in hex, of what the rows depend on.

    These are the text files of newsdesk, Unicode's tables, and all code of the room of
    corpora: which part of it shapes the rows is not worth a list that can be wrong.
    """
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    texts = (room / "newsdesk").rglob("*.txt")
    for path in sorted([*room.rglob("*.py"), *texts]):
        content = path.read_bytes()
        head = f"\n{path.relative_to(room).as_posix()} {len(content)}\n"
        digest.update(head.encode() + content)
    return digest.hexdigest()


def _read(path: Path) -> DatasetDict | None:
    try:
        content = pa.BufferReader(gzip.decompress(path.read_bytes()))
        file = pq.ParquetFile(content)
    # Not there or not to be read, cut short, damaged, empty.
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid):
        return None
    return DatasetDict(
        {split: Dataset(file.read_row_group(at)) for at, split in enumerate(SPLITS)}
    )


def _write(path: Path, splits: DatasetDict) -> None:
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, FEATURES.arrow_schema) as writer:
        for split in SPLITS:
            writer.write_table(splits[split].with_format("arrow")[:])
    write_atomically(path, gzip.compress(buffer.getvalue(), mtime=0))
    by_age = sorted(path.parent.iterdir(), key=lambda file: file.stat().st_mtime)
    for old in by_age[:-KEPT]:
        old.unlink(missing_ok=True)
