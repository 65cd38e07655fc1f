"""Every scenario, carried out: what it freezes stays, what it trains moves, and all is
found again."""

import json
from dataclasses import replace

import pytest
from helpers import tall, tiny
from helpers.parts import trains

import mtlhelpers as mtl
from mtlhelpers.errors import ScenarioError
from mtlhelpers.model.counting import part_sizes, trained_sizes
from mtlhelpers.model.heads.specs import PRESETS
from mtlhelpers.model.scenarios import HEADS
from mtlhelpers.study.records.record import Job, own_id
from mtlhelpers.study.running.worker import Worker
from mtlhelpers.training.loop import prepare
from mtlhelpers.training.optimizer import build_optimizer
from mtlhelpers.training.recipes import HEADS_ALONE, THIN, WITH_BACKBONE

CORPORA = {"joint": tiny.corpus(), "disjoint": tiny.disjoint_corpus()}
EVERY = [name for name in mtl.SCENARIOS if name != "all_frozen"]


def short(plan: mtl.Plan) -> mtl.Plan:
    first = plan.first and short(plan.first)
    return replace(plan, epochs=2, batch_size=8, first=first)


@pytest.mark.parametrize("kind", CORPORA)
@pytest.mark.parametrize("name", EVERY)
def test_a_way_to_train_from_plan_to_saved_model(name, kind, tmp_path):
    corpus, model = CORPORA[kind], tall.model(CORPORA[kind])
    plan = short(mtl.plan_for(name, corpus, train_size=8))
    if plan.first:
        tiny.train(model, corpus, plan.first)
    prepare(model, plan.resolve(8, corpus.tasks))
    before = tiny.weights(model)
    run = tiny.train(model, corpus, replace(plan, first=None))
    if name == "heads_first":
        assert run.first.plan.scenario == "backbone_frozen"
    moved = tiny.changed(before, model)
    parameters = [name for name, _ in model.named_parameters()]
    wanted = {one for one in parameters if trains(name, one, tall.LAYERS)}
    assert moved <= wanted
    assert all("self.key.bias" in one for one in wanted - moved)
    assert run.proof.holds
    counts = len(model.labels), len(model.tags)
    sizes = part_sizes(model.backbone.config, *counts, PRESETS.get(name))
    trained = trained_sizes(model.backbone.config, mtl.SCENARIOS[name], *counts)
    assert run.trainable_parameters == sum(trained.values())
    assert run.total_parameters == sum(sizes.values()) + trained["backbone.lora"]
    model.save(tmp_path / "model")
    loaded = mtl.SharedModel.load(tmp_path / "model")
    sentences = ["call Ada now", "go to New York"]
    assert loaded.predict(sentences) == model.predict(sentences)


@pytest.mark.parametrize("kind", CORPORA)
def test_with_its_loss_kept_on_a_frozen_head_still_teaches_the_backbone(kind):
    corpus, models = CORPORA[kind], {}
    for name in ("sentence_head_frozen", "sentence_head_frozen_loss_kept"):
        model = models[name] = tall.model(corpus, dropout=0.0)
        head = tiny.weights(model.sentence_classifier)
        run = tiny.train(model, corpus, tiny.plan(name, epochs=4, backbone_lr=0.01))
        assert not tiny.changed(head, model.sentence_classifier)
        assert run.proof.holds
    assert run.plan.tasks == ("sentence", "ner")
    assert "loss_sentence" in run.history[0]
    assert run.batches["sentence"] > 0
    losses = [entry["loss_sentence"] for entry in run.history]
    assert losses[-1] < losses[0]


def test_two_layers_have_no_third_one_to_train():
    corpus = tiny.corpus()
    for name in ("last_3_layers", "first_3_layers"):
        with pytest.raises(ScenarioError, match=r"its layers are 0 to 1, or -1 to -2"):
            tiny.train(tiny.model(corpus), corpus, tiny.plan(name))


@pytest.mark.parametrize("name", EVERY)
def test_defaults_are_those_of_the_one_thing_that_trains(name):
    thin = {"bitfit": "biases", "layernorm": "norms", "lora": "lora", "lora_qv": "lora"}
    other = WITH_BACKBONE if mtl.SCENARIOS[name].moves_backbone else HEADS_ALONE
    recipe = THIN[thin[name]] if name in thin else other
    plan = mtl.Plan(scenario=name).resolve(100)
    assert (plan.backbone_lr, plan.head_lr) == (recipe.backbone_lr, recipe.head_lr)
    mixed = mtl.Scenario(["backbone.lora", "backbone.layer.1", "ner_classifier"])
    assert mtl.Plan(scenario=mixed).resolve(9).backbone_lr == WITH_BACKBONE.backbone_lr


def test_adapters_decay_and_have_the_backbones_rate_and_biases_do_not_decay():
    for name, decays in (("lora", {0.1}), ("bitfit", {0.0})):
        model = tall.model()
        mtl.apply_scenario(model, name)
        plan = mtl.Plan(name, backbone_lr=2e-3, weight_decay=0.1).resolve(10)
        groups = build_optimizer(model, plan).param_groups
        own = [group for group in groups if group["part"] == "backbone"]
        assert {group["weight_decay"] for group in own} == decays
        assert {group["lr"] for group in own} == {2e-3}


@pytest.mark.parametrize("name", ["heads_first", "lora", "bitfit"])
def test_a_study_finds_its_record_again(name, tmp_path):
    folder = tiny.save_backbone(tmp_path / "backbone")
    plan = short(mtl.Plan(scenario=name, train_size=8, seed=1))
    worker = Worker()
    worker.corpora["tiny"] = tiny.corpus()
    job = Job("arm", "tiny", str(folder), plan, threads=1)
    record = json.loads(json.dumps(worker.carry_out(worker.id_of(job), job)))
    assert own_id(record) == record["id"]
    assert mtl.Plan.from_dict(record["plan"]).scenario == name
    assert bool(record["first"]) == (name == "heads_first")


def test_a_plan_that_names_parts_has_the_name_that_it_had_before_there_were_losses():
    parts = ["backbone.layer.1", HEADS["ner"]]
    plan = mtl.Plan(scenario=mtl.Scenario(parts))
    assert plan.to_dict()["scenario"] == {"train": tuple(parts), "name": ""}
    kept = mtl.Scenario(parts, losses=["sentence", "ner"])
    plan = mtl.Plan(scenario=kept)
    assert mtl.Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
