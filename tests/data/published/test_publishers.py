"""The publishers' own files, whole: they give what the given folders hold."""

import json
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile

import pytest

from mtlhelpers.data.corpus import Corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.published.download import fetch_files
from mtlhelpers.data.published.registry import PUBLISHERS
from mtlhelpers.data.variants import combine_corpora
from tests.helpers import corpora as given

# Pinned: records are kept by fingerprint, so a change here parts them from old ones.
FINGERPRINTS = {
    "snips": "27213df3e3357c7a157b57a51eadd643ab69cc205bcdd33b0798619f6edd8cf5",
    "hwu64": "0d07ab1cb5fe0cf4f93262906c9d3daac865463cf0c5afa79f1e2c47f6adc070",
    "wnut17": "fccbe1b4209258737125bfbd740c494e2d5c00239e68a45e48f7afd41e8e1566",
    "clinc150": "0e2faddd0057221d7caf45a8ae4b28e8b314faddf78e0ef9101bceac88f8d409",
    "bc5cdr": "1491dcc8e69add8f80a6d287b0b4d3e18f4d9bc4a275aa4405fd981c825ef7c5",
}
SIZES = {
    "snips": (13_056, 700, 700),
    "hwu64": (9_260, 700, 1_076),
    "wnut17": (3_394, 1_009, 1_287),
    "clinc150": (15_100, 3_100, 5_500),
    "bc5cdr": (4_560, 4_581, 4_797),
}
NAMES = {"snips": (7, 79), "hwu64": (18, 109), "wnut17": (0, 13), "clinc150": (11, 0)}
NAMES |= {"bc5cdr": (0, 5)}
FILES = {"snips": 14, "hwu64": 128, "wnut17": 3, "clinc150": 2, "bc5cdr": 3}
NAMED = pytest.mark.parametrize("name", PUBLISHERS)


@pytest.fixture(scope="module")
def corpora(data_folder) -> dict[str, Corpus]:
    """The named corpora as the given folder of JSONL has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTLHELPERS_DATA", str(data_folder))
        return {name: load_corpus(name) for name in PUBLISHERS}


def sources(folder: Path, digests: Mapping[str, str]) -> dict[str, Path]:
    """Where the file of each repository path lies among the given sources.

    The sources keep the lower part of the path.
    """
    found = [path for path in folder.rglob("*") if path.is_file()]
    places = {path.relative_to(folder).as_posix(): path for path in found}
    return {
        path: next(place for below, place in places.items() if path.endswith(below))
        for path in digests
    }


@NAMED
def test_sizes_and_names(corpora, name):
    corpus = corpora[name]
    assert tuple(map(len, corpus.splits.values())) == SIZES[name]
    assert (len(corpus.labels), len(corpus.tags)) == NAMES[name]
    assert corpus.fingerprint == FINGERPRINTS[name]


@NAMED
def test_download_gives_the_corpus_of_the_folder(
    corpora, data_folder, own_cache, serve, monkeypatch, tmp_path, name
):
    publisher = PUBLISHERS[name]
    folder = tmp_path / "site" / publisher.repository / publisher.commit
    places = sources(data_folder / name / "source", publisher.digests)
    for path, file in places.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        copyfile(file, folder / path)

    monkeypatch.setenv("MTLHELPERS_MIRROR", serve(tmp_path / "site").url)
    corpus, expected = load_corpus(name), corpora[name]
    assert corpus.fingerprint == expected.fingerprint
    assert (corpus.notes, corpus.source) == (expected.notes, expected.source)

    # Once downloaded, it needs no network.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert set(fetch_files(publisher)) == set(publisher.digests)

    # And what is written out for MTLHELPERS_DATA has its intents too.
    monkeypatch.setattr(given, "PUBLISHERS", {name: publisher})
    given.main(tmp_path / "given")
    for split, rows in publisher.parse(fetch_files(publisher)).items():
        file = tmp_path / "given" / name / f"{split}.jsonl"
        assert [json.loads(line) for line in file.read_bytes().splitlines()] == rows


@NAMED
def test_licence_and_citation_are_printed(corpora, name):
    publisher, text = PUBLISHERS[name], corpora[name].describe()
    words = f"{publisher.licence} {publisher.citation} {publisher.source}".split()
    assert set(words) <= set(text.split())


@NAMED
def test_registered_digests(name):
    digests = PUBLISHERS[name].digests
    assert len(digests) == FILES[name]
    assert all(len(digest) == 64 for digest in digests.values())


def test_disjoint_corpus_of_two_names(corpora):
    corpus = combine_corpora(corpora["clinc150"], corpora["wnut17"])
    assert len(corpus.splits["train"]) == 15_100 + 3_394
    assert corpus.tasks == ("sentence", "ner")
    in_scope = corpus.without_label("oos")
    assert len(in_scope.labels) == 10
    assert len(in_scope.splits["test"]) == 4_500 + 1_287
