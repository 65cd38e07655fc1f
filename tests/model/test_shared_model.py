"""The model: what it says, what padding may not change, and what a folder keeps."""

from copy import deepcopy

import pytest
import torch
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.model.backbones import BackboneError
from mtlhelpers.training.losses import task_losses

FEW = settings(max_examples=25, deadline=None)
PIECES = st.lists(st.integers(5, 20), min_size=1, max_size=12)
SENTENCES = ["play New York songs", "call Ada now .", ["go", "to", "Rome"]]


@pytest.fixture(scope="module")
def model() -> mtl.SharedModel:
    return tiny.model(tiny.corpus()).eval()


# pitfall 13
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_wider_padding_leaves_logits_as_they_are(pooling):
    model = tiny.model(tiny.corpus(), pooling=pooling).eval()

    @FEW
    @given(PIECES, st.integers(1, 30), st.integers(0, 20))
    def check(pieces, wider, filler):
        ids = torch.tensor([[2, *pieces, 3]])
        mask = torch.ones_like(ids)
        padding = torch.full((1, wider), filler)
        narrow = model(ids, mask)
        wide = model(
            torch.cat([ids, padding], 1),
            torch.cat([mask, torch.zeros_like(padding)], 1),
        )
        torch.testing.assert_close(narrow.sentence, wide.sentence, atol=1e-5, rtol=0)
        wide_ner = wide.ner[:, : ids.shape[1]]
        torch.testing.assert_close(narrow.ner, wide_ner, atol=1e-5, rtol=0)

    check()


# pitfall 13
def test_the_mean_is_over_pieces_and_the_first_is_cls(model):
    hidden = torch.arange(24.0).reshape(1, 4, 6).repeat(1, 1, 1)
    mask = torch.tensor([[1, 1, 0, 0]])
    expected = (hidden[:, 0] + hidden[:, 1]) / 2
    torch.testing.assert_close(model.pool(hidden, mask), expected)
    first = tiny.model(tiny.corpus(), pooling="first")
    assert torch.equal(first.pool(hidden, mask), hidden[:, 0])


# pitfalls 14 and 18
@pytest.mark.parametrize("absent", ["sentence", "ner"])
def test_a_batch_without_a_label_of_a_task_costs_zero_with_a_graph(absent):
    model = tiny.model(tiny.corpus())
    ids = torch.tensor([[2, 5, 9, 3]])
    batch = {
        "sentence_labels": torch.tensor([1]),
        "ner_labels": torch.tensor([[-100, 0, 1, -100]]),
    }
    batch[f"{absent}_labels"] = torch.full_like(batch[f"{absent}_labels"], -100)
    losses = task_losses(model(ids, torch.ones_like(ids)), batch)
    assert losses[absent].item() == 0.0
    losses[absent].backward()
    gradient = model.head(absent).weight.grad
    assert gradient is not None
    assert not gradient.any()


# pitfall 13
def test_a_loss_is_the_mean_over_what_is_labelled():
    logits = tiny.model(tiny.corpus())(torch.tensor([[2, 5, 9, 3]]), torch.ones(1, 4))
    batch = {
        "sentence_labels": torch.tensor([1]),
        "ner_labels": torch.tensor([[-100, 0, 1, -100]]),
    }
    shares = logits.ner[0].log_softmax(-1)
    expected = -(shares[1, 0] + shares[2, 1]) / 2
    torch.testing.assert_close(task_losses(logits, batch)["ner"], expected)


# pitfall 9
def test_a_prediction_has_one_tag_a_word(model):
    for said, words in zip(model.predict(SENTENCES), (4, 4, 3)):
        assert len(said.words) == len(said.tags) == len(said.tag_probabilities) == words
        assert set(said.tags) <= set(model.tags)
        assert said.label in model.labels
        assert sum(said.label_probabilities.values()) == pytest.approx(1)
        assert said.label_probability == max(said.label_probabilities.values())
        assert said.label in str(said)


def test_raw_text_and_word_lists_say_the_same(model):
    raw = model.predict(["call Ada, now."])
    assert raw == model.predict([["call", "Ada", ",", "now", "."]])


def test_a_prediction_does_not_depend_on_its_company(model):
    alone = [model.predict([sentence])[0] for sentence in SENTENCES]
    for one, among in zip(alone, model.predict(SENTENCES * 2, batch_size=2)):
        assert one.tags == among.tags
        assert one.tag_probabilities == pytest.approx(among.tag_probabilities, abs=1e-5)


