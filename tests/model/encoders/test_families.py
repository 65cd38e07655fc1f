"""Every family of encoders: its parts, its layers from below, its words, its folder."""

import json
from pathlib import Path

import peft
import pytest
import torch
from helpers import tiny
from helpers.encoders import BYTE_LEVEL, EVERY, config_of, save_family, tokenizer_of
from transformers import CONFIG_MAPPING

import mtlhelpers as mtl
from mtlhelpers.data.encoding import collate, encode
from mtlhelpers.errors import BackboneError, ScenarioError
from mtlhelpers.model import layers as hidden
from mtlhelpers.model.counting import part_sizes
from mtlhelpers.model.encoders.families import FAMILIES, build_encoder, stack_of
from mtlhelpers.model.encoders.sizes import size_parts
from mtlhelpers.model.lora import adapters, merge_lora

TEXTS = ["play New York songs , now", "call Ada", "go to Rome again please"]
WAYS = ("none_frozen", "backbone_frozen", "last_1_layers", "first_2_layers", "bitfit")
WAYS += ("layernorm", "lora", "ner_head_frozen", "ner_head_and_backbone_frozen")


@pytest.fixture(scope="module", params=EVERY)
def folder(request, tmp_path_factory) -> Path:
    """A family's encoder in a folder of that name."""
    return save_family(request.param, tmp_path_factory.mktemp("any") / request.param)


def model_of(folder: Path) -> mtl.SharedModel:
    corpus = tiny.corpus()
    return mtl.SharedModel.from_backbone(str(folder), corpus.labels, corpus.tags)


def batch_of(model: mtl.SharedModel) -> dict[str, torch.Tensor]:
    rows = {"tokens": [text.split() for text in TEXTS], "label": [None] * 3}
    return collate(encode(rows, model.tokenizer), range(3))


# pitfall 25
def test_layers_from_below_say_what_a_whole_pass_says(folder):
    model = model_of(folder).eval()
    batch = batch_of(model)
    given = batch["input_ids"], batch["attention_mask"]
    with torch.no_grad():
        whole = hidden.hidden_states(model.backbone, range(5), *given)
        last = hidden.hidden_states(model.backbone, [4], *given)[4]
        assert torch.equal(whole[4], last)
        for start in range(5):
            mask, numbers = given[1], range(start, 5)
            found = hidden.climb(model.backbone, whole[start], mask, numbers, start)
            seen = mask.bool()
            for number in numbers:
                assert torch.equal(found[number][seen], whole[number][seen]), number


# pitfall 16
def test_every_tensor_is_in_one_part(folder):
    backbone = model_of(folder).backbone
    tensors = [t for part in stack_of(backbone) for t in part.parameters()]
    assert len({id(t) for t in tensors}) == len(tensors)
    assert {id(t) for t in tensors} == {id(t) for t in backbone.parameters()}


def test_parts_are_counted_without_weights(folder):
    model = model_of(folder)
    sizes = part_sizes(model.backbone.config, 3, 5)
    total = mtl.count_parameters(model).loc["all", "total"]
    assert sum(sizes.values()) == total
    counted = size_parts(model.backbone.config)
    assert {part: size.total for part, size in counted.items()} == {
        part: size for part, size in sizes.items() if part.startswith("backbone")
    }
    table = mtl.parameter_table(str(folder), labels=3, tags=5)
    for name in set(WAYS) & set(table.index):
        mtl.apply_scenario(model, name)
        trained = mtl.count_parameters(model).loc["all", "trainable"]
        assert table.loc[name, "trainable"] == trained, name


