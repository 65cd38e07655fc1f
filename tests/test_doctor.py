"""What the doctor finds, and that it fetches nothing."""

import socket

import pytest

from mtlhelpers.data.published.registry import PUBLISHERS
from mtlhelpers.doctor import Check, examine


@pytest.fixture(scope="module")
def checks() -> list[Check]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _refuse)
        return examine()


def _refuse(*_: object) -> None:
    raise AssertionError("the doctor opened a connection")


def test_everything_that_is_required_is_there(checks):
    names = {check.name for check in checks}
    assert {"Python", "device", "backbone minilm", "corpus snips"} <= names
    bad = [str(check) for check in checks if check.required and not check.ok]
    assert not bad


def test_the_backbone_is_counted_and_named_by_its_digest(checks):
    found = next(check for check in checks if check.name == "backbone minilm")
    assert "22,565,376 parameters" in found.found
    assert str(found).startswith("✓ backbone minilm: ")


def test_a_required_fault_is_marked_apart():
    assert str(Check("a", False, "gone")) == "✗ a: gone"
    assert str(Check("a", False, "gone", required=False)) == "- a: gone"


def test_corpora_are_named_with_their_place(checks, data_folder):
    found = {check.name: check.found for check in checks}
    assert found["corpus newsdesk"] == "embedded in the package"
    for name in PUBLISHERS:
        assert str(data_folder) in found[f"corpus {name}"]


def test_without_corpora_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("MTLHELPERS_DATA", raising=False)
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path))
    found = [check for check in examine() if check.name == "corpus snips"]
    assert not found[0].ok
    assert not found[0].required
    assert "downloaded on first use" in found[0].found
