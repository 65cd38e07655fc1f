import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import mtlhelpers as mtl
from mtlhelpers.data import load
from mtlhelpers.data.corpus import SPLITS, mark, sample_sentences
from mtlhelpers.data.published.registry import NEWSDESK_ROWS
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.errors import CorpusError
from studies.newsdesk.build import FOLDER
from studies.newsdesk.checks import check_newsdesk
from studies.newsdesk.lexicon import read_lexicon
from studies.newsdesk.marks import read_sentences

ROOT = Path(__file__).parents[2]
# Pinned: the same on every machine. Edit a sentence or a list, and it changes.
FINGERPRINT = "7839c57a3b0deb487fad5693cd17db1f84480eb5c133c826207eced240a9f534"


@pytest.fixture(scope="module")
def corpus() -> mtl.Corpus:
    return mtl.load_corpus("newsdesk")


def test_the_corpus_is_this_one(corpus):
    assert corpus.fingerprint == FINGERPRINT


@pytest.mark.parametrize("seed", ["1", "2"])
def test_what_ships_is_built_of_the_sources_the_same_in_every_process(
    corpus, seed, tmp_path
):
    code = "import sys; from pathlib import Path; from studies.newsdesk import build; "
    path = tmp_path / "rows.parquet"
    subprocess.run(
        [sys.executable, "-c", f"{code}build.write_rows(Path(sys.argv[1]))", path],
        env=os.environ | {"PYTHONHASHSEED": seed},
        cwd=ROOT,
        check=True,
    )
    built = pq.read_table(path)
    assert built.equals(pq.read_table(NEWSDESK_ROWS))
    assert built["id"].to_pylist() == [
        name for split in SPLITS for name in corpus.splits[split]["id"]
    ]


@pytest.mark.parametrize("damage", ["absent", "cut", "flipped"])
def test_rows_that_are_damaged_are_not_taken_for_sentences(
    damage, tmp_path, monkeypatch
):
    content, path = NEWSDESK_ROWS.read_bytes(), tmp_path / "rows.parquet"
    middle = len(content) // 2
    if damage != "absent":
        flipped = bytes([content[middle] ^ 1])
        rest = b"" if damage == "cut" else flipped + content[middle + 1 :]
        path.write_bytes(content[:middle] + rest)
    monkeypatch.setattr(load, "NEWSDESK_ROWS", path)
    with pytest.raises(CorpusError, match="is damaged .* install mtlhelpers again"):
        mtl.load_corpus("newsdesk")


def test_sizes_names_and_licence(corpus):
    sizes = {split: len(rows) for split, rows in corpus.splits.items()}
    assert sizes == {"train": 12_600, "validation": 600, "test": 1_200}
    assert len(corpus.labels) == 7
    assert len(corpus.tags) == 13
    assert corpus.tasks == ("sentence", "ner")
    assert corpus.licence == "CC BY 4.0"
    assert not corpus.disjoint


def test_all_that_can_be_checked_without_a_model_holds():
    assert [str(one) for one in check_newsdesk() if not one.ok] == []


def test_no_sentence_serves_two_splits(corpus):
    groups = [set(rows["group"]) for rows in corpus.splits.values()]
    assert sum(map(len, groups)) == len(set().union(*groups))


def test_ids_tell_split_group_and_variant(corpus):
    for split, rows in corpus.splits.items():
        for name, group in zip(rows["id"], rows["group"], strict=True):
            start, _, variant = name.rpartition("-")
            assert start == f"newsdesk-{split}-{group}"
            assert variant.isdecimal()


def test_no_mention_touches_an_article_that_an_exchange_could_belie():
    lexicon = read_lexicon(FOLDER / "lists")
    for sentences in read_sentences(FOLDER / "sentences", lexicon).values():
        for sentence in sentences:
            text = sentence.line.text.casefold()
            assert " a [" not in text and " an [" not in text, sentence.group
            assert not text.startswith(("a [", "an [")), sentence.group


def test_subsets_take_whole_sentences(corpus):
    groups = take_subset(corpus.splits["train"], 300, seed=0)["group"][:]
    assert len(set(groups)) < 60


def test_samples_show_marks_for_each_label(corpus):
    lines = sample_sentences(corpus.splits["test"], 2)
    assert len(lines) == 14
    assert lines == sample_sentences(corpus.splits["test"], 2)
    assert [line.partition(":")[0] for line in lines[::2]] == corpus.labels
    assert any("|person]" in line for line in lines)


def test_marks_of_tags():
    words = ["Ada", "Park", "left", "Rome", "today"]
    tags = ["B-person", "I-person", "O", "B-place", "O"]
    assert mark(words, tags) == "[Ada Park|person] left [Rome|place] today"


def test_every_file_of_the_corpus_is_packaged():
    assert '"newsdesk/*"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert {path.name for path in NEWSDESK_ROWS.parent.iterdir()} == {
        "README.md",
        "rows.parquet",
    }
