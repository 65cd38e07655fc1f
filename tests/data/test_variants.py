"""Corpora as studies take them: nothing of the further test is left in train."""

from collections import Counter

import pytest

from mtlhelpers.data.corpus import Corpus, build_corpus
from mtlhelpers.data.load import load_corpus
from mtlhelpers.data.published.registry import STUDIED
from mtlhelpers.data.rows import SPLITS, Row
from mtlhelpers.data.variants import cap_validation, extend_test
from mtlhelpers.errors import CorpusError

# The very sentences that studies are scored on: another draw would be another study.
PRINTS = {
    "snips+2000": "a5b929da37f807e40707e8ae8508c0735b3cfbfc3de32ffad44b6325e00d7476",
    "hwu64+2000": "ad6eeaf7032e91f9d5cbf9fd7713f40ff5ecb964c9215161de67c9b18e0da614",
    "hwu64:intent": "3b6792fcee3b91461e33dc2d64c41d3f7dd59803098d20909df02a4a69b7a69c",
    "hwu64+2000:intent": (
        "1e69201d28e057741abc713d129447cdfacf11f5c908c129b53ebdfaa317f7f1"
    ),
    "clinc150-oos": "c42cbdc89f8895c7b6f1e662436a4ce157e74971095b5ebafa71abd6651609b7",
    "clinc150-oos+wnut17": (
        "5325be46ae62e408612ac749ae4dd84edc4a7d836d2c6adc809ac450faedf0ef"
    ),
    "clinc150-oos+bc5cdr": (
        "9db0ba54578fbf624e49a9ba9cb87c913834888c1ada077f1d27b15f8eaa31f1"
    ),
    "clinc150-oos:intent": (
        "e6b5793154817a56cc17a6d639a6132d4a11dd9bfe7136a70113c1488a3a018d"
    ),
    "clinc150-oos:intent+wnut17": (
        "d9b65b09ed929199564344ecb2f6195d8452444e11a8707c9a14f37fc515b750"
    ),
    "clinc150-oos:intent+bc5cdr": (
        "e58f176e22f8734d1ff8eac7dbe1db9029d69fdb72740ce935f7f15dbb753bb0"
    ),
}


def row(name: str, text: str, group: str = "", label: str | None = "a") -> Row:
    tags = None if label else ["O"] * len(text.split())
    return Row(name, text.split(), tags, label, group or name, name)


def made(train: list[Row], validation: list[Row] | None = None) -> Corpus:
    rows = {"train": train, "validation": validation or [row("v", "of validation")]}
    return build_corpus("made", rows | {"test": [row("e", "of test")]})


def letters(tokens: list[str]) -> str:
    return "".join(c for c in " ".join(tokens).lower() if c.isalnum())


def column(corpus: Corpus, split: str, name: str) -> list:
    return corpus.splits[split][name][:]


def test_train_and_test_together_are_what_they_were():
    train = [row(f"t{n:02}", f"sentence {n}") for n in range(40)]
    corpus, extended = made(train), extend_test(made(train), 15, "more")
    assert len(extended.splits["test"]) == 1 + 15
    assert len(extended.splits["train"]) == 40 - 15
    both = column(extended, "train", "id") + column(extended, "test", "id")
    before = column(corpus, "train", "id") + column(corpus, "test", "id")
    assert sorted(both) == sorted(before)
    assert extended.name == "more"
    assert extended.fingerprint != corpus.fingerprint


def test_groups_move_whole():
    train = [row(f"t{n:02}", f"sentence {n}", group=f"g{n // 3}") for n in range(60)]
    extended = extend_test(made(train), 20, "more")
    groups = [set(column(extended, split, "group")) for split in ("train", "test")]
    assert not groups[0] & groups[1]
    assert len(extended.splits["test"]) == 1 + 21
    assert set(Counter(column(extended, "test", "group")).values()) == {1, 3}


def test_what_repeats_a_moved_sentence_leaves_train():
    train = [row(f"t{n:02}", f"Sentence {n // 2} {'!' * (n % 2)}") for n in range(60)]
    extended = extend_test(made(train), 20, "more")
    said = {letters(tokens) for tokens in column(extended, "test", "tokens")}
    assert not said & {letters(t) for t in column(extended, "train", "tokens")}
    assert len(extended.splits["train"]) < 60 - 20
    assert "repeat one of them left out" in extended.notes[-1]


def test_validation_is_capped_for_each_task():
    labelled = [row(f"l{n}", "word") for n in range(9)]
    tagged = [row(f"t{n}", "word", label=None) for n in range(7)]
    corpus = made(labelled[:3] + tagged[:3], labelled[3:] + tagged[3:])
    capped = cap_validation(corpus, 2, "capped")
    assert Counter(column(capped, "validation", "label")) == {"a": 2, None: 2}
    assert capped.splits["train"] is corpus.splits["train"]
    assert capped.fingerprint != corpus.fingerprint
    assert capped.name == "capped"


@pytest.mark.parametrize("name", STUDIED)
def test_a_corpus_of_studies_is_always_the_same(name, data_folder):
    corpus = load_corpus(name)
    assert corpus.name == name
    assert corpus.fingerprint == PRINTS[name]
    # The statistics count on it where a reader has the records alone.
    assert column(corpus, "test", "group") == column(corpus, "test", "id")


def test_snips_keeps_its_own_test_and_loses_2000_of_train(snips):
    extended = load_corpus("snips+2000")
    own, test = column(snips, "test", "id"), column(extended, "test", "id")
    assert test[:700] == own and len(test) == 2_700
    moved = set(test[700:])
    assert moved < set(column(snips, "train", "id"))
    assert not moved & set(column(extended, "train", "id"))
    assert column(extended, "validation", "id") == column(snips, "validation", "id")
    assert (extended.labels, extended.tags) == (snips.labels, snips.tags)


@pytest.mark.parametrize(
    ("name", "coarse", "intents"),
    [("hwu64+2000:intent", "hwu64+2000", 64), ("clinc150-oos:intent", None, 150)],
)
def test_fine_labels_are_those_of_the_same_sentences(
    name, coarse, intents, data_folder
):
    fine, coarse = load_corpus(name), load_corpus(coarse or name.partition(":")[0])
    assert len(fine.labels) == intents
    for split in SPLITS:
        for field in ("id", "tokens", "tags"):
            assert column(fine, split, field) == column(coarse, split, field)
    if name.startswith("hwu64"):
        labels = zip(
            column(fine, "test", "label"), column(coarse, "test", "label"), strict=True
        )
        assert all(one.startswith(f"{other}_") for one, other in labels)


def test_a_given_folder_without_intents_has_no_fine_labels(
    write_folder, splits, tmp_path, monkeypatch
):
    write_folder(splits).rename(tmp_path / "hwu64")
    monkeypatch.setenv("MTLHELPERS_DATA", str(tmp_path))
    with pytest.raises(CorpusError, match="no column 'intent' for label"):
        load_corpus("hwu64:intent")


def test_the_pair_has_no_sentence_out_of_scope(data_folder):
    pair = load_corpus("clinc150-oos+wnut17")
    assert pair.disjoint
    assert "oos" not in pair.labels
    assert len(pair.splits["validation"]) == 2 * 700
