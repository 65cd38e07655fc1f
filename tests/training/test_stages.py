"""Stages that runs share: made once, never confused, and never to be told apart."""

from dataclasses import replace

import pytest
import torch
from helpers import tall, tiny

import mtlhelpers as mtl
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.training import loop

CORPUS = tiny.corpus()
FIRST = tiny.plan("none_frozen", tasks=["sentence"], train_size=8, skip=8)
SECONDS = [
    tiny.plan("sentence_head_frozen", train_size=8, first=FIRST),
    tiny.plan("sentence_head_and_backbone_frozen", train_size=8, first=FIRST),
    tiny.plan(tall.top(1, ("ner_classifier",)), train_size=8, first=FIRST, track=True),
    tiny.plan("sentence_head_frozen", train_size=8, first=FIRST, retention="lwf"),
    tiny.plan("backbone_frozen", tasks=["sentence"], fresh_heads=True, first=FIRST),
]


@pytest.fixture
def made(monkeypatch) -> list[mtl.Plan]:
    """The resolved plans of the stages that were really trained, in their order."""
    plans, train_epochs = [], loop.train_epochs

    def noting(model, corpus, sentences, plan, *rest):
        plans.append(plan)
        train_epochs(model, corpus, sentences, plan, *rest)

    monkeypatch.setattr(loop, "train_epochs", noting)
    return plans


def facts(run: mtl.Run | None) -> dict | None:
    """A run without its times, and its first stages likewise."""
    if run is None:
        return None
    history = [{k: v for k, v in e.items() if k != "seconds"} for e in run.history]
    rest = {k: v for k, v in vars(run).items() if k not in ("seconds", "history")}
    return rest | {"history": history, "first": facts(run.first)}


def state(model: mtl.SharedModel) -> dict:
    """What a model is beside its weights."""
    modes = {name: module.training for name, module in model.named_modules()}
    trains = {name: p.requires_grad for name, p in model.named_parameters()}
    grads = [name for name, p in model.named_parameters() if p.grad is not None]
    return {
        "reads": (model.pooling, model.layers),
        "modes": modes,
        "trains": trains,
        "gradients": grads if not all(trains.values()) else [],
    }


def test_a_shared_stage_is_made_once_and_changes_no_bit(made):
    stages, store = mtl.Stages(), mtl.FeatureStore()
    for plan in SECONDS:
        alone, shared = tall.model(), tall.model()
        expected = tiny.train(alone, CORPUS, plan)
        del made[:]
        run = tiny.train(shared, CORPUS, plan, stages=stages, store=store)
        assert [one.scenario for one in made] == [
            *(["none_frozen"] if plan is SECONDS[0] else []),
            plan.scenario,
        ]
        assert not tiny.changed(tiny.weights(alone), shared)
        assert facts(run) == facts(expected)


@pytest.mark.parametrize("plan", [FIRST, SECONDS[2], SECONDS[4]])
def test_a_stage_that_is_found_leaves_the_model_as_a_stage_that_is_made(made, plan):
    stages = mtl.Stages()
    models = [tall.model() for _ in range(2)]
    runs = [tiny.train(model, CORPUS, plan, stages=stages) for model in models]
    assert len(made) == (1 if plan.first is None else 2)
    assert not tiny.changed(tiny.weights(models[0]), models[1])
    made_state, found_state = map(state, models)
    for key in ("reads", "modes", "trains"):
        assert made_state[key] == found_state[key], key
    assert facts(runs[0]) == facts(runs[1])
    assert not models[1].training


def test_what_is_kept_does_not_move_with_the_model(made):
    stages, model = mtl.Stages(), tall.model()
    tiny.train(model, CORPUS, FIRST, stages=stages)
    left = tiny.weights(model)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor += 1.0
    found = tall.model()
    tiny.train(found, CORPUS, FIRST, stages=stages)
    assert len(made) == 1
    assert not tiny.changed(left, found)


def moved(model: mtl.SharedModel, name: str) -> mtl.SharedModel:
    with torch.no_grad():
        model.get_parameter(name).view(-1)[0] += 1e-6
    return model


OTHER_PLANS = {
    "seed": replace(FIRST, seed=1),
    "size": replace(FIRST, train_size=9),
    "skip": replace(FIRST, skip=9),
    "task": replace(FIRST, tasks=["ner"]),
    "rate": replace(FIRST, backbone_lr=2e-3),
    "layers": replace(FIRST, layers=(4, 3)),
    "pooling": replace(FIRST, pooling="first"),
    "fresh heads": replace(FIRST, fresh_heads=True),
    "first": replace(FIRST, first=replace(FIRST, tasks=["ner"])),
}
OTHER_STARTS = {
    "backbone": lambda: moved(tall.model(), "backbone.embeddings.LayerNorm.bias"),
    "trained head": lambda: moved(tall.model(), "sentence_classifier.weight"),
    "other head": lambda: moved(tall.model(), "ner_classifier.bias"),
    "heads of a seed": lambda: tall.model(seed=1),
    "layers": lambda: tall.model(layers=(3, 4)),
    "pooling": lambda: tall.model(pooling="first"),
}


