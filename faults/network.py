"""Servers on loopback that fail in every way while a pinned file is fetched."""

import hashlib
import os
from pathlib import Path
from random import Random

from helpers.site import Site

from faults.case import RIGHT, Case
from mtlhelpers.data.published import download, transfer
from mtlhelpers.data.published.registry import Publisher
from mtlhelpers.errors import CorpusError

CONTENT = b"the only file" * 1_000
KINDS = [
    *("", "cut", "short", "wrong", "missing", "reset", "silent", "dribble", "headers"),
    *("endless", "huge", "moved", "loop", "elsewhere"),
]
COUNT = len(KINDS)


class _Small(Publisher):
    digests = {"only.txt": hashlib.sha256(CONTENT).hexdigest()}


def network(_: Random, room: Path, number: int) -> Case:
    """One way to fail, then the same again from a sound server."""
    kind = KINDS[number % len(KINDS)]
    publisher = _Small("small", "owner/repo", "c0ffee", "", "", (), dict)

    def act() -> str:
        for flag in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
            os.environ.pop(flag, None)
        os.environ |= {"MTLHELPERS_CACHE": str(room / "cache"), "no_proxy": "127.0.0.1"}
        download.RETRIES, transfer.MOST_DOWNLOADED = 0, 10**6
        folder = room / publisher.repository / publisher.commit
        folder.mkdir(parents=True)
        (folder / "only.txt").write_bytes(CONTENT)
        site = Site(room)
        site.faults["only.txt"] = kind
        if kind:
            site.faults[".moved"] = ""
        try:
            fetched = download.fetch_files(publisher, site.url, 0.5, 1.0)
            failed = ""
        except CorpusError as error:
            failed = str(error)
        litter = [path for path in (room / "cache").rglob("*") if path.is_file()]
        if failed and litter:
            return f"left behind: {litter}"
        if bool(failed) == (kind in ("", "moved")):
            return failed or f"taken: {len(fetched['only.txt'])} bytes"
        site.faults.clear()
        again = download.fetch_files(publisher, site.url, 30.0, 60.0)
        site.close()
        return RIGHT if again == {"only.txt": CONTENT} else "another file"

    return Case(kind or "sound", act)
