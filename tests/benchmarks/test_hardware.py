"""Useful work is what the parameter table says, on real word pieces alone."""

import hardware
import numpy as np
import pytest
from hardware import machine, product_rate, useful_flops

import mtlhelpers as mtl
from mtlhelpers.model.backbones import backbone_config

MINILM = backbone_config("minilm")
TABLE = mtl.parameter_table("minilm", 7, 13, length=16)
SIXTEENS = np.full(10, 16)  # ten sentences of the table's length


def work(scenario: str | mtl.Scenario, epochs: int, frozen: int) -> float:
    scenario = mtl.SCENARIOS.get(scenario, scenario)
    return useful_flops(MINILM, scenario, (7, 13), SIXTEENS, epochs, frozen)


def test_what_moves_counts_in_every_epoch():
    row = TABLE.loc["none_frozen"]
    each = row["forward_flops"] + row["backward_flops"]
    assert work("none_frozen", 3, 0) == 3 * 160 * each


def test_a_frozen_backbone_counts_once():
    row = TABLE.loc["backbone_frozen"]
    heads = 2 * 384 * 13 + 2 * 384 * 7 // 16
    once = 160 * (row["forward_flops"] - heads)
    assert work("backbone_frozen", 5, 6) == pytest.approx(
        once + 5 * 160 * (heads + row["backward_flops"])
    )


def test_frozen_layers_below_others_count_once():
    parts = ("backbone.layer.4", "backbone.layer.5", "ner_classifier")
    top = mtl.Scenario((*parts, "sentence_classifier"))
    one, two = work(top, 1, 4), work(top, 2, 4)
    lower = 160 * 4 * (TABLE.loc["all_frozen", "forward_flops"] - 10_320) / 6
    assert two - one == pytest.approx(one - lower)


def test_lengths_count_each_with_its_own_attention():
    both = useful_flops(
        MINILM, mtl.SCENARIOS["none_frozen"], (7, 13), np.array([16, 64]), 1
    )
    tables = {n: mtl.parameter_table("minilm", 7, 13, length=n) for n in (16, 64)}
    rows = {n: table.loc["none_frozen"] for n, table in tables.items()}
    assert both == sum(
        n * (row["forward_flops"] + row["backward_flops"]) for n, row in rows.items()
    )


def test_the_limit_is_that_of_the_best_product(monkeypatch):
    ticks = iter([0.0, 5.0, *[5.0, 6.0] * 6, 6.0, 8.0])  # 5 s, six of 1 s, 2 s
    monkeypatch.setattr(hardware.time, "perf_counter", lambda: next(ticks))
    assert product_rate() == 2 * 64**3 / 1.0


def test_the_machine_is_described_without_its_name():
    assert machine().keys() == {"cpu", "cores", "threads", "system"}
