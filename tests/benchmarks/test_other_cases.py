"""Growth, extraction, sharing: what they measure, and the rows they give."""

import subprocess

import prediction_case
import pytest
import torch
from extraction_case import ExtractionCase
from growth_case import LengthGrowthCase, SizeGrowthCase
from measuring import measure_alone
from prediction_case import PredictionCase
from sharing_case import SharingCase
from steps_case import StepsCase

import mtlhelpers as mtl
from mtlhelpers.data.subsets import take_subset
from mtlhelpers.model.scenarios import WHOLE_PARTS
from mtlhelpers.training.metrics import encode_for


def paced(case, *paces: float) -> dict:
    """A turn in which 100 tokens took so many seconds each."""
    measured = [{"seconds": 100 * pace, "tokens": 100} for pace in paces]
    return dict(zip(case.sides, measured))


def test_time_a_token_is_flat_where_sizes_differ_by_little(tiny):
    case = SizeGrowthCase("sizes", (10, 20, 30), 1 / 1.15, **tiny)
    (row,) = case.rows([paced(case, 2.0, 1.0, 1.6), paced(case, 2.0, 2.0, 2.0)])
    assert row["turn_ratios"] == [0.5, 1.0] and row["ratio"] == 0.75
    assert row["seconds_a_token"] == {"10": 2.0, "20": 1.5, "30": 1.8}
    assert "µs a token at sentences 10: 2000000, 20:" in row["note"]


def test_quadratic_growth_with_length_is_a_ratio_of_one(tiny):
    case = LengthGrowthCase("lengths", (16, 32, 64), 1.0, **tiny)
    quadratic = paced(case, 1.0, 2.0, 4.0)  # a sentence: 1, 4, 16
    (row,) = case.rows([quadratic])
    assert row["ratio"] == 1.0
    assert case.rows([paced(case, 1.0, 1.0, 1.0)])[0]["ratio"] == 4.0


@pytest.mark.parametrize("scenario", ["none_frozen", "backbone_frozen"])
def test_sizes_are_trained_on(tiny, scenario):
    case = SizeGrowthCase("sizes", (40, 60), 0.8, scenario=scenario, epochs=2, **tiny)
    found = [case.measure(side, seed=0) for side in case.sides]
    assert all(one["seconds"] > 0 for one in found)
    # Sentences have 2 to 12 words, and [CLS] and [SEP].
    for one, size in zip(found, case.sizes):
        assert 2 * 4 * size < one["tokens"] < 2 * 14 * size


def test_lengths_are_stepped_through_whole_in_a_process_of_its_own(tiny):
    # Beyond the 128 pieces at which `mtl.train` cuts.
    case = LengthGrowthCase(
        "lengths", (16, 256), 1.0, tokens=512, batch_tokens=256, **tiny
    )
    found = measure_alone(case, "256", 0)
    assert found["tokens"] == 512 and found["seconds"] > 0


def test_a_process_that_fails_says_why(tiny, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "no such corpus")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(RuntimeError, match="sizes, 10: no such corpus"):
        measure_alone(SizeGrowthCase("sizes", (10, 20), 1.0, **tiny), "10", 0)


def test_extraction_runs_every_different_sentence(tiny):
    case = ExtractionCase("extraction", 0.8, **tiny)
    found = case.measure("ours", 0)
    corpus = mtl.load_corpus(tiny["corpus"])
    model = mtl.SharedModel.from_backbone(tiny["backbone"], corpus.labels, corpus.tags)
    lengths = {
        ids.tobytes(): len(ids)
        for split in corpus.splits.values()
        for ids in encode_for(model, split).input_ids
    }
    assert len(lengths) < sum(map(len, corpus.splits.values()))
    assert found["tokens"] == sum(lengths.values())
    (row,) = case.rows([{"ours": found}])
    assert row["ratio"] == found["work_share"] > 0 and row["aim"]
    assert case.shown({"ours": found}) and case.small().repeats == 1


def test_steps_of_lora_and_of_peft_train_as_much(tiny):
    case = StepsCase("steps", 1.0, **tiny).small()
    turn = {side: case.measure(side, 0) for side in case.sides}
    assert turn["lora"]["trained"] == turn["peft"]["trained"]
    assert turn["bitfit"]["trained"] < turn["none_frozen"]["trained"]
    (row,) = case.rows([turn, turn])
    assert row["ratio"] == row["turn_ratios"][0] > 0
    assert "lora" in row["note"] and case.shown(turn) == row["note"]


def test_scenarios_and_seeds_share_the_passes_of_a_frozen_backbone(tiny):
    case = SharingCase("seven", sentences=20, seeds=2, epochs=1, **tiny)
    found = case.measure("ours", 0)
    splits = mtl.load_corpus(tiny["corpus"]).splits
    parts = {
        (seed, skip): take_subset(splits["train"], 20, seed, skip=skip)
        for seed in (0, 1)
        for skip in (0, 20)
    }

    def different(*rows) -> int:
        return len({tuple(t).__str__().lower() for r in rows for t in r["tokens"]})

    test = splits["test"]
    assert found["passes"] == different(test, *parts.values())
    # By themselves: test and train; heads in two stages have other sentences before.
    assert found["passes_unshared"] == sum(
        different(test, own)  # all frozen scores train as well
        + different(test, own)
        + 2 * different(test, own, parts[seed, 20])
        for (seed, skip), own in parts.items()
        if skip == 0
    )
    assert set(found["seconds_by_scenario"]) == set(WHOLE_PARTS)
    (row,) = case.rows([{"ours": found}])
    assert row["ratio"] > row["bar"] == 1.0 and "14 runs" in row["note"]


def test_a_pipeline_finds_the_same_names_and_the_faster_one_counts(tiny):
    case = PredictionCase("predict", 1.0, 20, queries=tiny["corpus"], **tiny)
    turn = {side: case.measure(side, 0) for side in case.sides}
    assert all(one["process_seconds"] > 0 for one in turn.values())
    times = zip(case.sides, (2.0, 6.0, 5.0))
    turn = {side: {"seconds": 1.0, "process_seconds": t} for side, t in times}
    (row,) = case.rows([turn])
    assert (row["ratio"], row["pipeline_process_seconds"]) == (2.5, 6.0)
    assert "100.0 s of processor time a 1,000 texts; 300.0 and 250.0" in row["note"]

    corpus = mtl.load_corpus(tiny["corpus"])
    model = mtl.SharedModel.from_backbone(tiny["backbone"], corpus.labels, corpus.tags)
    inside = [number for number, tag in enumerate(model.tags) if tag[0] == "I"]
    with torch.no_grad():  # without them every path is one that BIO allows
        model.ner_classifier.bias[inside] = -100.0
        model.ner_classifier.bias[model.tags.index("O")] = -100.0
    texts = case._texts(corpus, model, 0)
    assert len(texts) == 20
    sides = prediction_case._sides(model)
    answers = sides["ours"](texts)
    assert sum(len(one.entities) for one in answers) > 5
    for said, named in zip(answers, sides["pipeline"](texts)):
        assert [text for text, _ in said.entities] == [
            said.text[one["start"] : one["end"]] for one in named
        ]
