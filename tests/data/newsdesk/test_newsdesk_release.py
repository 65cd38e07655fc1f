"""newsdesk as it is kept: fast, never stale, and right whatever becomes of the file."""

import time
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.newsdesk import release
from mtlhelpers.data.newsdesk.build import FOLDER
from mtlhelpers.data.newsdesk.release import KEPT, load_newsdesk, source_digest
from mtlhelpers.data.rows import Row


def test_what_is_kept_is_what_was_built_and_loads_in_a_moment(own_cache):
    built = load_corpus("newsdesk")
    [file] = own_cache.rglob("*.gz")
    seconds = []
    for _ in range(3):
        start = time.process_time()  # of this process, whatever else the machine does
        kept = load_corpus("newsdesk")
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.3
    assert kept.fingerprint == built.fingerprint
    assert kept.describe() == built.describe()
    for split, rows in built.splits.items():
        assert kept.splits[split].features == rows.features
        assert kept.splits[split][:] == rows[:]
    assert list(file.parent.iterdir()) == [file]


@pytest.fixture
def small(own_cache, monkeypatch) -> Callable[[], tuple[Corpus, int]]:
    """Load a newsdesk of three rows; how often it was built so far comes with it."""
    builds: list[Path] = []

    def build(folder: Path) -> dict[str, list[Row]]:
        builds.append(folder)
        return {
            split: [Row(split, ["Ada", "sang"], ["B-x", "O"], "a", split, "here")]
            for split in ("train", "validation", "test")
        }

    def load() -> tuple[Corpus, int]:
        return load_newsdesk(), len(builds)

    monkeypatch.setattr(release, "build_newsdesk", build)
    return load


def test_it_is_built_once(small, own_cache):
    first, _ = small()
    second, builds = small()
    assert builds == 1
    assert second.fingerprint == first.fingerprint
    assert (second.labels, second.tags) == (["a"], ["O", "B-x", "I-x"])


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other", "folder"])
def test_a_damaged_file_is_built_anew(small, own_cache, damage):
    sound, _ = small()
    [file] = own_cache.rglob("*.gz")
    content = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        middle = len(content) // 2
        flipped = bytes([content[middle] ^ 1])
        file.write_bytes(
            {
                "empty": b"",
                "cut": content[:-1],
                "flipped": content[:middle] + flipped + content[middle + 1 :],
                "other": b"some text",
            }[damage]
        )
    again, builds = small()
    assert (again.fingerprint, builds) == (sound.fingerprint, 2)
    _, builds = small()
    # A folder in the file's place stays there, so that nothing can be kept.
    assert builds == (3 if damage == "folder" else 2)


def test_a_cache_that_cannot_be_written_costs_time_alone(small, own_cache):
    own_cache.write_text("a file where the folder should be", encoding="utf-8")
    assert [small()[1], small()[1]] == [1, 2]
    assert small()[0].labels == ["a"]


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    """A copy of the room of corpora."""
    target = tmp_path_factory.mktemp("copy") / "data"
    return copytree(FOLDER.parent, target, ignore=ignore_patterns("__pycache__"))


def test_the_digest_is_that_of_the_content_wherever_it_lies(room):
    assert source_digest(room) == source_digest(FOLDER.parent)
    (room / "newsdesk" / "README.md").write_text("the card is no source")
    assert source_digest(room) == source_digest(FOLDER.parent)


@pytest.mark.parametrize(
    "source",
    [
        "newsdesk/sentences/sport.txt",
        "newsdesk/lists/location/city.txt",
        "newsdesk/exchange.py",
        "words.py",
        "corpus.py",
    ],
)
def test_an_edit_of_any_source_or_of_the_code_never_serves_old_rows(room, source):
    before = source_digest(room)
    path = room / source
    path.write_bytes(path.read_bytes().replace(b"e", b"i", 1))
    assert source_digest(room) != before


def test_a_list_that_is_renamed_never_serves_old_rows(room):
    before = source_digest(room)
    lists = room / "newsdesk" / "lists" / "location"
    (lists / "city.txt").rename(lists / "town.txt")
    assert source_digest(room) != before


def test_files_of_old_sources_do_not_pile_up(small, own_cache, monkeypatch):
    for number in range(KEPT + 3):
        monkeypatch.setattr(release, "source_digest", lambda _, n=number: f"{n}")
        small()
    names = {path.name.partition(".")[0] for path in own_cache.rglob("*.gz")}
    assert names == {str(number) for number in range(3, KEPT + 3)}