@pytest.mark.parametrize("name", sorted(OTHER_PLANS))
def test_another_plan_is_another_stage(made, name):
    stages, plan = mtl.Stages(), OTHER_PLANS[name]
    tiny.train(tall.model(), CORPUS, FIRST, stages=stages)
    del made[:]
    shared, alone = tall.model(), tall.model()
    tiny.train(shared, CORPUS, plan, stages=stages)
    assert made
    tiny.train(alone, CORPUS, plan)
    assert not tiny.changed(tiny.weights(alone), shared)


@pytest.mark.parametrize("name", sorted(OTHER_STARTS))
def test_another_start_is_another_stage(made, name):
    stages = mtl.Stages()
    tiny.train(tall.model(), CORPUS, FIRST, stages=stages)
    shared, alone = OTHER_STARTS[name](), OTHER_STARTS[name]()
    tiny.train(shared, CORPUS, FIRST, stages=stages)
    assert len(made) == 2
    tiny.train(alone, CORPUS, FIRST)
    assert not tiny.changed(tiny.weights(alone), shared)


@pytest.mark.parametrize("split", ["train", "test"])
def test_another_corpus_is_another_stage(made, split):
    rows = {name: tiny.rows(name, 9 + 15 * (name == "train")) for name in CORPUS.splits}
    rows[split] = rows[split][:-1]
    other = build_corpus("tiny", rows)
    stages = mtl.Stages()
    tiny.train(tall.model(), CORPUS, FIRST, stages=stages)
    tiny.train(tall.model(), other, FIRST, stages=stages)
    assert len(made) == 2


def test_the_limit_holds_and_what_was_used_last_stays(made):
    plans = [replace(FIRST, seed=seed) for seed in range(3)]
    stages = mtl.Stages(limit=2)
    for plan in (plans[0], plans[1], plans[0], plans[2]):
        tiny.train(tall.model(), CORPUS, plan, stages=stages)
        assert len(stages._left) <= 2
    assert [plan.seed for plan in made] == [0, 1, 2]
    tiny.train(tall.model(), CORPUS, plans[0], stages=stages)
    assert [plan.seed for plan in made] == [0, 1, 2]
    tiny.train(tall.model(), CORPUS, plans[1], stages=stages)
    assert [plan.seed for plan in made] == [0, 1, 2, 1]


def test_many_seconds_never_push_out_the_first_that_they_share(made):
    stages = mtl.Stages(limit=2)
    for rate in (1e-3, 2e-3, 3e-3, 4e-3):
        plan = replace(SECONDS[0], backbone_lr=rate)
        tiny.train(tall.model(), CORPUS, plan, stages=stages)
    assert sum(plan.scenario == "none_frozen" for plan in made) == 1


def test_what_the_stage_chose_to_read_is_restored(made):
    first = replace(FIRST, layers=(2, 4), pooling="first")
    stages, models = mtl.Stages(), []
    for scenario in ("sentence_head_frozen", "sentence_head_and_backbone_frozen"):
        plan = tiny.plan(scenario, train_size=8, first=first)
        shared, alone = tall.model(), tall.model()
        run = tiny.train(shared, CORPUS, plan, stages=stages)
        expected = tiny.train(alone, CORPUS, plan)
        assert (shared.pooling, shared.layers) == ("first", (2, 4))
        assert not tiny.changed(tiny.weights(alone), shared)
        assert facts(run) == facts(expected)
        models.append(shared)
    assert (
        sum(plan.scenario == "none_frozen" for plan in made) == 3
    )  # two of them alone


def test_a_third_stage_starts_where_the_second_left(made):
    head_first = SECONDS[1]
    thirds = [
        tiny.plan("sentence_head_frozen", train_size=8, first=head_first),
        tiny.plan(tall.top(2, ("ner_classifier",)), train_size=8, first=head_first),
        tiny.plan("backbone_frozen", layers=(2,), fresh_heads=True, first=head_first),
    ]
    stages = mtl.Stages()
    for number, plan in enumerate(thirds):
        alone, shared = tall.model(), tall.model()
        expected = tiny.train(alone, CORPUS, plan)
        del made[:]
        run = tiny.train(shared, CORPUS, plan, stages=stages)
        assert len(made) == (3 if number == 0 else 1)
        assert not tiny.changed(tiny.weights(alone), shared)
        assert facts(run) == facts(expected)
        assert run.first.first.plan.tasks == ("sentence",)
