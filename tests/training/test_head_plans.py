"""Plans that name heads: each kind trains, what is frozen stays, and fits are exact."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from datasets import DatasetDict
from helpers import heads, tall, tiny
from sklearn.linear_model import LogisticRegression
from torch import nn

import mtlhelpers as mtl
from mtlhelpers.errors import PlanError
from mtlhelpers.model.heads.kinds import DeepHead
from mtlhelpers.model.heads.specs import PRESETS
from mtlhelpers.training.features.standardise import standardised_heads
from mtlhelpers.training.features.store import extract_features
from mtlhelpers.training.loop import training_sentences
from mtlhelpers.training.metrics import encode_for

CORPUS = tiny.corpus()
BUILT = [case for case in heads.BUILT if "layers" not in case[1]]


@pytest.mark.parametrize(("task", "settings"), BUILT + heads.FILLED, ids=heads.name_of)
def test_a_plan_makes_its_head_trains_it_and_moves_nothing_else(task, settings):
    model = tall.model()
    plan = heads.plan(task, settings, train_size=9, epochs=3)
    before = tiny.weights(model)
    run = tiny.train(model, CORPUS, plan)
    head = f"{task}_classifier"
    moved = {name.partition(".")[0] for name in tiny.changed(before, model)}
    assert moved == {head}
    assert run.proof.holds and run.proof.max_change == 0
    own = sum(tensor.numel() for tensor in model.head(task).parameters())
    assert run.trainable_parameters == own
    assert run.steps == (0 if "fit" in settings else 6)
    assert run.scores == mtl.evaluate(model, CORPUS.splits["test"])
    stored = json.loads(json.dumps(run.plan.to_dict()))
    assert mtl.Plan.from_dict(stored).to_dict() == run.plan.to_dict()


@pytest.mark.parametrize(("task", "settings"), BUILT, ids=heads.name_of)
def test_a_frozen_head_of_any_kind_stays_while_all_else_moves(task, settings):
    model = heads.model(task, settings)
    before = tiny.weights(model.head(task))
    frozen = "sentence_head_frozen" if task == "sentence" else "ner_head_frozen"
    run = tiny.train(model, CORPUS, tiny.plan(frozen))
    assert run.proof.holds
    assert not tiny.changed(before, model.head(task))


@pytest.mark.parametrize("kind", ["mlp", "context", "bilstm", "crf"])
def test_a_head_learns_over_a_backbone_that_moves(kind):
    model = tall.model(heads={"ner": {"kind": kind, "combine": "mix"}})
    run = tiny.train(model, CORPUS, tiny.plan("none_frozen", epochs=12))
    assert run.history[-1]["loss_ner"] < 0.7 * run.history[0]["loss_ner"]


def seen_by(plan: mtl.Plan) -> tuple[np.ndarray, np.ndarray]:
    """The sentence vectors that a plan trains with, standardised, and their labels."""
    model = tall.model(layers=plan.layers)
    mtl.apply_scenario(model, "backbone_frozen")
    encoded = encode_for(model, training_sentences(CORPUS, plan))
    vectors = extract_features(model, encoded).pooled
    scaled = (vectors - vectors.mean(0)) / vectors.std(0)
    return scaled.numpy(), encoded.label_ids


def logits_of(plan: mtl.Plan) -> np.ndarray:
    """What a trained model says of the sentences that it was trained with."""
    model = tall.model()
    tiny.train(model, CORPUS, plan)
    encoded = encode_for(model, training_sentences(CORPUS, plan))
    with torch.no_grad():
        return extract_features(model, encoded).scored_by(model).sentence.numpy()


def test_class_means_say_the_class_whose_mean_is_nearest():
    plan = heads.plan("sentence", {"fit": "class_means"}, train_size=20)
    vectors, labels = seen_by(plan)
    means = np.stack([vectors[labels == one].mean(0) for one in np.unique(labels)])
    distances = np.square(vectors[:, None] - means).sum(-1)  # (N, L)
    found = logits_of(plan)
    shared = found + distances / 2  # the same for all classes of a sentence
    np.testing.assert_allclose(shared, shared[:, :1].repeat(3, 1), atol=1e-3)


@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_logistic_regression_is_that_of_scikit_learn(penalty):
    settings = {"fit": "logistic", "penalty": penalty}
    plan = heads.plan("sentence", settings, train_size=20)
    vectors, labels = seen_by(plan)
    expected = LogisticRegression(C=1 / penalty, max_iter=1000).fit(vectors, labels)
    shares = torch.from_numpy(logits_of(plan)).softmax(-1).numpy()
    np.testing.assert_allclose(shares, expected.predict_proba(vectors), atol=2e-3)


@pytest.mark.parametrize("fit", ["class_means", "logistic"])
@pytest.mark.parametrize("labels", [["play"], ["play", "call"], ["call", "go"]])
def test_a_class_without_examples_is_never_said(fit, labels):
    train = CORPUS.splits["train"]
    some = train.select(
        [row for row, one in enumerate(train["label"]) if one in labels]
    )
    corpus = replace(CORPUS, splits=DatasetDict({**CORPUS.splits, "train": some}))
    model = tall.model()
    tiny.train(model, corpus, heads.plan("sentence", {"fit": fit}))
    said = {one.label for one in model.predict(corpus.splits["test"]["tokens"][:])}
    assert said <= set(labels)


def test_fits_are_the_same_each_time():
    for case in heads.FILLED:
        models = [tall.model(), tall.model()]
        for model in models:
            tiny.train(model, CORPUS, heads.plan(*case))
        assert not tiny.changed(tiny.weights(models[0]), models[1])


@pytest.mark.parametrize(
    ("task", "settings"),
    [case for case in BUILT if case[1]["kind"] != "linear"],
    ids=heads.name_of,
)
def test_other_heads_keep_shift_and_scale_of_standardised_features(task, settings):
    model = heads.model(task, settings)
    mtl.apply_scenario(model, "backbone_frozen")
    features = extract_features(model, encode_for(model, CORPUS.splits["train"]))
    seen = features.pooled if task == "sentence" else features.words
    with standardised_heads(model, features):
        inside = features.scored_by(model)
    head = model.head(task)
    assert isinstance(head, DeepHead)
    torch.testing.assert_close(head.shift, seen.mean(0))
    torch.testing.assert_close(head.scale, seen.std(0))
    after = features.scored_by(model)
    torch.testing.assert_close(after, inside, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_a_name_stands_for_its_heads(name):
    model = tall.model()
    run = tiny.train(model, CORPUS, replace(mtl.plan_for(name, CORPUS), epochs=2))
    assert run.plan.heads == PRESETS[name]
    assert {task: spec.built for task, spec in PRESETS[name].items()} == model.specs
    labels = tiny.corpus(tags=False)
    plan = replace(mtl.plan_for(name, labels), epochs=2)
    run = tiny.train(tall.model(labels), labels, plan)
    assert set(run.plan.heads) == {"sentence"}
    own = {"ner": {"kind": "mlp"}}
    plan = mtl.Plan(scenario=name, heads=own).resolve(9, CORPUS.tasks)
    assert [*plan.heads] == ["ner"] and plan.heads["ner"].kind == "mlp"


def test_class_means_leave_two_linear_heads():
    model = tall.model()
    tiny.train(model, CORPUS, mtl.Plan(scenario="class_means"))
    assert type(model.sentence_classifier) is type(model.ner_classifier) is nn.Linear


def test_a_later_stage_goes_on_with_the_head_that_is_there():
    first = heads.plan("ner", {"kind": "bilstm", "combine": "join"})
    plan = tiny.plan("none_frozen", first=first)
    model = tall.model()
    run = tiny.train(model, CORPUS, plan)
    assert model.specs["ner"].kind == "bilstm"
    assert run.before == run.first.scores
    same = tiny.plan("none_frozen", first=first, heads={"ner": first.heads["ner"]})
    other = tall.model()
    assert tiny.train(other, CORPUS, same).scores == run.scores
    assert not tiny.changed(tiny.weights(model), other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"heads": {"ner": "lstm"}}, "heads: kind 'lstm' is not one of"),
        ({"heads": {"ner": 3}}, "heads: "),
        ({"heads": {"ner": {"size": 1}}}, "heads: a head has no size"),
        ({"heads": {"ner": {"fit": "logistic"}}}, "'logistic' needs a frozen backbone"),
        (
            {"heads": {"ner": "mlp"}, "scenario": "ner_head_frozen"},
            "heads names ner, whose head does not train here",
        ),
        (
            {"heads": {"ner": "mlp"}, "tasks": ["sentence"]},
            "heads names ner, whose head does not train here",
        ),
    ],
)
def test_a_plan_with_heads_that_cannot_be_is_refused(settings, message):
    with pytest.raises(PlanError, match=message):
        mtl.Plan(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"kind": "linear", "layers": [9]},
            "fit the model: layers .*0 .* to 4",
        ),
        ({"kind": "bilstm"}, "fit the model: no sentence head is 'bilstm'"),
    ],
)
def test_a_plan_whose_heads_do_not_fit_the_model_is_refused(settings, message):
    with pytest.raises(PlanError, match=message):
        tiny.train(tall.model(), CORPUS, heads.plan("sentence", settings))
