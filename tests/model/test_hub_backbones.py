"""Backbones from a hub: a loopback server that speaks its routes, and a fresh cache."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from helpers import tiny

from mtlhelpers.model.backbone_files import NAMED

COMMIT = "c" * 40
PINNED = NAMED["bert-base-uncased"]

# One process, since importing the package takes longer than all its downloads.
SCRIPT = """
import json
import mtlhelpers as mtl
from mtlhelpers.errors import BackboneError
from mtlhelpers.model.backbones import load_backbone

found = {}
for name in ("owner/tiny", "owner/pickled", "owner/missing", "bert-base-uncased"):
    try:
        backbone, tokenizer = load_backbone(name)
        norm = backbone.embeddings.LayerNorm.weight
        found[name] = [len(tokenizer), sum(t.numel() for t in backbone.parameters())]
    except BackboneError as error:
        found[name] = str(error)
found["again, without network"] = len(load_backbone("owner/tiny", local_only=True)[1])
print(json.dumps(found))
"""


class Hub:
    """Serves the files of folders as repositories; `asked` lists method and path."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of one of the hub's routes."""
        parts = path.strip("/").split("/")
        is_api = parts[:2] == ["api", "models"]
        name, route = (
            "/".join(parts[2:4] if is_api else parts[:2]),
            parts[2 + 2 * is_api :],
        )
        folder = self.repositories.get(name)
        if folder is None:
            return 404, b"", {"X-Error-Code": "RepoNotFound"}
        if is_api and route[0] == "tree":
            return 200, json.dumps(self._files(folder)).encode(), {}
        if is_api:
            siblings = [{"rfilename": file["path"]} for file in self._files(folder)]
            info = {"id": name, "sha": COMMIT, "siblings": siblings}
            return 200, json.dumps(info).encode(), {}
        file = folder / "/".join(route[2:])
        if not file.is_file():
            return 404, b"", {"X-Error-Code": "EntryNotFound"}
        tag = hashlib.sha1(file.read_bytes()).hexdigest()
        commit = route[1] if len(route[1]) == 40 else COMMIT
        return 200, file.read_bytes(), {"ETag": f'"{tag}"', "X-Repo-Commit": commit}

    @staticmethod
    def _files(folder: Path) -> list[dict]:
        return [
            {
                "type": "file",
                "path": path.name,
                "size": path.stat().st_size,
                "oid": hashlib.sha1(path.read_bytes()).hexdigest(),
            }
            for path in sorted(folder.iterdir())
        ]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = unquote(urlsplit(self.path).path)
                hub.asked.append(f"{self.command} {path}")
                status, body, headers = hub.answer(path)
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Hub]:
    base = tmp_path_factory.mktemp("hub")
    repositories = {
        "owner/tiny": tiny.save_backbone(base / "tiny"),
        "owner/pickled": tiny.save_backbone(base / "pickled"),
        PINNED.hub_id: tiny.save_backbone(base / "bert"),
    }
    weights = repositories["owner/pickled"] / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    (repositories["owner/tiny"] / "extra.py").write_text("raise SystemExit\n")
    served = Hub(repositories)
    yield served
    served.close()


@pytest.fixture(scope="module")
def found(hub, tmp_path_factory) -> dict:
    """What a fresh process gets from the hub: sizes, or the error's message."""
    settings = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path_factory.mktemp("home")),
        "HF_HUB_OFFLINE": "0",
        "no_proxy": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_hub_id_is_fetched_once_and_kept(found):
    size = sum(tensor.numel() for tensor in tiny.encoder().parameters())
    assert found["owner/tiny"] == [len(tiny.VOCABULARY), size]
    assert found["again, without network"] == len(tiny.VOCABULARY)


def test_only_safetensors_json_and_vocabulary_are_asked_for(found, hub):
    files = [path for path in hub.asked if "/resolve/" in path]
    assert files
    assert all(path.endswith((".json", "vocab.txt", ".safetensors")) for path in files)


def test_a_repository_with_pickled_weights_alone_is_refused(found):
    assert "model.safetensors is missing" in found["owner/pickled"]


def test_an_unknown_repository_is_named(found):
    for part in ("'owner/missing' is not here", "and the hub", "check the name"):
        assert part in found["owner/missing"]


def test_a_named_backbone_is_pinned_to_its_revision_and_digest(found, hub):
    for part in ("is not the published file", PINNED.weights_sha256, "Remove wh"):
        assert part in found["bert-base-uncased"]
    files = [path for path in hub.asked if f"/{PINNED.hub_id}/resolve/" in path]
    assert files
    assert all(f"/resolve/{PINNED.revision}/" in path for path in files)
