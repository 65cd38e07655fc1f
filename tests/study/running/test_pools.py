"""Runs by other processes: the records of running here, whatever becomes of them."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import dask
import distributed
import pytest
import torch
from filelock import FileLock
from helpers import tiny
from helpers.studies import be_killed, stable

from mtlhelpers.errors import StudyError
from mtlhelpers.study.running import study as running
from mtlhelpers.study.running import worker
from mtlhelpers.study.running.pools import (
    Pool,
    carry_out_chain,
    carry_out_chain_on_cluster,
    in_processes,
    on_cluster,
)
from mtlhelpers.study.running.queue import Locks, chains_of
from mtlhelpers.study.running.worker import Worker


@pytest.fixture(scope="module")
def cluster():
    """A real Dask cluster on loopback: one worker process, from its second test two."""
    where = {"host": "127.0.0.1", "dashboard_address": None, "processes": True}
    before = dict(os.environ)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, **where) as found:
        yield found
    # Dask sets OMP_NUM_THREADS=1 in this process as well, which every notebook that is
    # run afterwards would take over: half as fast, and not what its reader has.
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as found:
        yield found


def run(small, pool=None) -> list[dict]:
    return list(small.study.run(pool=pool))


def in_a_thread() -> Pool:
    """A pool that is at work at once."""
    return Pool(lambda: ThreadPoolExecutor(1), carry_out_chain, ahead=1)


# --- One process at work -------------------------------------------------------------


def test_ids_and_threads_are_the_studys_and_not_the_processs(small):
    job = next(iter(small.study.jobs.values()))
    ids = set()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        ids.add(Worker().id_of(replace(job, threads=2)))
        record = Worker().carry_out(small.study.worker.id_of(job), job)
        assert record["environment"]["threads"] == 1
        assert torch.get_num_threads() == threads
    torch.set_num_threads(1)
    assert len(ids) == 1
    assert ids != {Worker().id_of(job)}


def test_a_worker_that_would_give_another_id_makes_no_record(small):
    key, job = next(iter(small.study.jobs.items()))
    with pytest.raises(StudyError, match="alone on .*, seed 0: .* make them equal"):
        Worker().carry_out(key, replace(job, threads=2))


def test_a_backbone_is_loaded_once_for_all_seeds_unless_it_is_drawn(
    small, monkeypatch, tmp_path
):
    job = next(iter(small.study.jobs.values()))
    loaded, load = [], worker.SharedModel.from_backbone

    def noting(name, *rest, seed):
        loaded.append(seed)
        return load(name, *rest, seed=seed)

    monkeypatch.setattr(worker.SharedModel, "from_backbone", noting)
    folder = str(tiny.save_backbone(tmp_path / "other"))
    found = {}
    for name in (folder, f"random:{folder}"):
        seeds = [replace(job.plan, seed=seed) for seed in (0, 1, 2)]
        jobs = [replace(job, backbone=name, plan=plan) for plan in seeds]
        assert len({Worker().id_of(one) for one in jobs}) == 3
        found[name] = loaded[:]
        loaded.clear()
    assert list(found.values()) == [[0], [0, 1, 2]]


# --- Chains --------------------------------------------------------------------------


def test_runs_that_share_a_stage_go_to_one_process_and_others_by_themselves(small):
    chains = chains_of(small.study.jobs)
    assert [len(chain.jobs) for chain in chains] in ([1, 2] * 2, [2, 1] * 2)
    assert {len({job.plan.seed for job in c.jobs.values()}) for c in chains} == {1}
    assert [c.name for c in chains] == [c.name for c in chains_of(small.study.left())]
    half = dict(list(small.study.left().items())[1:])  # of a chain half done
    assert {c.name for c in chains_of(half)} <= {c.name for c in chains}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "records").touch()
    with pytest.raises(StudyError, match=f"{tmp_path} cannot be written"):
        Locks(tmp_path).__enter__()


def chain_of_two(small):
    return next(c for c in chains_of(small.study.jobs) if len(c.jobs) == 2)


def test_whoever_sees_the_folder_writes_each_record_as_it_comes(small):
    chain = chain_of_two(small)
    with Locks(small.folder) as locks:
        locks.take(chain.name)
        records = carry_out_chain(small.folder, chain, "cpu")
    assert [record["id"] for record in stable(small.folder)] == sorted(chain.jobs)
    assert {record["id"] for record in records} == set(chain.jobs)


def test_whoever_does_not_see_it_hands_the_records_back(small, tmp_path):
    chain = chain_of_two(small)
    records = carry_out_chain(tmp_path, chain, "cpu")
    assert {record["id"] for record in records} == set(chain.jobs)
    assert list(tmp_path.iterdir()) == []


# --- Processes of this machine -------------------------------------------------------


def test_processes_leave_the_records_of_running_here_each_written_once(
    small, monkeypatch
):
    written = []
    monkeypatch.setattr(running, "write_record", lambda *_: written.append(1))
    assert len(run(small, in_processes(2))) == 6
    assert small.is_whole()
    assert not written


def test_a_process_that_is_killed_ends_the_study_in_words(small):
    with pytest.raises(StudyError, match="process was killed, .* with fewer --jobs"):
        run(small, replace(in_processes(1), task=be_killed))
    assert small.files() == set()


def test_a_job_that_cannot_be_carried_out_is_named(small, monkeypatch):
    def diverging(*_, **__):
        raise ValueError("the loss is not finite")

    monkeypatch.setattr(worker, "train", diverging)
    for pool in (None, in_a_thread()):
        with pytest.raises(StudyError, match=r"on .*, seed 0: the loss is not finite"):
            run(small, pool)
    assert small.files() == set()


def test_a_disk_that_is_full_of_locks_stops_the_study(small, monkeypatch):
    acquire, taken = FileLock.acquire, []

    def third(lock):
        taken.append(lock)
        if len(taken) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x.lock")
        return acquire(lock)

    monkeypatch.setattr(FileLock, "acquire", third)
    with pytest.raises(StudyError, match="cannot be written .No space left on device"):
        run(small, in_a_thread())
    assert stable(small.folder) == [
        record for record in small.records if f"{record['id']}.json" in small.files()
    ]


# --- A cluster -----------------------------------------------------------------------


def seasoned(client) -> list[str]:
    """A worker that has worked before and so starts at once, as `client.run` has it."""
    found = client.run(lambda: "mtlhelpers" in sys.modules)
    return [max(found, key=found.get)]


def die_in_second_run(client) -> int:
    """Have one worker be killed once it has made one record; return its process."""

    def prepare():
        import os
        import signal

        from mtlhelpers.study.running.worker import Worker

        carry_out, done = Worker.carry_out, []

        def die(worker, key, job):
            if done:
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(key)
            return carry_out(worker, key, job)

        Worker.carry_out = die
        return os.getpid()

    (pid,) = client.run(prepare, workers=seasoned(client)).values()
    return pid


def test_the_only_worker_of_a_cluster_does_the_work(small, cluster):
    run(small, on_cluster(cluster.scheduler_address))
    assert small.is_whole()


def test_a_cluster_leaves_the_records_of_running_here(small, cluster, client):
    def sees_no_folder():
        from pathlib import Path

        from mtlhelpers.study.running.queue import Locks

        Locks.path = lambda *_: Path("nowhere")

    client.run(sees_no_folder, workers=seasoned(client))
    cluster.scale(2)  # the second worker sees it
    client.wait_for_workers(2)
    assert len(run(small, on_cluster(cluster.scheduler_address))) == 6
    assert small.is_whole()


def test_a_worker_killed_in_the_middle_loses_nothing(small, cluster, client):
    killed = die_in_second_run(client)
    ids = [r["id"] for r in run(small, on_cluster(cluster.scheduler_address))]
    assert len(ids) == len(set(ids)) == 6
    assert small.is_whole()
    client.wait_for_workers(2)
    assert killed not in client.run(os.getpid).values()


def test_a_chain_that_kills_its_workers_ends_the_study_and_not_in_waiting(
    small, cluster, client
):
    cluster.scheduler.allowed_failures = 0
    die_in_second_run(client)
    with pytest.raises(StudyError, match="gave up .* run the same command again"):
        run(small, on_cluster(cluster.scheduler_address))
    run(small)
    assert small.is_whole()


def test_a_worker_that_would_run_two_at_once_is_refused(small, monkeypatch):
    found = SimpleNamespace(address="tcp://x", state=SimpleNamespace(nthreads=2))
    monkeypatch.setattr(distributed, "get_worker", lambda: found)
    with pytest.raises(StudyError, match="worker tcp://x .* with --nthreads 1"):
        carry_out_chain_on_cluster(small.folder, chain_of_two(small), "cpu")


def test_without_dask_or_a_scheduler_one_line_says_so(small, monkeypatch):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(StudyError, match="no Dask scheduler answers at tcp:"),
    ):
        run(small, on_cluster("tcp://127.0.0.1:9"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError, match="needs dask.distributed: pip install"):
        on_cluster("tcp://127.0.0.1:9")


def test_a_worker_that_begins_hears_of_its_owner_s_end_before_torch_is_loaded():
    code = (
        "import sys, mtlhelpers.study.running.pools; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
