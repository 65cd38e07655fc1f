"""Publishers' files over the network, each checked and kept whole or not at all."""

import hashlib
import os
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from tqdm import tqdm

from mtlhelpers.data.cache import cache_folder, write_atomically
from mtlhelpers.data.published.registry import Publisher
from mtlhelpers.data.rows import CorpusError

BASE_URL = "https://raw.githubusercontent.com"
TIMEOUT = 30.0  # seconds without an answer
FEW = 20  # files that come in a moment and need no progress bar


def fetch_files(
    publisher: Publisher, base_url: str | None = None, timeout: float = TIMEOUT
) -> dict[str, bytes]:
    """Return the contents of a publisher's files, by path in the repository.

    They are kept under `<cache folder>/corpora/<name>/<commit>/`. What is there already
    is checked too, and fetched anew if it is not what it should be.

    Args:
        publisher: whose files.
        base_url: what stands before `/<repository>/<commit>/<path>`. Default: the
            environment variable MTLHELPERS_MIRROR, else GitHub's own.
        timeout: seconds that the server may stay silent.

    Raises:
        CorpusError: if a file cannot be had, is not the pinned one, or cannot be kept.
            Files fetched before it stay.
    """
    base = base_url or os.environ.get("MTLHELPERS_MIRROR") or BASE_URL
    root = f"{base.rstrip('/')}/{publisher.repository}/{publisher.commit}"
    folder = kept_folder(publisher)
    digests = publisher.digests
    contents = {
        path: kept
        for path, digest in digests.items()
        if (kept := _read_kept(folder / path, digest)) is not None
    }
    missing = [path for path in digests if path not in contents]
    hidden = len(missing) <= FEW
    for path in tqdm(missing, desc=publisher.name, unit="file", disable=hidden):
        url = f"{root}/{quote(path)}"
        content = _fetch(url, digests[path], publisher.name, timeout)
        _keep(folder / path, content)
        contents[path] = content
    return contents


def kept_folder(publisher: Publisher) -> Path:
    """Where a publisher's files are kept once they are fetched."""
    return cache_folder() / "corpora" / publisher.name / publisher.commit


def _read_kept(path: Path, digest: str) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _fetch(url: str, digest: str, name: str, timeout: float) -> bytes:
    if _offline():
        raise _refusal(url, name, "HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set")
    try:
        with urlopen(url, timeout=timeout) as response:
            content = response.read()
    # OSError: no route, refused, reset, silent too long, 404 and its like.
    # HTTPException: cut off before the length that was promised.
    # ValueError: a mirror that is no address.
    except (OSError, HTTPException, ValueError) as error:
        raise _refusal(url, name, str(error) or type(error).__name__) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        fault = f"the {len(content):,} bytes have sha256 {found}, not {digest}"
        raise _refusal(url, name, fault)
    return content


def _keep(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be written ({error.strerror}). Let MTLHELPERS_CACHE name "
            "a folder with room in which you may write."
        ) from error


def _offline() -> bool:
    flags = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    # The values that huggingface_hub takes for yes.
    yes = ("1", "ON", "YES", "TRUE")
    return any(os.environ.get(flag, "").upper() in yes for flag in flags)


def _refusal(url: str, name: str, fault: str) -> CorpusError:
    return CorpusError(
        f"{url}: cannot be had ({fault}). Try again with a working connection; or put "
        f"the corpus as JSONL into a folder {name} and let MTLHELPERS_DATA name the "
        "folder around it; or let MTLHELPERS_MIRROR name a server that has the file."
    )