# pitfall 27
def test_a_word_without_a_piece_is_o(model):
    plain, odd = model.predict([["play", "Ada"], ["play", "\ufe0f", "Ada"]])
    assert odd.tags == [plain.tags[0], "O", plain.tags[1]]
    assert odd.tag_probabilities[1] == 1.0
    assert model.predict([["\ufe0f"]])[0].tags == ["O"]


def test_predicting_leaves_mode_and_gradients_alone(model):
    trained = tiny.model(tiny.corpus()).train()
    mtl.apply_scenario(trained, "backbone_frozen")
    modes = {name: module.training for name, module in trained.named_modules()}
    trained.predict(SENTENCES)
    after = {name: module.training for name, module in trained.named_modules()}
    assert after == modes
    assert all(tensor.grad is None for tensor in trained.parameters())


def test_what_cannot_be_predicted_is_named(model):
    with pytest.raises(TypeError, match="a list of sentences"):
        model.predict("call Ada")
    for empty in ("", "  ", []):
        with pytest.raises(ValueError, match="sentence 1 is empty"):
            model.predict(["call Ada", empty])
    assert model.predict([]) == []


def test_a_model_with_one_head():
    labels = tiny.model(tiny.corpus(tags=False))
    assert (labels.tasks, labels.ner_classifier) == (("sentence",), None)
    said = labels.predict(["call Ada"])[0]
    assert (said.tags, said.entities, said.label in labels.labels) == ([], [], True)
    tags = tiny.model(tiny.corpus(labels=False))
    assert (tags.tasks, tags.sentence_classifier) == (("ner",), None)
    said = tags.predict(["call Ada"])[0]
    assert (said.label, said.label_probability, len(said.tags)) == (None, None, 2)


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match="labels, tags, or both"):
        mtl.SharedModel(tiny.encoder(), tiny.tokenizer(), [], [])
    with pytest.raises(ValueError, match="'max' is not one of mean, first"):
        mtl.SharedModel(tiny.encoder(), tiny.tokenizer(), ["a"], [], pooling="max")


# pitfall 20
@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("heads", ["both", "labels", "tags"])
def test_a_saved_model_says_the_same(tmp_path, pooling, heads):
    corpus = tiny.corpus(labels=heads != "tags", tags=heads != "labels")
    model = tiny.model(corpus, pooling=pooling)
    tiny.train(model, corpus, tiny.plan())
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert loaded.predict(SENTENCES) == model.predict(SENTENCES)
    assert not tiny.changed(tiny.weights(model), loaded)
    assert (loaded.labels, loaded.tags) == (model.labels, model.tags)
    assert (loaded.pooling, loaded.name) == (model.pooling, model.name)
    assert not loaded.training


# pitfall 20
def test_a_loaded_model_has_one_backbone_that_both_heads_use(tmp_path):
    tiny.model(tiny.corpus()).save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    backbones = [m for m in loaded.modules() if isinstance(m, type(tiny.encoder()))]
    assert len(backbones) == 1
    before = loaded.predict(["call Ada"])[0]
    with torch.no_grad():
        loaded.backbone.embeddings.LayerNorm.weight.mul_(-2)
    after = loaded.predict(["call Ada"])[0]
    assert after.label_probabilities != before.label_probabilities
    assert after.tag_probabilities != before.tag_probabilities


def test_a_saved_model_holds_no_pickle(tmp_path):
    tiny.model(tiny.corpus()).save(tmp_path / "kept")
    kinds = {path.suffix for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".safetensors", ".txt", ".jinja"}


def test_saving_again_replaces_the_whole(tmp_path):
    corpus = tiny.corpus()
    tiny.model(corpus, seed=0).save(tmp_path / "kept")
    model = tiny.model(corpus, seed=1)
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert not tiny.changed(tiny.weights(model), loaded)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("missing", ["shared_model.json", "model.safetensors"])
def test_a_folder_that_is_no_saved_model_is_named(tmp_path, missing):
    tiny.model(tiny.corpus()).save(tmp_path / "kept")
    (tmp_path / "kept" / missing).unlink()
    with pytest.raises(BackboneError, match=f"kept is no saved model: {missing} is"):
        mtl.SharedModel.load(tmp_path / "kept")


def test_a_copy_is_a_model_of_its_own(model):
    copy = deepcopy(model)
    tiny.train(copy, tiny.corpus(), tiny.plan())
    assert model.predict(SENTENCES) == tiny.model(tiny.corpus()).predict(SENTENCES)
