"""A server on loopback that hands out files, or fails to in a chosen way."""

import threading
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

MOVED = ".moved"  # what stands behind a path that a file was moved to


class Site:
    """A server on loopback that hands out the files of a folder, or fails to.

    `faults` maps the end of a path to one of: "cut" (closes before the promised
    length), "short" (a part, promised as the whole), "wrong" (other bytes of the same
    length), "missing" (404), "reset" (closes without an answer), "silent" (waits),
    "dribble" (a byte now and then, for ever), "headers" (dribbles those), "endless",
    "huge" (promises 10**15 bytes), "moved" (redirects to another path here, which has
    the file), "loop" (redirects to itself), "elsewhere" (redirects to another host).
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
        if fault in ("moved", "loop", "elsewhere"):
            self._redirect(request, fault)
            return
        if fault in ("dribble", "headers", "endless", "huge"):
            self._go_on(request, fault)
            return
        content = (self.folder / path.lstrip("/").removesuffix(MOVED)).read_bytes()
        if fault == "wrong":
            content = bytes(len(content))
        sent = content[: len(content) // 2] if fault in ("cut", "short") else content
        request.send_response(200)
        promised = len(content) if fault == "cut" else len(sent)
        request.send_header("Content-Length", str(promised))
        request.end_headers()
        request.wfile.write(sent)

    def _redirect(self, request: BaseHTTPRequestHandler, fault: str) -> None:
        to = self.url.replace("127.0.0.1", "localhost") if fault == "elsewhere" else ""
        request.send_response(302)
        end = MOVED if fault == "moved" else ""
        request.send_header("Location", f"{to}{request.path}{end}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _go_on(self, request: BaseHTTPRequestHandler, fault: str) -> None:
        request.send_response(200)
        if fault == "huge":
            request.send_header("Content-Length", str(10**15))
        if fault != "headers":
            request.end_headers()
        sent, pause = (b"x" * 2**20, 0.0) if fault == "endless" else (b"x", 0.05)
        with suppress(OSError):  # the other side has had enough
            request.wfile.flush()
            while not self.closing.wait(pause):
                request.wfile.write(sent)
