"""Publishers' files over the network, each checked and kept whole or not at all."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tqdm import tqdm

from mtlhelpers.data.cache import cache_folder, clear_left
from mtlhelpers.data.published.registry import Publisher
from mtlhelpers.data.published.transfer import PER_FILE, Transfer
from mtlhelpers.errors import CorpusError, InputError

BASE_URL = "https://raw.githubusercontent.com"
TIMEOUT = 30.0  # seconds without an answer
RETRIES = 2  # the first after a second, the other after two more
_LEFT = re.compile(r"tmp\w{8}")  # what pooch calls a file that it is writing
FEW = 20  # files that come in a moment and need no progress bar


def fetch_files(
    publisher: Publisher,
    base_url: str | None = None,
    timeout: float = TIMEOUT,
    whole: float = PER_FILE,
) -> dict[str, bytes]:
    """Return the contents of a publisher's files, by path in the repository.

    They are kept under `<cache folder>/corpora/<name>/<commit>/`. What is there already
    is checked too, and fetched anew if it is not what it should be.

    Args:
        publisher: whose files.
        base_url: what stands before `/<repository>/<commit>/<path>`. Default: the
            environment variable MTLHELPERS_MIRROR, else GitHub's own.
        timeout: seconds that the server may stay silent.
        whole: seconds that one file may take, every try included.

    Raises:
        CorpusError: if a file cannot be had, is not the pinned one, or cannot be kept.
            Files fetched before it stay.
    """
    import pooch  # here, since folders and hubs do without

    base = base_url or os.environ.get("MTLHELPERS_MIRROR") or BASE_URL
    root = f"{base.rstrip('/')}/{publisher.repository}/{publisher.commit}"
    urls = {path: f"{root}/{quote(path)}" for path in publisher.digests}
    pooch.get_logger().setLevel("WARNING")  # one bar instead of a line per file
    files = pooch.create(
        kept_folder(publisher),
        root,
        registry=publisher.digests,
        urls=urls,
        retry_if_failed=0 if _offline() else RETRIES,
    )
    limits = (timeout, whole)
    clear_left(kept_folder(publisher), lambda path: bool(_LEFT.fullmatch(path.name)))
    few, name = len(urls) <= FEW, publisher.name
    shown = tqdm(urls, desc=name, leave=False, unit="file", disable=few)
    return {path: _fetch(publisher, files, path, limits) for path in shown}


def _fetch(
    publisher: Publisher, files: Any, path: str, limits: tuple[float, float]
) -> bytes:
    """The content of a file, fetched unless it is kept, if it is the pinned one."""
    from requests import RequestException

    download = _refuse if _offline() else Transfer(*limits)
    try:
        return Path(files.fetch(path, downloader=download)).read_bytes()
    # No route, refused, silent too long, cut off, 404 and its like; or a mirror
    # that is no address, or other bytes than the pinned ones.
    except (RequestException, ValueError) as error:
        why = str(_root(error))
        raise _refusal(files.get_url(path), publisher, why) from error
    except OSError as error:
        raise CorpusError(
            f"{files.path / path}: cannot be written ({error.strerror or error}). Let "
            "MTLHELPERS_CACHE name a folder with room in which you may write."
        ) from error


def given_folder(name: str) -> Path | None:
    """The folder in MTLHELPERS_DATA that stands for a named corpus, if there is one."""
    given = os.environ.get("MTLHELPERS_DATA")
    folder = Path(given).expanduser() / name if given else None
    return folder if folder and folder.is_dir() else None


def kept_folder(publisher: Publisher) -> Path:
    """Where a publisher's files are kept once they are fetched."""
    return cache_folder() / "corpora" / publisher.name / publisher.commit


def _refuse(*_: object) -> None:
    raise InputError("HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set")


def _offline() -> bool:
    flags = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    # The values that huggingface_hub takes for yes.
    yes = ("1", "ON", "YES", "TRUE")
    return any(os.environ.get(flag, "").upper() in yes for flag in flags)


def _root(error: BaseException) -> BaseException:
    """The error that the others came of: it says in plain words what is wrong."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _refusal(url: str, publisher: Publisher, reason: str) -> CorpusError:
    return CorpusError(
        f"{url}: cannot be had ({reason}). Try again with a working connection; or put "
        f"the corpus as JSONL into a folder {publisher.name} and let MTLHELPERS_DATA "
        "name the folder around it; or let MTLHELPERS_MIRROR name a server that has "
        "the file."
    )
