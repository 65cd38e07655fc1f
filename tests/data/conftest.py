"""Small corpora, folders of them, and a place of their own for what tests fetch."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

Splits = dict[str, list[dict]]


@pytest.fixture
def splits() -> Splits:
    """A well-formed corpus of seven sentences, with labels and tags."""
    return {
        "train": [
            _sentence("t1", "Ada left Rome", "B-person O B-place", "travel"),
            _sentence("t2", "play it again", "O O O", "music"),
            _sentence("t3", "New York met Ada", "B-place I-place O B-person", "phone"),
            _sentence("t4", "call Bo", "O B-person", "phone"),
        ],
        "validation": [_sentence("v1", "Bo left", "B-person O", "travel")],
        "test": [
            _sentence("e1", "play Rome", "O B-place", "music"),
            _sentence("e2", "call New York", "O B-place I-place", "phone"),
        ],
    }


def _sentence(name: str, text: str, tags: str, label: str) -> dict:
    return {"id": name, "tokens": text.split(), "tags": tags.split(), "label": label}


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[[Mapping[str, list]], Path]:
    """Write lines (objects, or text as it stands) as <split>.jsonl; give the folder."""

    def write(splits: Mapping[str, list]) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        for split, lines in splits.items():
            texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
            content = "".join(f"{text}\n" for text in texts)
            (folder / f"{split}.jsonl").write_bytes(content.encode("utf-8"))
        return folder

    return write


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; downloads allowed, and no folder that replaces them."""
    for name in ("MTLHELPERS_DATA", "MTLHELPERS_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    # A proxy of the machine must not stand between a test and its loopback server.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Site:
    """A server on loopback that hands out the files of a folder, or fails to.

    `faults` maps the end of a path to one of: "cut" (closes before the promised
    length), "short" (a part, promised as the whole), "wrong" (other bytes of the same
    length), "missing" (404), "reset" (closes without an answer), "silent" (waits).
    `asked` lists the paths that were asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        serve = partial(self._server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(request.path)
        ends = [fault for end, fault in self.faults.items() if path.endswith(end)]
        fault = ends[0] if ends else ""
        if fault == "reset":
            return
        if fault == "silent":
            self.closing.wait(3)
            return
        if fault == "missing":
            request.send_error(404)
            return
        content = (self.folder / path.lstrip("/")).read_bytes()
        if fault == "wrong":
            content = bytes(len(content))
        sent = content[: len(content) // 2] if fault in ("cut", "short") else content
        request.send_response(200)
        promised = len(content) if fault == "cut" else len(sent)
        request.send_header("Content-Length", str(promised))
        request.end_headers()
        request.wfile.write(sent)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Site]]:
    """Start a `Site` for a folder; it ends with the test."""
    with ExitStack() as stack:

        def start(folder: Path) -> Site:
            site = Site(folder)
            stack.callback(site.close)
            return site

        yield start
