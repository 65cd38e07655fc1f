import errno
import os
import sys
import time
from pathlib import Path

import pytest

from mtlhelpers.data.cache import (
    STALE,
    cache_folder,
    is_temporary,
    whole_file,
    write_atomically,
)
from mtlhelpers.data.published import download
from mtlhelpers.data.published.registry import Publisher
from mtlhelpers.data.streams import stream


def test_a_stream_is_the_same_in_every_process_and_on_every_machine():
    # Pinned: a change here changes every subset that was ever drawn.
    assert stream(0, "subset").permutation(6).tolist() == [2, 0, 4, 5, 3, 1]
    assert stream(1, "subset").permutation(6).tolist() == [3, 5, 1, 0, 4, 2]


def test_parts_have_streams_of_their_own():
    assert stream(0, "subset").random() != stream(0, "order").random()
    first = stream(0, "subset")
    stream(0, "order").random(100)
    assert first.random() == stream(0, "subset").random()


def test_cache_folder_is_the_one_that_is_named(monkeypatch):
    monkeypatch.setenv("MTLHELPERS_CACHE", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="variables of Linux")
def test_cache_folder_lies_where_the_platform_has_it(monkeypatch, tmp_path):
    for name in ("MTLHELPERS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == Path.home() / ".cache" / "mtlhelpers"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mtlhelpers"


def test_cache_folder_needs_no_folder_within_ours(monkeypatch):
    # Windows keeps caches in <application>/Cache; paths there are long enough already.
    monkeypatch.delenv("MTLHELPERS_CACHE", raising=False)
    assert cache_folder().name == "mtlhelpers"


def test_write_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]


def test_content_is_whole_and_synced_before_it_gets_the_name(tmp_path, monkeypatch):
    path, events = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda file: events.append(os.fstat(file).st_size))
    real = os.replace

    def replace(source, target):
        events.append(Path(source).read_bytes())
        assert Path(source).parent == path.parent
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write_atomically(path, b"whole")
    assert events == [len(b"whole"), b"whole"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, failing, kind):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_):
        raise kind("stopped")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(kind):
        write_atomically(path, b"new")
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"old"]


def test_a_file_half_written_is_known_by_its_name_and_no_other_is(tmp_path):
    path = tmp_path / "a long name that comes near to the longest path.safetensors"
    with whole_file(path) as file:
        file.write(b"half")
        [temporary] = tmp_path.iterdir()
        assert is_temporary(temporary) and len(temporary.name) < 24
    names = [path.name, "0123456789ab.tmp", "mine.mtl-tmp", ".x.0123456789ab.mtl-tmp"]
    assert not any(is_temporary(tmp_path / name) for name in names)


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left.*{tmp_path / 'a'}"):
        write_atomically(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_goes_with_a_later_file_unless_it_may_still_be_written(
    tmp_path,
):
    old, fresh = (tmp_path / f".{digit * 12}.mtl-tmp" for digit in "ab")
    for path in (old, fresh, tmp_path / "a"):
        path.write_bytes(b"half")
        if path is not fresh:
            os.utime(path, (time.time() - 2 * STALE,) * 2)
    write_atomically(tmp_path / "b", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, "a", "b"}


def test_what_a_killed_download_left_goes_with_the_next_one(tmp_path, monkeypatch):
    class Small(Publisher):
        digests = {}

    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path))
    publisher = Small("small", "owner/repo", "c0ffee", "", "", (), dict)
    left = download.kept_folder(publisher) / "tmpabcd1234"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    download.fetch_files(publisher, "http://127.0.0.1:9")
    assert not left.exists()
