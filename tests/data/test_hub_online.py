"""A data set with a column map, from a server on loopback that acts as a hub."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

import mtlhelpers

COMMIT = "c0ffee" * 6 + "beef"
FILES = {
    "train.jsonl": b'{"words": ["to", "Rome"], "kind": "go"}\n' * 12,
    "test.jsonl": b'{"words": ["from", "Rome"], "kind": "go"}\n',
}
SCRIPT = """
import json, sys, types

# The data room alone: with the whole package this process would wait for torch.
package = sys.modules["mtlhelpers"] = types.ModuleType("mtlhelpers")
package.__path__ = [sys.argv[2]]
from mtlhelpers.data.load import load_corpus

columns = {"tokens": "words", "label": "kind"}
corpus = load_corpus("owner/name", columns=columns, revision=sys.argv[1])
print(json.dumps([corpus.name, corpus.source, corpus.splits["test"].to_list()]))
"""


class Hub(BaseHTTPRequestHandler):
    """Knows owner/name at one commit: what it is, its listing, and its files."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        api, resolve = "/api/datasets/owner/name", "/datasets/owner/name/resolve/"
        if path == f"{api}/revision/{COMMIT}":  # no other, so it must be asked for
            self.answer_json({"id": "owner/name", "sha": COMMIT, "siblings": []})
        elif path == f"{api}/tree/{COMMIT}":
            self.answer_json([listing(name) for name in FILES])
        elif path.startswith(resolve) and path.rpartition("/")[2] in FILES:
            name = path.rpartition("/")[2]
            self.answer(200, FILES[name], {"ETag": f'"{etag(name)}"'})
        else:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    do_HEAD = do_GET

    def answer_json(self, value: object) -> None:
        headers = {"Content-Type": "application/json"}
        self.answer(200, json.dumps(value).encode(), headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        always = {"Content-Length": str(len(body)), "X-Repo-Commit": COMMIT}
        for name, value in (always | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def listing(name: str) -> dict:
    size = len(FILES[name])
    return {"type": "file", "path": name, "size": size, "oid": etag(name)}


def etag(name: str) -> str:
    return hashlib.sha1(FILES[name]).hexdigest()


@pytest.fixture
def endpoint():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_data_set_on_a_hub(endpoint, tmp_path):
    # In a process of its own, since the address of the hub is read once, at import.
    variables = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "no_proxy": "*"}
    online = {"HF_HUB_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0"}
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, COMMIT, *mtlhelpers.__path__],
        env=os.environ | variables | online,
        capture_output=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr
    name, source, test = json.loads(finished.stdout)
    assert (name, source) == ("name", f"owner/name, read as hub, revision {COMMIT}")
    assert [(row["id"], row["tokens"], row["label"]) for row in test] == [
        ("test-0", ["from", "Rome"], "go")
    ]
