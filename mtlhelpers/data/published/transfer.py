"""One file over the network, within limits of time and size, from one host alone."""

import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from mtlhelpers.errors import InputError

if TYPE_CHECKING:
    from requests import Response

MOST_DOWNLOADED = 100_000_000  # of a file: several times the largest that is pinned
PER_FILE = 600.0  # seconds that one file may take, every try included
HOPS = 5  # redirects that are followed
CHUNK = 65_536  # bytes


class Transfer:
    """Fetches a file for pooch, as its own downloaders do.

    A pinned file comes from the host that was asked, or not at all. Proxies are those
    that the environment names. Raises `InputError` beyond a limit and for a redirect to
    another host, and what `requests` raises.
    """

    def __init__(self, silent: float, whole: float) -> None:
        """`silent`: seconds without an answer; `whole`: until all must be there."""
        self.silent, self.until, self.whole = silent, time.monotonic() + whole, whole

    def __call__(self, url: str, path: str, _: object) -> None:
        """Write the content behind the address into a file."""
        found: list[bytes | Exception] = []
        # A server may dribble bytes, headers too, for ever: nobody waits for that. The
        # thread that does ends at the limits, or with the process.
        worker = Thread(target=self._put, args=(url, found), daemon=True)
        worker.start()
        worker.join(max(0.0, self.until - time.monotonic()))
        if not found:
            raise InputError(f"it is not done within {self.whole:g} seconds")
        if isinstance(found[0], Exception):
            raise found[0]
        Path(path).write_bytes(found[0])

    def _put(self, url: str, found: list[bytes | Exception]) -> None:
        try:
            found.append(self._content(url))
        except Exception as error:  # raised again by whoever waits
            found.append(error)

    def _content(self, url: str) -> bytes:
        import requests  # 0.2 s, needed here alone

        with requests.Session() as session:
            for _ in range(HOPS + 1):
                answer = session.get(
                    url, stream=True, timeout=self.silent, allow_redirects=False
                )
                if not answer.is_redirect:
                    answer.raise_for_status()
                    return self._body(answer)
                url = _same_host(url, answer.headers["location"])
        raise InputError(f"it redirects more than {HOPS} times")

    def _body(self, answer: "Response") -> bytes:
        told = answer.headers.get("content-length", "0")
        if told.isdecimal() and int(told[:20]) > MOST_DOWNLOADED:
            raise InputError(f"it is larger than {MOST_DOWNLOADED:,} bytes")
        content = bytearray()
        for part in answer.iter_content(CHUNK):
            content += part
            if len(content) > MOST_DOWNLOADED:
                raise InputError(f"it is larger than {MOST_DOWNLOADED:,} bytes")
            if time.monotonic() > self.until:  # nobody waits any more
                break
        return bytes(content)


def _same_host(url: str, location: str) -> str:
    """The address that a server sends to, if it is the server's own."""
    new = urljoin(url, location)
    if urlsplit(new)[:2] != urlsplit(url)[:2]:
        raise InputError(f"it redirects to another host, {urlsplit(new).netloc}")
    return new
