"""Counts from three sides: live tensors, the formula, and what requires_grad says."""

import socket

import pytest
import torch
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

import mtlhelpers as mtl
from mtlhelpers.model.backbones import backbone_config
from mtlhelpers.model.counting import flops, part_sizes, pooler_size, trained_sizes
from mtlhelpers.model.heads.specs import PRESETS

FEW = settings(max_examples=15, deadline=None)
BERT = {
    "none_frozen": 108_907_028,
    "all_frozen": 0,
    "backbone_frozen": 15_380,
    "sentence_head_frozen": 108_901_645,
    "sentence_head_and_backbone_frozen": 9_997,
    "ner_head_frozen": 108_897_031,
    "ner_head_and_backbone_frozen": 5_383,
}


@pytest.fixture
def no_files_no_network(monkeypatch):
    """Make reading a file or opening a socket an error."""

    def refuse(*_, **__):
        raise AssertionError("a file or a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("pathlib.Path.open", refuse)


def test_the_published_figures_need_no_file(no_files_no_network):
    table = mtl.parameter_table("bert-base-uncased", labels=7, tags=13)
    assert list(table.index) == list(mtl.SCENARIOS)
    assert table["trainable"].head(7).to_dict() == BERT
    assert set(table["total"].head(7)) == {108_907_028}
    assert table["trainable"]["class_means"] == BERT["backbone_frozen"]
    # Both read twelve layers joined, and tags those of both neighbours as well.
    labels, tags = 7 * (12 * 768 + 1), 13 * (3 * 12 * 768 + 1)
    assert table["trainable"]["frozen_best"] == labels + tags
    assert table["share"]["backbone_frozen"] == pytest.approx(15_380 / 108_907_028)
    assert table["optimizer_bytes"]["backbone_frozen"] == 15_380 * 12
    names = mtl.parameter_table(labels=list("abcdefg"), tags=["O"] * 13)
    assert names.equals(table)


# pitfall 15
def test_the_published_count_holds_a_pooler_that_is_not_here():
    config = backbone_config("bert-base-uncased")
    own = sum(part_sizes(config, 0, 0).values())
    assert pooler_size(config) == 590_592
    assert own + pooler_size(config) == 109_482_240
    with torch.device("meta"):
        published = BertModel(BertConfig())
    assert sum(tensor.numel() for tensor in published.parameters()) == 109_482_240


def test_minilm_by_its_config_alone_and_by_its_tensors(minilm):
    assert sum(part_sizes(backbone_config("minilm"), 0, 0).values()) == 22_565_376
    assert sum(tensor.numel() for tensor in minilm[0].parameters()) == 22_565_376
    assert minilm[0].pooler is None  # pitfall 15
    table = mtl.parameter_table("random:minilm", labels=7, tags=13)
    assert table["total"]["none_frozen"] == 22_565_376 + 20 * 385


@FEW
@given(
    st.integers(3, 4),
    st.integers(1, 3),
    st.integers(1, 50),
    st.integers(20, 90),
    st.integers(0, 4),
    st.integers(1, 9),
    st.sampled_from(sorted(mtl.SCENARIOS)),
    st.integers(1, 9),
)
def test_live_counts_equal_the_formula(
    layers, heads, inner, vocabulary, labels, tags, name, rank
):
    encoder = tiny.encoder(
        num_hidden_layers=layers,
        num_attention_heads=heads,
        hidden_size=4 * heads,
        intermediate_size=inner,
        vocab_size=vocabulary,
    )
    model = mtl.SharedModel(encoder, tiny.tokenizer(), ["x"] * labels, ["O"] * tags)
    own = PRESETS.get(name, {})
    model.shape_heads({task: spec.built for task, spec in own.items()}, 0)
    scenario = mtl.apply_scenario(model, name, rank=rank)
    table = mtl.count_parameters(model)
    sizes = part_sizes(encoder.config, labels, tags, own)
    trained = trained_sizes(encoder.config, scenario, labels, tags, rank)
    sizes["backbone.lora"] = trained["backbone.lora"]
    assert table["total"]["all"] == sum(sizes.values())
    assert table["trainable"]["all"] == sum(trained.values())
    live = sum(t.numel() for t in model.parameters() if t.requires_grad)
    assert table["trainable"]["all"] == live
    for part in ("backbone", "sentence_classifier", "ner_classifier"):
        for column, counts in (("total", sizes), ("trainable", trained)):
            own = sum(counts[name] for name in counts if name.startswith(part))
            assert table[column][part] == own


def test_a_backbone_with_few_layers_has_no_row_for_more(tmp_path):
    folder = tiny.save_backbone(tmp_path / "tiny")
    named = set(mtl.SCENARIOS) - set(mtl.parameter_table(str(folder)).index)
    assert named == {"last_3_layers", "first_3_layers"}


# pitfall 3
def test_the_tables_have_a_mode_column():
    model = tiny.model(tiny.corpus()).train()
    mtl.apply_scenario(model, "sentence_head_and_backbone_frozen")
    modes = mtl.count_parameters(model)["mode"].to_dict()
    assert modes == {
        "backbone": "eval",
        "sentence_classifier": "eval",
        "ner_classifier": "train",
        "all": "train",
    }
    table = mtl.parameter_table("minilm")
    for name, mode in table["backbone_mode"].items():
        moves = mtl.SCENARIOS[name].moves_backbone
        assert mode == ("train" if moves else "eval")


# pitfall 16
@pytest.mark.parametrize("twin", ["same module", "same parameter", "same storage"])
def test_tied_tensors_count_once(twin):
    model = tiny.model(tiny.corpus())
    other = nn.Linear(32, len(model.labels))
    if twin == "same module":
        other = model.sentence_classifier
    else:
        other.bias = model.sentence_classifier.bias
        other.weight = model.sentence_classifier.weight
    if twin == "same storage":
        other.weight = nn.Parameter(model.sentence_classifier.weight.data)
    model.ner_classifier = other
    table = mtl.count_parameters(model)
    unique = {t.data_ptr(): t.numel() for t in model.parameters()}
    assert table["total"]["all"] == sum(unique.values())
    assert table["total"]["ner_classifier"] == 0
    assert table["total"]["sentence_classifier"] == 33 * len(model.labels)


EXACT = ["none_frozen", "backbone_frozen", "ner_head_frozen", "bitfit", "layernorm"]


@pytest.mark.parametrize("name", [*EXACT, "lora", "sentence_head_frozen_loss_kept"])
def test_work_a_piece_is_what_a_pass_does(name):
    length, labels, tags = 16, 4, 5  # length divides 2 · 32 · 4: no rounding
    encoder = tiny.encoder(attn_implementation="eager")
    model = mtl.SharedModel(encoder, tiny.tokenizer(), "abcd", "OABCD").eval()
    scenario = mtl.apply_scenario(model, name)
    ids = torch.randint(5, 20, (2, length))
    with FlopCounterMode(display=False) as forward:
        logits = model(ids, torch.ones_like(ids))
    outputs = {"sentence": logits.sentence.sum(), "ner": logits.ner.sum()}
    with FlopCounterMode(display=False) as backward:
        sum(outputs[task] for task in scenario.tasks).backward()
    counted = (forward.get_total_flops(), backward.get_total_flops())
    pieces = ids.numel()
    stated = flops(encoder.config, scenario, labels, tags, length)
    # The counter sees every matrix product; nothing else is in the formula: 0 apart.
    assert tuple(work * pieces for work in stated) == counted


@pytest.mark.parametrize(
    "name", ["last_1_layers", "last_2_layers", "first_1_layers", "lora_qv"]
)
def test_backward_work_of_some_layers_is_what_a_counter_counts(name):
    """Both heads and some layers: no products below, fewer at the edge."""
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    scenario = mtl.apply_scenario(model, name)
    ids = torch.randint(5, 20, (4, 8))
    logits = model(ids, torch.ones_like(ids))
    loss = logits.sentence.sum() + logits.ner.sum()
    with FlopCounterMode(display=False) as counter:
        loss.backward()
    counts = (len(corpus.labels), len(corpus.tags))
    _, backward = flops(model.backbone.config, scenario, *counts, length=8)
    assert counter.get_total_flops() == pytest.approx(backward * 4 * 8, rel=0.1)


# pitfall 16
@pytest.mark.parametrize("is_tied", [False, True])
def test_a_model_without_memory_counts_as_one_with_it(is_tied):
    def counts(device: str) -> dict:
        with torch.device(device):
            encoder = BertModel(tiny.encoder().config, add_pooling_layer=False)
            model = mtl.SharedModel(encoder, tiny.tokenizer(), ["a", "b"], ["O", "P"])
        if is_tied:
            model.ner_classifier.weight = model.sentence_classifier.weight
        mtl.apply_scenario(model, "sentence_head_frozen")
        return mtl.count_parameters(model).to_dict()

    assert counts("meta") == counts("cpu")
    sizes = part_sizes(tiny.encoder().config, 2, 2)
    assert counts("meta")["total"]["all"] == sum(sizes.values()) - 64 * is_tied
