"""The benchmark runs, on a model of a few thousand parameters; no time is judged."""

import json
import random
from dataclasses import replace
from pathlib import Path

import against_trainer
import numpy as np
import pytest
import sides
from reporting import END, START, machine, table, update_readme
from transformers import BertConfig, BertTokenizer

import mtlhelpers as mtl

WORDS = ("play", "call", "rain", "sun", "Ada", "Rome", "now", "please")


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> sides.Case:
    """A case on a tiny random backbone and a tiny corpus."""
    folder = tmp_path_factory.mktemp("bench")
    return sides.Case(
        name="tiny",
        scenario="none_frozen",
        sentences=40,
        epochs=2,
        learning_rate=1e-3,
        bar=1.0,
        batch_size=8,
        corpus=str(_corpus(folder / "corpus")),
        backbone=f"random:{_backbone(folder / 'backbone')}",
    )


def _corpus(folder: Path) -> Path:
    draw = random.Random(0)
    folder.mkdir()
    for split, size in {"train": 100, "validation": 10, "test": 10}.items():
        lines = [json.dumps(_sentence(draw, f"{split}{i}")) for i in range(size)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _sentence(draw: random.Random, name: str) -> dict:
    tokens = draw.choices(WORDS, k=draw.randint(2, 12))
    tags = ["B-name" if token[0].isupper() else "O" for token in tokens]
    return {"id": name, "tokens": tokens, "tags": tags, "label": tokens[0].lower()}


def _backbone(folder: Path) -> Path:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str.lower, WORDS)]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    ).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("scenario", ["none_frozen", "backbone_frozen"])
@pytest.mark.parametrize("side", ["ours", "peer"])
def test_a_side_trains_what_the_scenario_says(case, side, scenario):
    case = replace(case, scenario=scenario)
    corpus = mtl.load_corpus(case.corpus)
    model = mtl.SharedModel.from_backbone(case.backbone, corpus.labels, corpus.tags)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    train = {"ours": sides.train_ours, "peer": sides.train_peer}[side]
    train(model, corpus, case, seed=0)
    moved = {
        name.split(".")[0]
        for name, tensor in model.state_dict().items()
        if not tensor.equal(before[name])
    }
    heads = {"sentence_classifier", "ner_classifier"}
    assert moved == (heads | {"backbone"} if scenario == "none_frozen" else heads)


def test_both_sides_are_measured_on_the_same_sentences(case):
    ours, peer = (sides.measure(side, case, seed=1) for side in ("ours", "peer"))
    assert ours.tokens == peer.tokens > case.sentences
    assert ours.seconds > 0 and peer.seconds > 0
    assert 0 < ours.padding_share < peer.padding_share < 1
    for score in (ours.accuracy, ours.ner_f1, peer.accuracy, peer.ner_f1):
        assert 0 <= score <= 1


def test_padding_share():
    lengths = np.array([2, 4, 6])
    assert sides.padding_share(lengths, [[0, 2], [1]]) == pytest.approx(1 - 12 / 16)


def test_sides_take_turns_and_the_ratio_is_the_median_of_pairs(case, capsys):
    seconds = iter([1.0, 5.0, 2.0, 6.0, 1.0, 4.0])
    asked = []

    def measure(side, case, seed):
        asked.append((side, seed))
        return sides.Measurement(next(seconds), 0.9, 0.5, 400, 0.25)

    row = against_trainer.row_of(case, against_trainer.run_pairs(case, 3, measure))
    assert asked == [(side, seed) for seed in range(3) for side in ("ours", "peer")]
    assert row["pair_ratios"] == [5.0, 3.0, 4.0] and row["ratio"] == 4.0
    assert (row["ours_seconds"], row["peer_seconds"]) == (1.0, 5.0)
    assert {"case", "bar", "tokens", "batch", "machine", "versions"} <= row.keys()
    assert "pair 3 of 3" in capsys.readouterr().out


def test_the_table_goes_between_the_marks_alone(case, tmp_path):
    side = sides.Measurement(2.0, 0.9, 0.5, 400, 0.25)
    rows = [against_trainer.row_of(case, [(side, side)])]
    results, readme = tmp_path / "results.json", tmp_path / "README.md"
    readme.write_text(f"above\n{START}\nold\n{END}\nbelow\n", encoding="utf-8")
    against_trainer.write(rows, results, readme)
    against_trainer.write(rows, results, readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"above\n{START}\n\n| case") and text.endswith("below\n")
    assert text.count(table(rows)) == 1 and "old" not in text
    assert json.loads(results.read_text(encoding="utf-8")) == rows
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks"):
        update_readme(rows, readme)


def test_quick_runs_every_case_and_writes_nothing(case, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(against_trainer, "CASES", [case])
    monkeypatch.setattr(against_trainer, "measure_alone", sides.measure)
    monkeypatch.setattr(against_trainer, "RESULTS", tmp_path / "results.json")
    assert against_trainer.main(["--quick", "--repeats", "1"]) == 0
    assert "`tiny`" in capsys.readouterr().out
    assert not (tmp_path / "results.json").exists()


def test_the_machine_is_described_without_its_name():
    assert machine().keys() == {"cpu", "cores", "threads", "system"}
