"""Only files are read, and none that is larger than is stated."""

import os
from pathlib import Path

import pytest

from mtlhelpers.data.regular import check_regular, read_regular
from mtlhelpers.errors import StorageError

ODD = [
    (os.mkfifo, "a named pipe"),
    (lambda path: path.symlink_to("/dev/zero"), "a device"),
    (lambda path: path.mkdir(), "a folder"),
]


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither pipes nor devices")
@pytest.mark.parametrize(("make", "kind"), ODD)
@pytest.mark.parametrize("look", [read_regular, check_regular])
def test_what_is_no_file_is_refused_at_once(tmp_path, make, kind, look):
    path = tmp_path / "odd"
    make(path)
    with pytest.raises((StorageError, IsADirectoryError)) as error:
        look(path)
    assert str(path) in str(error.value)
    assert kind in str(error.value) or make is ODD[2][0]


@pytest.mark.parametrize("look", [read_regular, check_regular])
def test_a_file_over_the_limit_is_refused_with_both_numbers(tmp_path, look):
    path: Path = tmp_path / "large"
    path.write_bytes(bytes(1001))
    look(path, 1001)
    with pytest.raises(StorageError, match=r"large has 1,001 bytes, and 1,000 are the"):
        look(path, 1000)


def test_what_is_missing_is_python_s_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing")
