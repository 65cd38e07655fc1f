"""Small corpora, folders of them, and a place of their own for what tests fetch."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from helpers.site import Site

Splits = dict[str, list[dict]]


@pytest.fixture
def splits() -> Splits:
    """A well-formed corpus of seven sentences, with labels and tags."""
    return {
        "train": [
            _sentence("t1", "Ada left Rome", "B-person O B-place", "travel"),
            _sentence("t2", "play it again", "O O O", "music"),
            _sentence("t3", "New York met Ada", "B-place I-place O B-person", "phone"),
            _sentence("t4", "call Bo", "O B-person", "phone"),
        ],
        "validation": [_sentence("v1", "Bo left", "B-person O", "travel")],
        "test": [
            _sentence("e1", "play Rome", "O B-place", "music"),
            _sentence("e2", "call New York", "O B-place I-place", "phone"),
        ],
    }


def _sentence(name: str, text: str, tags: str, label: str) -> dict:
    return {"id": name, "tokens": text.split(), "tags": tags.split(), "label": label}


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[[Mapping[str, list]], Path]:
    """Write lines (objects, or text as it stands) as <split>.jsonl; give the folder."""

    def write(splits: Mapping[str, list]) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        for split, lines in splits.items():
            texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
            content = "".join(f"{text}\n" for text in texts)
            (folder / f"{split}.jsonl").write_bytes(content.encode("utf-8"))
        return folder

    return write


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder; downloads allowed, and no folder that replaces them."""
    for name in ("MTLHELPERS_DATA", "MTLHELPERS_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    # A proxy of the machine must not stand between a test and its loopback server.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MTLHELPERS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Site]]:
    """Start a `Site` for a folder; it ends with the test."""
    with ExitStack() as stack:

        def start(folder: Path) -> Site:
            site = Site(folder)
            stack.callback(site.close)
            return site

        yield start
