"""The drawing of the model: what trains is told by colour, hatch, lock and alt text."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

import mtlhelpers as mtl
from mtlhelpers.errors import ScenarioError
from mtlhelpers.lesson.plots import anatomy
from mtlhelpers.model.scenarios import SCENARIOS


def share_of_colour(picture, colour: str) -> float:
    """How much of a drawing has a colour."""
    pixels = imread(BytesIO(picture.png))[..., :3]  # (height, width, 3)
    wanted = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return float((np.abs(pixels - wanted).max(axis=-1) < 0.02).mean())


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_drawn_and_told(name):
    picture = mtl.draw_model(name, title="What trains")
    assert picture.alt.startswith("What trains: ")
    assert "trained" in picture.alt and "frozen" in picture.alt


def test_what_trains_is_coloured():
    drawn = {name: mtl.draw_model(name) for name in ("none_frozen", "backbone_frozen")}
    blue = {name: share_of_colour(one, "#0072B2") for name, one in drawn.items()}
    assert blue["none_frozen"] > 3 * blue["backbone_frozen"] > 0
    assert share_of_colour(mtl.draw_model("lora"), "#E69F00") > 0.001
    assert share_of_colour(drawn["none_frozen"], "#E69F00") == 0


def test_layers_are_numbered_from_one():
    parts = {"backbone.layer.0", "backbone.layer.-1", "ner_classifier"}
    alt = mtl.draw_model(parts).alt
    assert "layer 1, layer 6, NER head trained" in alt
    assert "embeddings, layer 2, layer 3, layer 4, layer 5, sentence head frozen" in alt


def test_a_loss_that_is_off_is_told_where_another_is_on():
    assert anatomy._shown("sentence_head_frozen", 6).losses == ("ner",)
    assert anatomy._shown("sentence_head_frozen_loss_kept", 6).losses == (
        "sentence",
        "ner",
    )


def test_several_stand_side_by_side():
    picture = mtl.draw_models({"all": "none_frozen", "heads": "backbone_frozen"})
    assert "all: " in picture.alt and "heads: sentence head, NER head" in picture.alt


def test_a_part_that_is_none_is_refused():
    with pytest.raises(ScenarioError, match="no backbone.layer.7"):
        mtl.draw_model(["backbone.layer.7"])
