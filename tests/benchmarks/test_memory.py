"""The watch sees what a process holds, however briefly, and not what a file backs."""

import mmap

import pytest
from memory import EVERY, PeakWatch, private_memory

MB = 1 << 20

pytestmark = pytest.mark.skipif(
    private_memory() is None, reason="the platform does not tell"
)


def test_what_was_held_for_a_moment_is_seen():
    before = private_memory()
    with PeakWatch() as watch:
        # Of its own: the allocator might give out what an earlier test has freed.
        held = mmap.mmap(-1, 64 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for at in range(0, 64 * MB, mmap.PAGESIZE):
            held[at] = 1
        watch._stop.wait(20 * EVERY)
        held.close()
    assert watch.bytes > before + 60 * MB
    assert not watch._thread.is_alive()


def test_pages_of_a_mapped_file_are_not_held(tmp_path):
    path = tmp_path / "mapped"
    path.write_bytes(bytes(64 * MB))
    with path.open("rb") as file, PeakWatch() as watch:
        before = private_memory()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert sum(mapped[at] for at in range(0, 64 * MB, mmap.PAGESIZE)) == 0
        mapped.close()
        watch._stop.wait(4 * EVERY)
    assert watch.bytes < before + 32 * MB


def test_an_error_ends_the_watch():
    with pytest.raises(KeyboardInterrupt), PeakWatch() as watch:
        raise KeyboardInterrupt
    assert not watch._thread.is_alive()
