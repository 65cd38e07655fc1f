"""What the reader sees of the machine: states and remedies, and no folders."""

import pytest

import mtlhelpers as mtl
from mtlhelpers.doctor import Check
from mtlhelpers.lesson import machine


def test_states(monkeypatch):
    checks = [
        Check("torch", True, "2.13.0"),
        Check("backbone minilm", False, "not here. Tried: all. Get it", required=True),
        Check("corpus x", False, "not here. Tried: all", required=False),
    ]
    monkeypatch.setattr(machine, "examine", lambda: checks)
    table = mtl.machine_table()
    assert list(table.state) == ["ok", "mend", "absent"]
    assert "Get it" in table.found["backbone minilm"]
    assert table.found["corpus x"] == "not here."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("folder /data/corpora/snips", "folder here"),
        ("3.11.7 on Linux-6.18.44-x86_64-with-glibc2.36", "3.11.7 on Linux"),
        ("2.13.0+cpu", "2.13.0+cpu"),
    ],
)
def test_folders_and_builds_are_left_out(text, kept):
    assert machine._private_left_out(text) == kept
