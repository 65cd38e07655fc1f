"""The device: its choice, its products (bfloat16, as if the CPU had it), its memory."""

import errno
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.errors import ShortageError
from mtlhelpers.model import device as devices
from mtlhelpers.training.features.store import describe_states

CPU = torch.device("cpu")


@pytest.fixture
def lowered(monkeypatch):
    monkeypatch.setitem(devices.LOWERED, "cpu", torch.bfloat16)


def trained(scenario: str) -> tuple[mtl.SharedModel, mtl.Run, torch.Tensor]:
    """The model, its run, and by how much each of its numbers moved."""
    model = tiny.model(tiny.corpus())
    before = tiny.weights(model)
    run = tiny.train(model, tiny.corpus(), tiny.plan(scenario, epochs=10))
    after = tiny.weights(model)
    return model, run, torch.cat([(after[n] - before[n]).flatten() for n in after])


@pytest.mark.parametrize("scenario", ["none_frozen", "backbone_frozen"])
def test_lowered_products_train_on_moving_weights(scenario, lowered, monkeypatch):
    model, run, moved = trained(scenario)
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}
    assert run.environment["products"] == "bfloat16"
    monkeypatch.delitem(devices.LOWERED, "cpu")
    plain, plain_run, plainly = trained(scenario)
    assert plain_run.environment["products"] == "float32"
    assert not torch.equal(moved, plainly)
    # Copies of the first step's weights, kept for good, would lead elsewhere.
    assert torch.cosine_similarity(moved, plainly, dim=0) > 0.9


def test_everything_that_runs_the_backbone_lowers_alike(lowered):
    model, corpus = tiny.model(tiny.corpus()), tiny.corpus()
    seen = []
    layer = model.backbone.encoder.layer[0].attention.self.query
    layer.register_forward_hook(lambda *found: seen.append(found[-1].dtype))
    mtl.evaluate(model, corpus.splits["test"])
    model.predict(["call Ada now"])
    tiny.train(model, corpus, tiny.plan("none_frozen"))
    tiny.train(model, corpus, tiny.plan("backbone_frozen"))
    assert set(seen) == {torch.bfloat16}


def test_stored_states_of_other_products_are_others(lowered, monkeypatch):
    model = tiny.model(tiny.corpus())
    mtl.apply_scenario(model, "backbone_frozen")
    low = describe_states(model, (2,))
    monkeypatch.delitem(devices.LOWERED, "cpu")
    high = describe_states(model, (2,))
    with torch.autocast("cpu", torch.bfloat16):
        by_hand = describe_states(model, (2,))
    assert low == by_hand != high


def test_a_cpu_is_left_alone():
    assert devices.product_type(CPU) == torch.float32


@pytest.mark.parametrize("has, found", [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_is_asked_first(has, found, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda emulated: has)
    assert devices.product_type(torch.device("cuda")) == found


@pytest.fixture
def two_gpus(monkeypatch):
    """A machine with two CUDA devices, of which the second holds memory."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    held = {"cuda": 3, "cuda:1": 7}
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", held.get)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_a_device_is_chosen_by_name(two_gpus):
    chosen = {name: str(devices.choose_device(name)) for name in ("cpu", "cuda:1", CPU)}
    assert chosen == {"cpu": "cpu", "cuda:1": "cuda:1", CPU: "cpu"}
    assert devices.choose_device() == devices.choose_device("cuda")
    with pytest.raises(ValueError, match="'cuda:2' is not here: torch sees cpu, cuda"):
        devices.choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "mps", torch.device("cuda"), "tpu", "meta"])
def test_a_device_that_is_not_there_is_named(name, no_gpu):
    assert devices.choose_device("auto") == CPU
    with pytest.raises(ValueError, match=f"device '{name}' is not here.*sees cpu"):
        devices.choose_device(name)


def test_peak_memory_is_that_of_the_device_that_was_used(two_gpus, monkeypatch):
    restarted = []
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", restarted.append)
    assert devices.peak_memory("cuda") == 3
    assert devices.peak_memory("cuda:1") == 7
    assert 10e6 < devices.peak_memory() < 100e9  # a CPU run where CUDA is there too
    devices.restart_peak_memory()
    assert restarted == []
    devices.restart_peak_memory("cuda:1")
    assert restarted == ["cuda:1"]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_peak_memory_restarts():
    block = torch.ones(64, 2**20)
    high = devices.peak_memory()
    del block
    devices.restart_peak_memory()
    assert devices.peak_memory() < high - 100e6


@pytest.mark.parametrize("status", ["Name:\tpython\n", None])
def test_peak_memory_without_a_line_of_it_is_asked_elsewhere(status, monkeypatch):
    resource = pytest.importorskip("resource")
    usage = SimpleNamespace(ru_maxrss=5_000)
    monkeypatch.setattr(resource, "getrusage", lambda who: usage)
    monkeypatch.setattr(Path, "is_file", lambda path: status is not None)
    monkeypatch.setattr(Path, "read_text", lambda path, encoding: status)
    assert devices.peak_memory() == 5_000 * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert devices.peak_memory() == 5_000


def test_peak_memory_on_windows_needs_psutil(monkeypatch):
    psutil = pytest.importorskip("psutil")
    info = SimpleNamespace(memory_info=lambda: SimpleNamespace(peak_wset=9))
    monkeypatch.setattr(psutil, "Process", lambda: info)
    monkeypatch.setattr(sys, "platform", "win32")
    assert devices.peak_memory() == 9
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert devices.peak_memory() is None


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nMore."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_too_little_memory_is_told_once_with_what_to_do(error):
    inner = devices.advice_on_memory("batches of 64 sentences", "Choose a smaller one")
    outer = devices.advice_on_memory("a training", "Wait")
    words = "too little.*64 sentences.*Choose"
    with pytest.raises(ShortageError, match=words) as told, outer, inner:
        raise error
    assert "More." not in str(told.value) and "Wait" not in str(told.value)


def test_other_errors_are_left_as_they_are():
    advice = devices.advice_on_memory("a batch", "Choose a smaller one")
    with pytest.raises(RuntimeError, match="^shapes do not fit$"), advice:
        raise RuntimeError("shapes do not fit")
