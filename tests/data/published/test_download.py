"""Downloads that fail, and what is left of them."""

import hashlib
import socket
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.published import download, transfer
from mtlhelpers.data.published.download import fetch_files
from mtlhelpers.data.published.registry import PUBLISHERS, Publisher
from mtlhelpers.errors import CorpusError

FILES = {
    "first.txt": b"the first file",
    "below/it/the second.txt": b"the second file, which makes trouble",
}


class Small(Publisher):
    """A publisher of two small files."""

    digests = {path: hashlib.sha256(text).hexdigest() for path, text in FILES.items()}


@pytest.fixture
def publisher() -> Publisher:
    return Small("small", "owner/repo", "c0ffee", "", "", (), dict)


@pytest.fixture
def site(serve, tmp_path, publisher):
    folder = tmp_path / "site" / publisher.repository / publisher.commit
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return serve(tmp_path / "site")


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    """Try once, so that a test of a server that fails for good need not wait."""
    monkeypatch.setattr(download, "RETRIES", 0)


@pytest.fixture
def kept(own_cache) -> Path:
    return own_cache / "corpora" / "small" / "c0ffee"


def files_under(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def assert_helpful(error: pytest.ExceptionInfo, url: str, fault: str) -> None:
    message = str(error.value)
    assert "\n" not in message and "object at 0x" not in message
    assert message.startswith(f"{url}/owner/repo/c0ffee/")
    for part in (fault, "Try again", "MTLHELPERS_DATA", "MTLHELPERS_MIRROR"):
        assert part in message


FAULTS = [
    ("cut", "18 bytes read, 18 more expected"),
    ("short", "does not match the known hash"),
    ("wrong", "does not match the known hash"),
    ("missing", "404"),
    ("reset", "closed connection without response"),
    ("silent", "timed out"),
    ("dribble", "not done within 0.5 seconds"),
    ("headers", "not done within 0.5 seconds"),
    ("endless", "larger than 100,000 bytes"),
    ("huge", "larger than 100,000 bytes"),
    ("loop", "redirects more than 5 times"),
    ("elsewhere", "redirects to another host, localhost:"),
]


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
def test_a_failed_download_leaves_nothing_and_can_be_repeated(
    publisher, site, kept, kind, fault, monkeypatch
):
    monkeypatch.setattr(transfer, "MOST_DOWNLOADED", 100_000)
    site.faults["second.txt"] = kind
    whole = 0.5 if kind in ("dribble", "headers") else 60.0
    with pytest.raises(CorpusError) as error:
        fetch_files(publisher, site.url, timeout=0.3, whole=whole)
    assert_helpful(error, site.url, fault)
    assert "below/it/the%20second.txt" in str(error.value)
    assert files_under(kept) == ["first.txt"]

    site.faults.clear()
    assert fetch_files(publisher, site.url) == FILES
    assert files_under(kept) == sorted(FILES)
    firsts = [path for path in site.asked if path.endswith("first.txt")]
    assert len(firsts) == 1  # what came whole was kept


def test_a_file_that_moved_on_its_host_is_followed(publisher, site, kept):
    site.faults["second.txt"] = "moved"
    assert fetch_files(publisher, site.url) == FILES


def test_what_fails_once_is_tried_again(publisher, site, kept, monkeypatch, capfd):
    monkeypatch.setattr(download, "RETRIES", 2)
    # The server recovers while the second try is waited for.
    monkeypatch.setattr(time, "sleep", lambda seconds: site.faults.clear())
    site.faults["second.txt"] = "cut"
    assert fetch_files(publisher, site.url) == FILES
    assert len(site.asked) == 3
    assert files_under(kept) == sorted(FILES)
    assert capfd.readouterr() == ("", "")


def test_nobody_listens(publisher, kept):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(CorpusError) as error:
            fetch_files(publisher, url)
    assert_helpful(error, url, "refused")
    assert files_under(kept) == []


def test_an_address_that_is_none(publisher, own_cache):
    with pytest.raises(CorpusError) as error:
        fetch_files(publisher, "nowhere")
    assert_helpful(error, "nowhere", "No scheme supplied")


def test_a_kept_file_is_not_fetched_again_unless_it_is_damaged(publisher, site, kept):
    fetch_files(publisher, site.url)
    site.asked.clear()
    assert fetch_files(publisher, site.url) == FILES
    assert site.asked == []
    (kept / "first.txt").write_bytes(b"the first fil_")
    assert fetch_files(publisher, site.url) == FILES
    assert site.asked == ["/owner/repo/c0ffee/first.txt"]
    assert (kept / "first.txt").read_bytes() == FILES["first.txt"]


@pytest.mark.parametrize("flag", ["HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"])
def test_offline_nothing_is_tried(publisher, site, own_cache, monkeypatch, flag):
    monkeypatch.setenv(flag, "1")
    with pytest.raises(CorpusError) as error:
        fetch_files(publisher, site.url)
    assert_helpful(error, site.url, "OFFLINE is set")
    assert site.asked == []
    monkeypatch.setenv(flag, "0")
    assert fetch_files(publisher, site.url) == FILES


def test_the_mirror_is_used(publisher, site, own_cache, monkeypatch):
    monkeypatch.setenv("MTLHELPERS_MIRROR", site.url)
    assert fetch_files(publisher) == FILES


def test_a_slash_after_the_mirror_does_no_harm(publisher, own_cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CorpusError, match="^http://here/owner/repo/c0ffee/first.txt"):
        fetch_files(publisher, "http://here/")


def test_a_cache_that_cannot_be_written(publisher, site, own_cache):
    own_cache.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(CorpusError, match="first.txt: cannot be written .*MTLHELPERS_"):
        fetch_files(publisher, site.url)


@pytest.mark.parametrize(("few", "hidden"), [(1, False), (2, True)])
def test_progress_is_shown_for_many_files_alone(
    publisher, site, own_cache, monkeypatch, few, hidden
):
    seen = []
    real = download.tqdm
    monkeypatch.setattr(download, "FEW", few)
    monkeypatch.setattr(
        download, "tqdm", lambda *a, **k: seen.append(k["disable"]) or real(*a, **k)
    )
    fetch_files(publisher, site.url)
    assert seen == [hidden]


def test_the_publisher_is_asked_unless_told_otherwise(own_cache, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CorpusError) as error:
        load_corpus("wnut17")
    wnut17 = PUBLISHERS["wnut17"]
    start = f"https://raw.githubusercontent.com/{wnut17.repository}/{wnut17.commit}/"
    assert str(error.value).startswith(start)


def test_the_proxy_that_the_environment_names_is_asked(tmp_path, monkeypatch):
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"through it")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
        where = tmp_path / "file"
        transfer.Transfer(5, 5)("http://publisher.invalid/file", str(where), None)
        server.shutdown()
    assert where.read_bytes() == b"through it"
    assert asked == ["http://publisher.invalid/file"]
