"""Hidden states by number: read alone or averaged, and climbed to from any of them."""

import pytest
import torch
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.model.layers import check_layers, climb, hidden_states, mean_of

FEW = settings(max_examples=20, deadline=None)
FEWER = settings(max_examples=8, deadline=None)
ENCODER = tiny.encoder(num_hidden_layers=tall.LAYERS).eval()
SENTENCES = ["play New York songs", "call Ada now .", ["go", "to", "Rome"]]
PIECES = st.lists(st.integers(5, 20), min_size=1, max_size=9)
COMPANY = st.lists(PIECES, min_size=1, max_size=4)


def padded(sentences: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of sentences, [CLS] and [SEP] around each."""
    rows = [torch.tensor([2, *pieces, 3]) for pieces in sentences]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, (torch.arange(ids.shape[1]) < lengths[:, None]).long()


@torch.no_grad()
def states(ids: torch.Tensor, mask: torch.Tensor | None) -> list[torch.Tensor]:
    """Every hidden state, as the library gives them."""
    found = ENCODER(ids, mask, output_hidden_states=True)
    assert torch.equal(found.hidden_states[-1], found.last_hidden_state)
    return list(found.hidden_states)


def hidden_at(backbone, layers, *batch: torch.Tensor | None) -> torch.Tensor:
    """The mean of some hidden states of word pieces."""
    return mean_of(hidden_states(backbone, layers, *batch), layers)


@given(st.lists(st.integers(0, tall.LAYERS), min_size=1))
def test_layers_are_named_once_and_in_order(numbers):
    found = check_layers(ENCODER, numbers)
    assert set(found) == set(numbers)
    assert list(found) == sorted(set(numbers))
    assert check_layers(ENCODER, None) == (tall.LAYERS,)


@pytest.mark.parametrize("layers", [(), (-1,), (5,), (0, 4, 9)])
def test_layers_that_are_not_there_are_refused(layers):
    with pytest.raises(ValueError, match=r"layers \(.*from 0 \(the embeddings\) to 4"):
        check_layers(ENCODER, layers)
    with pytest.raises(ValueError, match="hidden states from 0"):
        tall.model(layers=layers)


@FEW
@given(tall.READ, COMPANY)
def test_what_is_read_is_the_mean_of_hidden_states(layers, sentences):
    ids, mask = padded(sentences)
    found = hidden_at(ENCODER, layers, ids, mask)
    all_states = states(ids, mask)
    expected = sum(all_states[number] for number in layers) / len(layers)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_hidden_state_0_is_what_the_embeddings_give():
    ids, _ = padded([[5, 9, 12]])
    assert torch.equal(hidden_at(ENCODER, (0,), ids), ENCODER.embeddings(ids))


@FEW
@given(tall.READ, st.data(), PIECES, st.integers(1, 3))
def test_climbing_from_any_cut_gives_the_same_bits(layers, data, pieces, count):
    ids = torch.tensor([[2, *pieces, 3]] * count)
    cut = data.draw(st.integers(0, layers[0]))
    with torch.no_grad():
        found = climb(ENCODER, states(ids, None)[cut], None, layers, cut)
        assert torch.equal(mean_of(found, layers), hidden_at(ENCODER, layers, ids))


# pitfall 13
@FEW
@given(tall.READ, st.data(), COMPANY)
def test_climbing_beside_padding_does_not_depend_on_what_stands_there(
    layers, data, sentences
):
    ids, mask = padded(sentences)
    cut = data.draw(st.integers(0, layers[0]))
    start = states(ids, mask)[cut]
    with torch.no_grad():
        expected = hidden_at(ENCODER, layers, ids, mask)
        for filler in (0.0, 50.0):
            start[~mask.bool()] = filler
            found = mean_of(climb(ENCODER, start, mask, layers, cut), layers)
            real = mask.bool()
            torch.testing.assert_close(found[real], expected[real], atol=1e-6, rtol=0)


@FEWER
@given(tall.READ, st.data())
def test_climbing_runs_the_layers_between_and_no_other(layers, data):
    model = tall.model().eval()
    cut = data.draw(st.integers(0, layers[0]))
    passes = tall.Passes(model)
    climb(model.backbone, torch.zeros(3, 5, 32), None, layers, cut)
    assert passes.up_to == {n: 3 for n in range(cut + 1, layers[-1] + 1)}


@FEWER
@given(tall.READ, tall.POOLINGS, COMPANY)
def test_the_heads_look_at_the_layers_of_the_model(layers, pooling, sentences):
    model = tall.model(layers=layers, pooling=pooling).eval()
    assert model.layers == layers
    ids, mask = padded(sentences)
    hidden = hidden_at(model.backbone, layers, ids, mask)
    logits = model(ids, mask)
    assert torch.equal(logits.ner, model.ner_classifier(hidden))
    pooled = model.pool(hidden, mask)
    assert torch.equal(logits.sentence, model.sentence_classifier(pooled))


def test_the_last_layer_is_read_unless_told(tmp_path):
    assert tall.model().layers == (tall.LAYERS,)
    folder = str(tiny.save_backbone(tmp_path))
    assert mtl.SharedModel.from_backbone(folder, ["a", "b"]).layers == (2,)
    told = mtl.SharedModel.from_backbone(folder, ["a", "b"], layers=[1, 0])
    assert told.layers == (0, 1)


def test_what_is_read_can_be_changed_and_changed_back():
    model = tall.model()
    plain = model.predict(SENTENCES)
    model.read("first", (1, 3))
    assert (model.pooling, model.layers) == ("first", (1, 3))
    assert model.predict(SENTENCES) != plain
    model.read()
    assert (model.pooling, model.layers) == ("first", (1, 3))
    model.read(pooling="mean")
    assert (model.pooling, model.layers) == ("mean", (1, 3))
    model.read(layers=[4])
    assert model.predict(SENTENCES) == plain


@pytest.mark.parametrize(("pooling", "layers"), [("first", (9,)), ("max", (1,))])
def test_a_choice_that_cannot_be_read_changes_nothing(pooling, layers):
    model = tall.model()
    with pytest.raises(ValueError, match="hidden states from 0|not one of mean, first"):
        model.read(pooling, layers)
    assert (model.pooling, model.layers) == ("mean", (tall.LAYERS,))


@pytest.mark.parametrize("layers", [(0,), (2,), (1, 4)])
def test_a_prediction_at_other_layers_does_not_depend_on_its_company(layers):
    model = tall.model(layers=layers)
    alone = [model.predict([sentence])[0] for sentence in SENTENCES]
    assert model.predict(SENTENCES) != tall.model().predict(SENTENCES)
    for one, among in zip(alone, model.predict(SENTENCES)):
        assert one.tags == among.tags
        assert one.tag_probabilities == pytest.approx(among.tag_probabilities, abs=1e-5)
        assert one.label_probabilities == pytest.approx(
            among.label_probabilities, abs=1e-5
        )


# pitfall 20
@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("layers", [(4,), (0,), (1, 3)])
def test_a_saved_model_reads_the_same(tmp_path, pooling, layers):
    model = tall.model(layers=layers, pooling=pooling)
    model.save(tmp_path / "kept")
    loaded = mtl.SharedModel.load(tmp_path / "kept")
    assert (loaded.layers, loaded.pooling) == (layers, pooling)
    assert loaded.predict(SENTENCES) == model.predict(SENTENCES)
    assert not tiny.changed(tiny.weights(model), loaded)
