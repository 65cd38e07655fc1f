"""What the doctor finds, and that it needs neither the packages nor the network."""

import json
import os
import socket
import subprocess
import sys
from importlib import metadata

import pytest
from packaging.specifiers import SpecifierSet

from mtlhelpers import doctor
from mtlhelpers.data.published.registry import PUBLISHERS
from mtlhelpers.doctor import Check, examine

# The command in a process where some modules cannot be imported, and no socket opened.
BLOCKED = """
import socket, sys
for name in {blocked!r}:
    sys.modules[name] = None
def refuse(*_, **__):
    raise SystemExit("the doctor opened a connection")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from mtlhelpers.cli import main
status = main({arguments!r})
heavy = sys.modules.keys() & {{"transformers", "datasets", "pandas", "sklearn"}}
assert not [name for name in heavy if sys.modules[name]], heavy
sys.exit(status)
"""


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _refuse)
        return examine()


def _refuse(*_: object) -> None:
    raise AssertionError("the doctor opened a connection")


def run_doctor(*arguments: str, blocked=(), **environment: str):
    code = BLOCKED.format(blocked=blocked, arguments=["doctor", *arguments])
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_the_doctor_is_content_and_quick():
    done = run_doctor()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1] == "OK"
    assert "✓ backbone minilm: published weights" in done.stdout


@pytest.mark.parametrize("package", ["seqeval", "torch", "tqdm", "safetensors"])
def test_a_package_that_is_missing_is_named(package):
    done = run_doctor(blocked=[package])
    assert (done.returncode, done.stderr) == (1, ""), done.stderr
    [line] = [one for one in done.stdout.splitlines() if f"✗ {package}:" in one]
    assert f"pip install --force-reinstall '{package}" in line
    assert "to mend" in done.stdout.splitlines()[-1]


def test_where_everything_is_missing_every_check_still_has_its_line():
    packages = ["torch", "transformers", "datasets", "seqeval", "sklearn", "scipy"]
    packages += ["pandas", "matplotlib", "tqdm", "safetensors", "filelock", "numpy"]
    done = run_doctor(blocked=[*packages, "huggingface_hub", "pooch", "platformdirs"])
    assert (done.returncode, done.stderr) == (1, ""), done.stderr
    assert "✗ device: cannot be looked at" in done.stdout
    assert "✓ corpus newsdesk" in done.stdout


def test_a_terminal_that_knows_ascii_alone_is_enough():
    done = run_doctor(PYTHONIOENCODING="ascii")
    assert done.stderr == ""
    assert "[ok] corpus newsdesk: embedded in the package" in done.stdout
    assert done.stdout.isascii()


def test_json_holds_every_check(checks):
    done = run_doctor("--json")
    found = json.loads(done.stdout)
    assert [one["name"] for one in found] == [check.name for check in checks]
    assert set(found[0]) == {"name", "ok", "found", "required"}


def test_a_required_fault_is_marked_apart():
    assert str(Check("a", False, "gone")) == "✗ a: gone"
    assert str(Check("a", False, "gone", required=False)) == "- a: gone"


@pytest.mark.parametrize(
    ("version", "bounds", "found"),
    [
        ("2.13.0+cpu", ">=2.13", "2.13.0+cpu"),
        ("2.9.1", ">=2.13", "2.9.1, and >=2.13 is needed: pip install 'torch>="),
        ("5.1", ">=4,<5", "5.1, and <5,>=4 is needed"),
        ("1.0", "==1.1", "1.0, and ==1.1 is needed"),
        ("5", ">=5.0.0", "5"),
        ("10.2", ">=9", "10.2"),
        ("1.4.9", "~=1.4.2", "1.4.9"),
        ("1.5", "~=1.4.2", "1.5, and ~=1.4.2 is needed"),
        ("3", "", "3"),
        (None, ">=2", "missing: pip install 'torch>=2'"),
    ],
)
def test_versions_are_held_against_what_is_asked(monkeypatch, version, bounds, found):
    def installed(_: str) -> str:
        if version is None:
            raise metadata.PackageNotFoundError
        return version

    monkeypatch.setattr(metadata, "version", installed)
    check = doctor._package("torch", str(SpecifierSet(bounds)))
    assert check.found.startswith(found)
    assert check.ok == (check.found == version)


def test_what_is_asked_is_read_from_the_clone_else_from_the_installation(
    monkeypatch, tmp_path
):
    assert any(line.startswith("torch>=") for line in doctor._requirements())
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "mtlhelpers" / "doctor.py"))
    monkeypatch.setattr(metadata, "requires", lambda _: ["a>=1", 'b; extra == "c"'])
    assert [check.name for check in doctor._packages()] == ["a"]
    monkeypatch.setattr(metadata, "requires", _not_installed)
    assert doctor._packages() == []


def _not_installed(_: str) -> None:
    raise metadata.PackageNotFoundError


def test_a_cache_without_room_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path / "not" / "yet"))
    monkeypatch.setattr(doctor, "ROOM", 1e9)
    [check] = doctor._cache()
    assert not check.ok and not check.required
    assert "MTLHELPERS_CACHE" in check.found


def test_a_backbone_that_is_not_the_published_file_is_refused(monkeypatch, tmp_path):
    from mtlhelpers.model import backbone_files

    (tmp_path / "model.safetensors").write_bytes(b"another")
    monkeypatch.setattr(backbone_files, "find_folder", lambda *_, **__: tmp_path)
    check = doctor._backbone("minilm")
    assert not check.ok and check.required
    assert "not the published file" in check.found


def test_corpora_are_named_with_their_place(checks, data_folder):
    found = {check.name: check.found for check in checks}
    for name in PUBLISHERS:
        assert str(data_folder) in found[f"corpus {name}"]


def test_without_corpora_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("MTLHELPERS_DATA", raising=False)
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path))
    check = doctor._corpus("snips")
    assert not check.ok and not check.required
    assert "downloaded on first use" in check.found
