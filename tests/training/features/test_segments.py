"""Files of hidden states that are damaged, do not fit, or belong to somebody else."""

import errno
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers.stored import TRAIN, frozen, passes_for
from safetensors.torch import load_file

import mtlhelpers as mtl
from mtlhelpers.model.digests import tensor_digest
from mtlhelpers.training.features.disk import (
    cache_limit,
    clear_folder,
    kept_files,
    make_room,
    show_folder,
)
from mtlhelpers.training.features.store import backbone_up_to
from mtlhelpers.training.metrics import encode_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where stores write; it is not made yet."""
    return tmp_path / "features"


def the_file(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


def flipped(where: Callable[[int], int]) -> Callable[[bytes], bytes]:
    """What turns one bit of a file's bytes at the place for its size."""

    def flip(content: bytes) -> bytes:
        at = where(len(content))
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return flip


DAMAGE = {
    "head": flipped(lambda size: 30),
    "index": flipped(lambda size: 8 + 2048),
    "pieces": flipped(lambda size: size // 2),
    "means": flipped(lambda size: size - 400),
    "last": flipped(lambda size: size - 1),
    "cut short": lambda content: content[:-700],
    "empty": lambda content: b"",
    "longer": lambda content: content + b"\0",
    "another's": lambda content: b"not a file of hidden states" * 100,
}


# pitfall 25
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_and_made_again(folder, damage):
    assert passes_for(folder) == 24
    path = the_file(folder)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=f"{path.name} is damaged"):
        assert passes_for(folder) == 24
    assert the_file(folder) == path  # the name says what is in it
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert passes_for(folder) == 0


