"""The model: what it says, what padding may not change, and what a folder keeps."""

import json
import warnings
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from datasets import Dataset
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.model.prediction import Prediction
from mtlhelpers.training.losses import task_losses

FEW = settings(max_examples=25, deadline=None)
PIECES = st.lists(st.integers(5, 20), min_size=1, max_size=12)
WORDS = st.lists(st.sampled_from(tiny.VOCABULARY[5:]), min_size=1, max_size=9)
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
        assert all(0 < share <= 1 for share in said.tag_probabilities)
        assert said.label in model.labels
        assert sum(said.label_probabilities.values()) == pytest.approx(1)
        assert said.label_probability == max(said.label_probabilities.values())
        assert said.label in str(said)


def test_raw_text_and_word_lists_say_the_same(model):
    [raw] = model.predict(["call Ada, now."])
    [listed] = model.predict([["call", "Ada", ",", "now", "."]])
    for field in ("words", "tags", "tag_probabilities", "label", "label_probabilities"):
        assert getattr(raw, field) == getattr(listed, field)
    assert (raw.text, listed.text) == ("call Ada, now.", "call Ada , now .")


def test_a_prediction_does_not_depend_on_its_company(model):
    alone = [model.predict([sentence])[0] for sentence in SENTENCES]
    for one, among in zip(alone, model.predict(SENTENCES * 2, batch_size=2)):
        assert one.tags == among.tags
        assert one.tag_probabilities == pytest.approx(among.tag_probabilities, abs=1e-5)


# pitfall 27
def test_a_word_without_a_piece_has_no_tag(model):
    plain, odd = model.predict([["play", "Ada"], ["play", "\ufe0f", "Ada"]])
    assert odd.tags == [plain.tags[0], None, plain.tags[1]]
    assert odd.tag_probabilities[1] is None
    alone = model.predict([["\ufe0f"]])[0]
    assert (alone.tags, alone.tag_probabilities, alone.entities) == ([None], [None], [])
    assert alone.label in str(alone)


def test_a_word_without_a_tag_ends_a_span():
    words, tags = ["New", "\ufe0f", "York"], ["B-place", None, "I-place"]
    text, places = "New \ufe0f York", [(0, 3), (4, 5), (6, 10)]
    found = Prediction(words, tags, [0.9, None, 0.9], None, {}, text, places)
    assert found.entities == [("New", "place"), ("York", "place")]
    assert str(found) == "New [place] · York [place]"


# pitfall 10
def test_words_beyond_the_length_limit_have_no_tag_and_are_counted():
    model = tiny.model(tiny.corpus()).eval()
    model.max_length = 6  # [CLS], four pieces, [SEP]
    long, short = ["play", "songs", "Ada", "now", "again"], ["call", "Ada"]
    told = "1 of 2 sentences were cut at 6 word pieces: 2 words have no tag. Raise max"
    with pytest.warns(UserWarning, match=told) as caught:
        cut, whole = model.predict([long, short], batch_size=1)
    assert [warning.filename for warning in caught] == [__file__]
    assert [tag is None for tag in cut.tags] == [False] * 3 + [True] * 2
    assert cut.tag_probabilities[3:] == [None, None]
    assert None not in whole.tags
    model.max_length = 128
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert None not in model.predict([long])[0].tags


def test_the_length_limit_is_checked_against_the_backbone(tmp_path):
    model = tiny.model(tiny.corpus())
    assert model.max_length == 128
    for wrong in (129, 2, 0, -1, 8.0, True, "16"):
        with pytest.raises(ValueError, match="max_length .*from 3 to 128"):
            model.max_length = wrong
    few = tiny.encoder(max_position_embeddings=16)
    assert mtl.SharedModel(few, tiny.tokenizer(), ["a"], []).max_length == 16
    folder = str(tiny.save_backbone(tmp_path))
    built = mtl.SharedModel.from_backbone(folder, ["a", "b"], ["O"], max_length=64)
    assert built.max_length == 64
    words = {"tokens": [["now"] * 99], "tags": [["O"] * 99], "label": ["a"]}
    scores = mtl.evaluate(built, Dataset.from_dict(words))
    assert scores.words_without_piece == 99 - 62


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_a_batch_size_that_is_none_is_refused(model, size):
    with pytest.raises(ValueError, match="batch_size .*whole number from 1"):
        model.predict(SENTENCES, batch_size=size)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_a_seed_that_is_none_is_refused(tmp_path, seed):
    folder = tiny.save_backbone(tmp_path)
    with pytest.raises(ValueError, match="seed .*whole number, 0 or larger"):
        tiny.model(tiny.corpus()).reset_head("ner_classifier", seed)
    for name in (str(folder), f"random:{folder}"):
        with pytest.raises(ValueError, match="seed .*whole number, 0 or larger"):
            mtl.SharedModel.from_backbone(name, ["a"], seed=seed)


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
    with pytest.raises(TypeError, match="sentence 1 is a int: give text, a list"):
        model.predict(["call Ada", 7])
    assert model.predict([]) == []


def test_blank_sentences_have_an_empty_answer_in_their_place(model):
    blank = [None, "", " \t", [], float("nan")]
    said = model.predict([*blank, "call Ada", *blank])
    assert said[5] == model.predict(["call Ada"])[0]
    for one, text in zip(said[:5] + said[6:], blank * 2):
        assert (one.words, one.tags, one.offsets, one.spans) == ([], [], [], [])
        assert (one.label, one.label_probability, str(one)) == (None, None, "no entity")
        assert one.text == (text if isinstance(text, str) else "")
    assert model.predict(blank) == said[:5]


def test_spans_are_places_in_the_text_as_it_was_given():
    text = "call  Ada at 5:30pm, cafe\u0301"
    words = ["call", "Ada", "at", "5", ":", "30pm", ",", "caf\u00e9"]
    tags = ["O", "B-person", "O", "B-time", "I-time", "I-time", "O", "B-place"]
    model = tiny.model(tiny.corpus()).eval()
    [said] = model.predict([text])
    assert said.words == words
    marked = replace(said, tags=tags)
    assert marked.spans == [
        (6, 9, "person", "Ada"),
        (13, 19, "time", "5:30pm"),
        (21, 26, "place", "cafe\u0301"),
    ]
    assert marked.entities[1] == ("5:30pm", "time")
    assert all(text[span.start : span.end] == span.text for span in marked.spans)
    [listed] = model.predict([words])
    assert replace(listed, tags=tags).entities[1] == ("5 : 30pm", "time")
    data = json.loads(json.dumps(marked.to_dict()))
    assert list(data)[:3] == ["text", "label", "spans"]
    assert data["spans"][0] == {"start": 6, "end": 9, "type": "person", "text": "Ada"}
    assert data["offsets"][3] == [13, 14]


# pitfall 13
@FEW
@given(st.lists(st.sampled_from(SENTENCES) | WORDS, max_size=9), st.integers(1, 4))
def test_answers_come_in_order_and_do_not_depend_on_the_batch(sentences, size):
    model = tiny.model(tiny.corpus()).eval()
    for one, given_ in zip(model.predict(sentences, size), sentences, strict=True):
        [alone] = model.predict([given_])
        assert (one.words, one.tags, one.label) == (
            alone.words,
            alone.tags,
            alone.label,
        )
        assert one.label_probabilities == pytest.approx(
            alone.label_probabilities, abs=1e-5
        )


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


def test_a_copy_is_a_model_of_its_own(model):
    copy = deepcopy(model)
    tiny.train(copy, tiny.corpus(), tiny.plan())
    assert model.predict(SENTENCES) == tiny.model(tiny.corpus()).predict(SENTENCES)
