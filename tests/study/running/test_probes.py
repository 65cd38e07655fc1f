"""What is measured of a trained model: neighbours in another corpus, and gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import DatasetDict
from helpers import tiny

from mtlhelpers.errors import GridError
from mtlhelpers.model.freezing import apply_scenario
from mtlhelpers.study.records.record import Job, record_id
from mtlhelpers.study.running import probes as measures
from mtlhelpers.study.running.grid import read_grid
from mtlhelpers.study.running.probes import gradient_cosines, measure, probe
from mtlhelpers.study.running.study import Study
from mtlhelpers.training.losses import BatchLosses, live_losses
from mtlhelpers.training.metrics import encode_for

PARTS = 3  # the tiny backbone's embeddings and two layers


@pytest.fixture
def corpus():
    return tiny.corpus()


@pytest.fixture
def model(corpus):
    found = tiny.model(corpus)
    apply_scenario(found, "none_frozen")
    return found.eval()


def other_corpus(monkeypatch, corpus, **splits):
    """Let the probe ask for this corpus."""
    found = replace(corpus, splits=DatasetDict({**corpus.splits, **splits}))
    monkeypatch.setattr(measures, "load_corpus", lambda name: found)


def test_a_sentence_is_its_own_neighbour(model, corpus, monkeypatch):
    other_corpus(monkeypatch, corpus, test=corpus.splits["train"])
    found = probe(model, corpus)
    assert found == {"corpus": "clinc150", "label_right": "1" * 24}


def test_neighbours_with_other_labels_are_wrong(model, corpus, monkeypatch):
    train = corpus.splits["train"]
    turned = {"play": "call", "call": "go", "go": "play"}
    wrong = train.map(lambda row: {"label": turned[row["label"]]})
    other_corpus(monkeypatch, corpus, train=wrong, test=train)
    assert probe(model, corpus)["label_right"] == "0" * 24


def test_the_neighbour_is_the_one_that_scikit_learn_finds(model, corpus, monkeypatch):
    from sklearn.neighbors import KNeighborsClassifier

    other_corpus(monkeypatch, corpus)
    known, asked = corpus.splits["train"], corpus.splits["test"]
    vectors = [measures.layer_vectors(model, one)[-1].numpy() for one in (known, asked)]
    nearest = KNeighborsClassifier(1, metric="cosine").fit(
        vectors[0], known["label"][:]
    )
    expected = nearest.score(vectors[1], asked["label"][:])
    marks = probe(model, corpus)["label_right"]
    assert marks.count("1") / len(marks) == pytest.approx(expected)


def test_nobody_is_asked_for_the_corpus_that_was_trained_on():
    for name in ("clinc150-oos+wnut17", "clinc150-oos+bc5cdr", "clinc150-oos:intent"):
        assert measures.probed_corpus(name) == "hwu64"
    assert measures.probed_corpus("hwu64") == "clinc150"


def test_cosines_are_those_of_gradients_by_hand(model, corpus, monkeypatch):
    """Nine validation sentences: one batch, whose order does not matter."""
    found = gradient_cosines(model, corpus)
    encoded = encode_for(model, corpus.splits["validation"])
    gradients = []
    for task in ("sentence", "ner"):
        model.zero_grad()
        live_losses(model, encoded, np.arange(9)).losses[task].backward()
        layer = model.backbone.encoder.layer[1]
        gradients.append(torch.cat([one.grad.flatten() for one in layer.parameters()]))
    by_hand = torch.cosine_similarity(*gradients, dim=0)
    assert len(found) == PARTS
    assert found[-1] == pytest.approx(float(by_hand), abs=1e-5)


@pytest.mark.parametrize(("factor", "expected"), [(2.0, 1.0), (-3.0, -1.0)])
def test_losses_that_agree_or_oppose_read_1_and_minus_1(
    model, corpus, monkeypatch, factor, expected
):
    def tied(*arguments) -> BatchLosses:
        found = live_losses(*arguments)
        loss = found.losses["sentence"]
        return found._replace(losses={"sentence": loss, "ner": factor * loss})

    monkeypatch.setattr(measures, "live_losses", tied)
    assert gradient_cosines(model, corpus) == pytest.approx([expected] * PARTS)


def test_measuring_changes_nothing(model, corpus, monkeypatch):
    other_corpus(monkeypatch, corpus)
    run = tiny.train(tiny.model(corpus), corpus, tiny.plan())
    before = tiny.weights(model)
    found = measure(("probe", "gradient_cosines", "answers"), model, corpus, run)
    assert found["answers"] == run.details.to_dict()
    assert tiny.changed(before, model) == set()
    assert all(tensor.grad is None for tensor in model.parameters())


def test_a_frozen_backbone_has_no_gradients_to_compare(model, corpus):
    apply_scenario(model, "backbone_frozen")
    with pytest.raises(ValueError, match="trains as a whole"):
        gradient_cosines(model, corpus)


def test_a_disjoint_corpus_has_both_gradients(corpus):
    disjoint = tiny.disjoint_corpus()
    model = tiny.model(disjoint)
    apply_scenario(model, "none_frozen")
    found = gradient_cosines(model.eval(), disjoint)
    assert all(0 < abs(one) < 1 for one in found)


def test_a_measure_that_is_not_there_is_refused_before_any_run(tmp_path):
    (tmp_path / "grid.toml").write_text(
        """
        [[block]]
        arm = "a"
        corpus = "newsdesk"
        backbone = "minilm"
        measure = [["probes"]]
        plan = { scenario = "none_frozen" }
        """
    )
    with pytest.raises(GridError, match="no measure 'probes': there are probe"):
        read_grid(tmp_path / "grid.toml")


def test_a_run_without_measures_keeps_its_name():
    where = {"dtype": "float32", "device": "cpu", "threads": 1}
    plain = Job("a", "tiny", "minilm", tiny.plan())
    names = {
        record_id(replace(plain, measure=measured), "corpus", "backbone", where)
        for measured in ((), ("probe",), ("gradient_cosines", "probe"))
    }
    assert len(names) == 3 and record_id(plain, "corpus", "backbone", where) in names


def test_a_study_leaves_what_it_measured(small):
    """And the scores are those of the run without."""
    grid = small.folder / "grid.toml"
    before = grid.read_text(encoding="utf-8")
    head, *blocks = before.split("[[block]]\n")
    measured = 'measure = [["gradient_cosines"]]\n' + blocks[0]
    try:
        grid.write_text(f"{head}[[block]]\n{measured}", encoding="utf-8")
        records = list(Study(small.folder).run())
    finally:
        grid.write_text(before, encoding="utf-8")
    plain = {one["plan"]["seed"]: one for one in small.records if one["arm"] == "alone"}
    assert len(records) == 2
    for record in records:
        assert len(record["measured"]["gradient_cosines"]) == PARTS
        same = plain[record["plan"]["seed"]]
        assert record["scores"] == same["scores"] and record["id"] != same["id"]
