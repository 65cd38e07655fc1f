"""Studies that end in the middle: killed, interrupted, out of disk, in two hands."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from helpers.studies import stable
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlhelpers.data.cache import STALE, is_temporary
from mtlhelpers.errors import StudyError
from mtlhelpers.study.records.store import read_with_faults
from mtlhelpers.study.running import study as running
from mtlhelpers.study.running.pools import in_processes
from mtlhelpers.study.running.queue import Locks, chains_of
from mtlhelpers.study.running.study import Study

# Children start from a process that has imported everything and done nothing else, so
# that they are at work at once.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["mtlhelpers.study.running.study"])


def start(target, *arguments) -> multiprocessing.Process:
    child = FORKS.Process(target=target, args=arguments, daemon=False)
    child.start()
    return child


def run_study(folder: Path, started=None, made: Path | None = None) -> None:
    """In a child: run what is left, and name what was run."""
    if started:
        started.wait()
    for record in Study(folder).run():
        if made:
            with made.open("a", encoding="utf-8") as file:
                file.write(record["id"] + "\n")


def is_sound(small) -> bool:
    """Whether every record that there is is whole, and that of running through."""
    records, faults = read_with_faults(small.folder)
    return not faults and all(r in small.records for r in stable(small.folder))


def age(folder: Path) -> None:
    """Make what was half written look as if it had lain for long."""
    for path in filter(is_temporary, (folder / "records").iterdir()):
        os.utime(path, (time.time() - 2 * STALE,) * 2)


@pytest.fixture(scope="module")
def duration(through) -> float:
    """Seconds from the start of a child to its end, nothing being recorded."""
    for path in (through.folder / "records").iterdir():
        path.unlink()
    run_study(through.folder)  # the process that children come from starts meanwhile
    start(run_study, through.folder).join()
    for path in (through.folder / "records").iterdir():
        path.unlink()
    begun = time.perf_counter()
    start(run_study, through.folder).join()
    assert through.is_whole()
    return time.perf_counter() - begun


@settings(max_examples=6, deadline=None)
@given(moments=st.lists(st.floats(0, 1.1), min_size=1, max_size=3))
def test_killed_at_any_moment_and_run_again_equals_run_through(
    through, duration, moments
):
    for path in (through.folder / "records").iterdir():
        path.unlink()
    for moment in moments:
        child = start(run_study, through.folder)
        child.join(moment * duration)
        child.kill()
        child.join()
        assert is_sound(through)
    age(through.folder)
    run_study(through.folder)
    assert through.is_whole()


def run_to_call(folder: Path, name: str, number: int, after: bool) -> None:
    """In a child: be killed at that call of a function of `os`, or right after it."""
    plain, calls = getattr(os, name), []

    def deadly(*arguments):
        calls.append(arguments)
        if after:
            plain(*arguments)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if not after:
            plain(*arguments)

    setattr(os, name, deadly)
    run_study(folder)


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_while_it_writes_leaves_whole_records_or_none(small, name, after):
    for number in (1, 2, 3):  # each child a record, or one record further
        child = start(run_to_call, small.folder, name, number, after)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        assert is_sound(small)
    age(small.folder)
    run_study(small.folder)
    assert small.is_whole()


def run_two(folder: Path) -> None:
    list(Study(folder).run(pool=in_processes(2)))


def test_processes_whose_submitter_is_killed_end_and_leave_whole_records(small):
    child = start(run_two, small.folder)
    while not list((small.folder / "records").glob("*.json")):
        time.sleep(0.01)
        assert child.is_alive()
    workers = psutil.Process(child.pid).children(recursive=True)
    assert len(workers) >= 2
    child.kill()
    child.join()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive
    assert {Path(name).suffix for name in small.files()} <= {".json", ".lock"}
    assert is_sound(small)
    run_study(small.folder)
    assert small.is_whole()


def test_two_on_one_folder_share_the_work(small, tmp_path):
    together, made = FORKS.Barrier(2), [tmp_path / "one", tmp_path / "two"]
    children = [start(run_study, small.folder, together, path) for path in made]
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert small.is_whole()
    ids = [path.read_text("utf-8").split() for path in made if path.exists()]
    assert sorted(sum(ids, [])) == sorted(record["id"] for record in small.records)


def hold(folder: Path, name: str, held) -> None:
    """In a child: have a chain in hand, and do nothing about it."""
    with Locks(folder) as locks:
        assert locks.take(name)
        held.set()
        time.sleep(600)


def test_a_chain_in_other_hands_is_waited_for_and_taken_over(small, monkeypatch):
    chain, held = chains_of(small.study.jobs)[0], FORKS.Event()
    child = start(hold, small.folder, chain.name, held)
    assert held.wait(60)
    monkeypatch.setattr(running, "PAUSE", 0.01)
    looks = []

    def asleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:  # the other process ends, without a word
            child.kill()
            child.join()

    monkeypatch.setattr(running.time, "sleep", asleep)
    ids = [record["id"] for record in small.study.run()]
    assert len(looks) >= 3
    assert set(ids[-len(chain.jobs) :]) == set(chain.jobs)
    assert small.is_whole()


def test_what_another_process_recorded_meanwhile_is_not_run_again(small):
    records = small.study.run()
    ids = [next(records)["id"]]
    begun = len(chains_of(small.study.jobs)[0].jobs)
    other = small.study.run()  # would wait for the chain begun, here for ever
    others = [next(other)["id"] for _ in range(len(small.records) - begun)]
    other.close()
    ids += [record["id"] for record in records]
    assert sorted(ids + others) == sorted(record["id"] for record in small.records)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_stops_with_a_clear_error_and_whole_records(
    small, monkeypatch, name
):
    plain, calls = getattr(os, name), []

    def full(*arguments):
        calls.append(arguments)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(StudyError, match="cannot be written .No space left"):
            list(small.study.run())
        with pytest.raises(StudyError, match="No space left"):
            small.study.pack()
    assert is_sound(small)
    assert len(small.files()) == 2
    list(small.study.run())
    assert small.is_whole()


def test_what_killed_processes_left_is_cleared_away_but_not_what_is_in_use(small):
    """Nor what a user calls so."""
    folder, somebody, nobody = small.folder / "records", 16 * "5", f"{16 * '6'}.lock"
    old, new = ".0123456789ab.mtl-tmp", ".ba9876543210.mtl-tmp"
    draft = "draft.tmp"
    for name in (old, new, draft, nobody):
        (folder / name).touch()
    (small.folder / draft).touch()
    (small.folder / old).touch()
    for path in (
        folder / old,
        folder / draft,
        small.folder / draft,
        small.folder / old,
    ):
        os.utime(path, (time.time() - 2 * STALE,) * 2)
    with Locks(small.folder) as locks:
        locks.take(somebody)
        running.clear_away(small.folder)
        assert small.files() == {new, draft, f"{somebody}.lock"}
    assert (small.folder / draft).exists() and not (small.folder / old).exists()
    (small.folder / draft).unlink()


def command(small, jobs: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "mtlhelpers", "study", "run", small.folder]
        + ["--jobs", str(jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, to see that nobody is left in it
    )


@pytest.mark.parametrize("asked, jobs", [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_asked_to_end_it_does_with_its_workers_one_line_and_whole_records(
    small, asked, jobs
):
    begun = command(small, jobs)
    begun.stdout.readline()  # the first run is done
    begun.send_signal(asked)  # to it alone, as of a batch system
    ends_tidily(begun)
    assert is_sound(small)
    assert {Path(name).suffix for name in small.files()} == {".json"}


def test_ctrl_c_to_all_while_workers_start_is_one_line_too(small):
    begun = command(small, jobs=2)
    while importing(psutil.Process(begun.pid).children()) < 2:
        time.sleep(0.01)
        assert begun.poll() is None
    os.killpg(begun.pid, signal.SIGINT)
    ends_tidily(begun)
    assert small.files() == set()


def importing(children: list[psutil.Process]) -> int:
    """How many are past their start, and so complain of a signal that they hear."""
    return sum(child.cpu_times().user > 0.5 for child in children)


def ends_tidily(begun: subprocess.Popen) -> None:
    _, complaint = begun.communicate(timeout=60)
    assert complaint.splitlines() == ["stopped; whatever was written is whole"]
    assert begun.returncode == 130
    wait_for_end_of(begun.pid)


def wait_for_end_of(group: int) -> None:
    """Until no process of the group is left; a failure after 20 seconds."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("worker processes were left behind")