# pitfall 25
def test_a_store_that_met_damage_has_forgotten_it(folder):
    encoded = encode_for(frozen(), TRAIN)
    memory = mtl.FeatureStore().states(frozen(), encoded, (4,))
    passes_for(folder)
    content = bytearray(the_file(folder).read_bytes())
    content[len(content) // 2 | 3] ^= 0x40  # the exponent of one number
    the_file(folder).write_bytes(content)
    store = mtl.FeatureStore(folder)
    with pytest.warns(UserWarning, match="is damaged"):
        store.states(frozen(), encoded, (4,))
    again = store.states(frozen(), encoded, (4,))
    assert torch.equal(again.pieces, memory.pieces)


# pitfall 25
def test_a_file_under_the_name_of_another_is_not_believed(folder):
    for layers in ((3,), (4,)):
        passes_for(folder, layers=layers)
    [first, second] = folder.iterdir()
    first.write_bytes(second.read_bytes())
    with pytest.warns(UserWarning, match=f"{first.name} is damaged .*its name"):
        assert [passes_for(folder, layers=(n,)) for n in (3, 4)].count(24) == 1


def test_damage_that_cannot_be_removed_is_told_once(folder, monkeypatch):
    passes_for(folder)
    path = the_file(folder)
    path.write_bytes(b"")

    def refuse(*_, **__):
        raise PermissionError("not yours")

    monkeypatch.setattr(Path, "unlink", refuse)
    store = mtl.FeatureStore(folder)
    with pytest.warns(UserWarning, match="is damaged") as told:
        passes_for(store, range(12))
        passes_for(store, range(12, 24))
    assert len(told) == 1


def no_room(*_, **__):
    raise OSError(errno.ENOSPC, "no space left")


FAULTS = {
    "full": (os, "fsync", no_room),
    "a name that is refused": (os, "replace", no_room),
    "read only": (Path, "mkdir", no_room),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_without_room_there_is_one_warning_and_work_goes_on(folder, monkeypatch, fault):
    monkeypatch.setattr(*fault)
    store = mtl.FeatureStore(folder)
    with pytest.warns(UserWarning, match="stay in memory") as told:
        assert passes_for(store, range(12)) == 12
        assert passes_for(store) == 12
        assert passes_for(store) == 0
    assert len(told) == 1
    assert str(folder) in str(told[0].message)
    assert not list(folder.glob("*"))


def test_a_file_where_the_folder_should_be_is_no_harm(folder):
    folder.write_bytes(b"")
    with pytest.warns(UserWarning, match="stay in memory"):
        assert passes_for(folder) == 24


def test_what_can_be_read_only_is_read(folder, monkeypatch):
    passes_for(folder)

    def refuse(*_, **__):
        raise PermissionError("read only")

    for owner, name in ((os, "utime"), (os, "replace"), (Path, "mkdir")):
        monkeypatch.setattr(owner, name, refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert passes_for(folder) == 0


def test_what_was_used_longest_ago_makes_room(folder, monkeypatch):
    rows = [range(8), range(8, 16), range(16, 24)]
    for own in rows[:2]:
        passes_for(folder, own)
    size = sum(file.bytes for file in kept_files(folder))
    for age, file in enumerate(kept_files(folder)):
        os.utime(file.path, (age, age))  # the first was used longest ago …
    assert passes_for(folder, rows[0]) == 0  # … and is used again
    monkeypatch.setenv("MTLHELPERS_CACHE_GB", str(1.2 * size / 1e9))
    assert passes_for(folder, rows[2]) == 8
    monkeypatch.setenv("MTLHELPERS_CACHE_GB", "1")
    assert [passes_for(folder, own) for own in rows] == [0, 8, 0]


def test_what_is_over_the_limit_by_itself_removes_nothing(folder, monkeypatch):
    passes_for(folder, range(4))
    monkeypatch.setenv("MTLHELPERS_CACHE_GB", "0.00001")
    with pytest.warns(UserWarning, match="over the limit of 10,000"):
        assert passes_for(folder) == 20
    assert passes_for(folder, range(4)) == 0


def test_the_limit_is_a_number_of_gigabytes(monkeypatch):
    monkeypatch.delenv("MTLHELPERS_CACHE_GB", raising=False)
    assert cache_limit() == 5_000_000_000
    for text, size in (("0.5", 500_000_000), ("0", 0)):
        monkeypatch.setenv("MTLHELPERS_CACHE_GB", text)
        assert cache_limit() == size
    for text in ("5 GB", "-1", "nan", "inf"):
        monkeypatch.setenv("MTLHELPERS_CACHE_GB", text)
        with pytest.raises(ValueError, match="MTLHELPERS_CACHE_GB is"):
            cache_limit()


def test_files_of_others_are_left_alone(folder, monkeypatch):
    passes_for(folder, range(8))
    mine = folder / "model.safetensors"
    mine.write_bytes(b"mine")
    os.utime(mine, (0, 0))
    monkeypatch.setenv("MTLHELPERS_CACHE_GB", "0.00002")
    make_room(folder, 20_000)
    assert [path.name for path in folder.iterdir()] == [mine.name]
    clear_folder(folder)
    assert mine.read_bytes() == b"mine"


def test_a_folder_says_what_lies_in_it_and_can_be_cleared(folder):
    passes_for(folder, range(8), layers=(1, 3))
    killed = folder / ".0123456789ab.mtl-tmp"
    killed.write_bytes(b"of a process that was killed")
    os.utime(killed, (0, 0))
    [_, second, first, total] = show_folder(folder)
    digest = tensor_digest(backbone_up_to(frozen(), 3))[:12]
    assert first.split()[:6] == ["unreadable", "-", "-", "-", "-", "28"]
    assert second.split()[:6] == [digest, "1", "3", "cpu", "float32", "8"]
    assert total.startswith(f"files in {folder}: 2, ") and "at most 5 GB" in total
    clear_folder(folder)
    assert list(folder.iterdir()) == []
    assert passes_for(folder, range(8), layers=(1, 3)) == 8


def test_what_another_process_is_writing_is_left_alone(folder, monkeypatch):
    folder.mkdir()
    writing = folder / ".0123456789ab.mtl-tmp"
    writing.write_bytes(b"not yet whole")
    clear_folder(folder)
    monkeypatch.setenv("MTLHELPERS_CACHE_GB", "0.00001")
    make_room(folder, 9_999)
    assert writing.exists()
    os.utime(writing, (0, 0))
    clear_folder(folder)
    assert not writing.exists()


def test_a_file_is_plain_safetensors(folder):
    passes_for(folder, range(8))
    shapes = {key: tuple(one.shape) for key, one in load_file(the_file(folder)).items()}
    lengths = encode_for(frozen(), TRAIN.select(range(8))).lengths
    assert shapes["pieces"] == (lengths.sum(), 32)
    assert (shapes["means"], shapes["keys"]) == ((8, 32), (8, 32))
