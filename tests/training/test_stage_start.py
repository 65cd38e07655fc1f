"""How a stage starts and what is scored: heads drawn again, what is read, train."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import tall, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import mtlhelpers as mtl
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.errors import PlanError, TrainingError
from mtlhelpers.model.heads.specs import PRESETS
from mtlhelpers.training import loop

FEW = settings(max_examples=10, deadline=None)
FIRST = tiny.plan("none_frozen", tasks=["sentence"], train_size=9, skip=9)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("backbone_frozen", tall.HEADS),
        ("none_frozen", tall.HEADS),
        ("ner_head_frozen", ("sentence_classifier",)),
        ("sentence_head_and_backbone_frozen", ("ner_classifier",)),
    ],
)
def test_fresh_heads_are_the_plans_own_draw_and_frozen_ones_stay(name, drawn):
    corpus = tiny.corpus()
    model, fresh = tall.model(), tall.model(seed=3)
    tiny.train(model, corpus, tiny.plan("none_frozen"))
    before = tiny.weights(model)
    plan = tiny.plan(name, seed=3, fresh_heads=True, head_lr=0.0, backbone_lr=0.0)
    run = tiny.train(model, corpus, plan)
    moved = {name.split(".")[0] for name in tiny.changed(before, model)}
    assert moved == set(drawn)
    for head in drawn:
        own = tiny.weights(getattr(fresh, head))
        assert not tiny.changed(own, getattr(model, head))
    assert run.before == run.scores == mtl.evaluate(model, corpus.splits["test"])


def test_a_head_drawn_again_learns_as_a_new_one_on_the_same_backbone():
    corpus = tiny.corpus()
    alone = "ner_head_and_backbone_frozen"
    probe = tiny.plan(alone, fresh_heads=True, epochs=2, first=FIRST)
    refit = tall.model()
    tiny.train(refit, corpus, probe)
    new = tall.model()
    new.backbone.load_state_dict(refit.backbone.state_dict())
    tiny.train(new, corpus, tiny.plan(alone, epochs=2))
    own = tiny.weights(refit.sentence_classifier)
    assert not tiny.changed(own, new.sentence_classifier)
    plain = tall.model()
    tiny.train(plain, corpus, replace(probe, fresh_heads=False))
    assert tiny.changed(own, plain.sentence_classifier)


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("layers", [(0,), (2,), (1, 4)])
def test_a_plan_chooses_what_is_read_as_the_model_can(layers, pooling):
    corpus = tiny.corpus()
    planned, built = tall.model(), tall.model(layers=layers, pooling=pooling)
    plan = tiny.plan("backbone_frozen")
    run = tiny.train(planned, corpus, replace(plan, layers=layers, pooling=pooling))
    expected = tiny.train(built, corpus, plan)
    assert (planned.layers, planned.pooling) == (layers, pooling)
    assert (built.layers, built.pooling) == (layers, pooling)
    assert not tiny.changed(tiny.weights(built), planned)
    assert (run.before, run.scores) == (expected.before, expected.scores)


def test_a_plan_that_says_nothing_leaves_what_is_read():
    model = tall.model(layers=(1, 2), pooling="first")
    tiny.train(model, tiny.corpus(), tiny.plan("backbone_frozen"))
    assert (model.layers, model.pooling) == ((1, 2), "first")


@pytest.mark.parametrize(
    "reads", [{"layers": (9,)}, {"layers": ()}, {"pooling": "max"}]
)
def test_a_plan_that_reads_what_is_not_there_is_refused(reads):
    model = tall.model()
    before = tiny.weights(model)
    with pytest.raises(
        PlanError, match="hidden states from 0|one of mean, first, not 'max'"
    ):
        tiny.train(model, tiny.corpus(), tiny.plan("backbone_frozen", **reads))
    assert not tiny.changed(before, model)


# pitfall 17
def test_layers_above_what_is_read_cannot_train_and_are_named():
    with pytest.raises(TrainingError, match=r"backbone\.encoder\.layer\.2\."):
        model = tall.model()
        tiny.train(model, tiny.corpus(), tiny.plan("none_frozen", layers=(1, 2)))


def stages_of(first: bool, scenario: str, **settings) -> mtl.Plan:
    if scenario == "heads_first":  # which has its own first stage
        return tiny.plan(scenario, train_size=9, **settings)
    earlier = FIRST if first else None
    return tiny.plan(scenario, first=earlier, train_size=9, **settings)


# pitfall 6
@FEW
@given(
    st.booleans(),
    st.sampled_from(sorted(set(mtl.SCENARIOS) - {"all_frozen", *PRESETS})),
    st.sampled_from([None, (4,), (1,), (2, 4)]),
    st.sampled_from([None, "mean", "first"]),
    st.booleans(),
)
def test_before_is_what_scoring_gives_when_the_last_stage_starts(
    first, scenario, layers, pooling, fresh
):
    if mtl.SCENARIOS[scenario].moves_backbone and layers is not None:
        layers = tuple({*layers, tall.LAYERS})  # what is above would have no gradient
    corpus, scores = tiny.corpus(), []
    train_epochs = loop.train_epochs

    def scoring(model, *rest):
        scores.append(mtl.evaluate(model, corpus.splits["test"]))
        train_epochs(model, *rest)

    plan = stages_of(first, scenario, layers=layers, pooling=pooling, fresh_heads=fresh)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "train_epochs", scoring)
        run = tiny.train(tall.model(), corpus, plan, store=mtl.FeatureStore())
    assert run.before == scores[-1]
    assert len(scores) == 1 + (run.first is not None)
    if run.first:
        assert run.first.before == scores[0]


@pytest.mark.parametrize("scenario", ["none_frozen", "backbone_frozen", tall.top(1)])
def test_train_scores_are_of_the_sentences_that_the_last_stage_saw(scenario):
    corpus = tiny.corpus()
    plan = tiny.plan(scenario, train_size=10, skip=5, epochs=4, first=FIRST)
    model = tall.model()
    run = tiny.train(model, corpus, plan)
    seen = loop.training_sentences(corpus, plan)
    assert run.train_scores == mtl.evaluate(model, seen)
    assert run.train_scores.labelled_sentences == 10
    assert run.first.train_scores.labelled_sentences == 9


def test_train_scores_of_a_large_corpus_are_of_some_sentences_of_every_label(
    monkeypatch,
):
    rows = sorted(tiny.rows("train", 24), key=lambda row: row.label)
    named = [row._replace(id=f"{at:02}-{row.label}") for at, row in enumerate(rows)]
    others = {split: tiny.rows(split, 9) for split in ("validation", "test")}
    corpus = build_corpus("by label", {"train": named, **others})
    scored, assess = [], loop.assess

    def noting(model, gold, store):
        scored.append((gold, assess(model, gold, store)))
        return scored[-1][1]

    monkeypatch.setattr(loop, "SCORED_OF_TRAIN", 12)
    monkeypatch.setattr(loop, "assess", noting)
    model = tiny.model(corpus)
    run = tiny.train(model, corpus, tiny.plan("backbone_frozen"))
    [gold] = [one for one, (scores, *_) in scored if scores is run.train_scores]
    assert run.train_scores.labelled_sentences == len(gold.encoded) == 12
    assert set(gold.encoded.label_ids) == set(range(len(corpus.labels)))
    # What was read once scores as the same sentences read anew.
    train = corpus.splits["train"].select(np.linspace(0, 23, 12).astype(int))
    assert run.train_scores == mtl.evaluate(model, train)