# pitfalls 2, 3, 4, 16, 17, 25
@pytest.mark.parametrize("way", WAYS)
def test_what_is_frozen_stays_and_the_rest_trains(folder, way):
    model = model_of(folder)
    run = tiny.train(model, tiny.corpus(), tiny.plan(way))
    assert run.proof.holds
    ids = torch.tensor([[0, 5, 9, 2]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    report = mtl.check_freezing(model.train(), batch=batch)
    assert report.ok, str(report)


# pitfall 21
def test_adapters_are_those_of_peft_and_can_be_merged(folder):
    model = model_of(folder).eval()
    mtl.apply_scenario(model, "lora")
    for adapted in adapters(model.backbone).values():  # as if it had trained
        torch.nn.init.normal_(adapted.lora_b, std=0.3)
    names = [f".*{one}" for one in FAMILIES[folder.name].maps]
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules="|".join(names))
    theirs = peft.get_peft_model(model_of(folder).eval().backbone, config)
    with torch.no_grad():
        for at, adapted in adapters(model.backbone).items():
            other = theirs.base_model.model.get_submodule(at)
            other.lora_A["default"].weight.copy_(adapted.lora_a)
            other.lora_B["default"].weight.copy_(adapted.lora_b)
    trained = [t for t in theirs.parameters() if t.requires_grad]
    assert len(trained) == 2 * len(adapters(model.backbone))
    batch = batch_of(model)
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    said = model.backbone(**given).last_hidden_state
    wanted = theirs(**given).last_hidden_state
    torch.testing.assert_close(said, wanted, atol=1e-5, rtol=1e-5)
    merge_lora(model)
    merged = model.backbone(**given).last_hidden_state
    torch.testing.assert_close(merged, wanted, atol=1e-5, rtol=1e-5)


def test_a_part_of_a_fused_map_has_no_adapter(tmp_path):
    model = model_of(save_family("modernbert", tmp_path))
    before = tiny.weights(model)
    with pytest.raises(ScenarioError, match="keeps query, key, value in one map.*lora"):
        mtl.apply_scenario(model, "lora_qv")
    assert not tiny.changed(before, model) and not adapters(model.backbone)
    assert "lora_qv" not in mtl.parameter_table(str(tmp_path)).index
    mtl.apply_scenario(model, mtl.Scenario(["backbone.lora.output", "ner_classifier"]))
    assert set(adapters(model.backbone)) == {f"layers.{i}.mlp.Wo" for i in range(4)}


# pitfall 20
def test_a_model_is_saved_and_loaded(folder, tmp_path):
    model = model_of(folder).eval()
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert loaded.predict(TEXTS) == model.predict(TEXTS)


# pitfalls 8 and 27
def test_words_keep_their_first_piece(folder):
    model = model_of(folder).eval()
    words = ["play", "Zoë", "\ufe0f", "€", "now"]
    [said] = model.predict([words])
    assert said.words == words
    pieces = model.tokenizer([words], is_split_into_words=True)
    encoded = encode({"tokens": [words], "label": [None]}, model.tokenizer)
    first = [pieces.word_to_tokens(0, word).start for word in encoded.kept_words[0]]
    assert encoded.first_pieces[0].tolist() == first
    if folder.name in BYTE_LEVEL:
        tokens = pieces.tokens(0)
        assert all(tokens[at].startswith("Ġ") for at in first)


# pitfall 13
def test_padding_changes_no_answer(folder):
    model = model_of(folder).eval()
    alone = [model.predict([text])[0] for text in TEXTS]
    for one, among in zip(alone, model.predict(TEXTS)):
        assert one.tags == among.tags
        assert one.label_probabilities == pytest.approx(
            among.label_probabilities, abs=1e-5
        )


def test_a_sentence_as_long_as_the_positions_can_be_read(folder):
    model = model_of(folder).eval()
    longest = 62 if "roberta" in folder.name else 64
    model.max_length = longest
    with pytest.raises(ValueError, match=f"from 3 to {longest}"):
        model.max_length = longest + 1
    with pytest.warns(UserWarning, match="were cut"):
        model.predict([["now"] * 99])


def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path):
    folder = save_family("roberta", tmp_path, vocab_size=64)
    with pytest.raises(BackboneError, match="the embedding has 64 rows"):
        model_of(folder)


def test_an_encoder_with_more_than_layers_is_refused(tmp_path):
    folder = save_family("deberta-v2", tmp_path)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["conv_kernel_size"] = 3
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(BackboneError, match="a convolution beside its layers"):
        model_of(folder)


@pytest.mark.parametrize(
    ("family", "settings", "total"),
    [
        ("roberta", (50265, 514, 1), 124_055_040),
        ("xlm-roberta", (250002, 514, 1), 277_453_056),
        ("deberta-v2", (128100, 512, 0), 183_831_552),
        ("distilbert", (), 66_362_880),
        ("modernbert", (), 149_014_272),
    ],
)
def test_published_sizes(family, settings, total):
    """Of roberta-base, xlm-roberta-base, deberta-v3-base, and so on, without pooler."""
    names = ("vocab_size", "max_position_embeddings", "type_vocab_size")
    given = dict(zip(names, settings))
    if family == "deberta-v2":
        given |= {"hidden_size": 768, "num_hidden_layers": 12, "position_buckets": 256}
        given |= {"num_attention_heads": 12, "intermediate_size": 3072}
        given |= {"relative_attention": True, "norm_rel_ebd": "layer_norm"}
        given |= {"share_att_key": True, "pos_att_type": ["p2c", "c2p"]}
        given |= {"position_biased_input": False}
    config = CONFIG_MAPPING[family](**given)
    assert sum(part_sizes(config, 0, 0).values()) == total
    with torch.device("meta"):
        built = build_encoder(config)
    assert sum(tensor.numel() for tensor in built.parameters()) == total


def test_helpers_are_of_every_family():
    for family in EVERY:
        assert config_of(family).num_hidden_layers == 4
        assert tokenizer_of(family).is_fast
