"""The training loop: whose labels count, stages, early choice, and what a run tells."""

import warnings
from dataclasses import replace

import pytest
import torch
from datasets import Dataset, DatasetDict
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.data.corpus import build_corpus
from mtlhelpers.errors import PlanError
from mtlhelpers.training import loop, metrics
from mtlhelpers.training.optimizer import BestWeights
from mtlhelpers.training.plan import METRICS


def changed_splits(corpus: mtl.Corpus, split: str, **columns) -> mtl.Corpus:
    """The corpus with other columns in one split."""
    rows = corpus.splits[split]
    cells = {name: rows[name][:] for name in rows.column_names} | columns
    other = Dataset.from_dict(cells, features=rows.features)
    return replace(corpus, splits=DatasetDict({**corpus.splits, split: other}))


# pitfall 5
@pytest.mark.parametrize(
    ("name", "column"),
    [("sentence_head_frozen", "label"), ("ner_head_frozen", "tags")],
)
def test_a_frozen_heads_labels_do_not_reach_the_backbone(name, column):
    corpus = tiny.corpus()
    turned = corpus.splits["train"][column][:][::-1]
    if column == "tags":
        tokens = corpus.splits["train"]["tokens"][:]
        turned = [["B-place"] * len(words) for words in tokens]
    trained = []
    for one in (corpus, changed_splits(corpus, "train", **{column: turned})):
        model = tiny.model(corpus)
        tiny.train(model, one, tiny.plan(name))
        trained.append(model)
    assert not tiny.changed(tiny.weights(trained[0]), trained[1])


# pitfall 6
@pytest.mark.parametrize("name", ["sentence_head_frozen", "ner_head_frozen"])
def test_both_tasks_are_scored_every_epoch_over_a_moving_backbone(name):
    corpus = tiny.corpus()
    plan = mtl.plan_for(name, corpus, train_size=8)
    plan = replace(plan, epochs=2, first=replace(plan.first, epochs=1))
    run = tiny.train(tiny.model(corpus), corpus, plan)
    assert len(run.history) == 2
    for entry in run.history:
        assert 0 <= entry["accuracy"] <= 1
        assert 0 <= entry["ner_f1"] <= 1


# pitfall 6
def test_a_run_holds_the_scores_at_the_start_of_its_last_stage():
    corpus = tiny.corpus()
    first = tiny.plan("none_frozen", tasks=["sentence"], epochs=3)
    plan = tiny.plan("sentence_head_frozen", first=first)
    model = tiny.model(corpus)
    stage = tiny.train(model, corpus, first)
    run = tiny.train(tiny.model(corpus), corpus, plan)
    assert run.before == run.first.scores == stage.scores
    assert run.first.plan.scenario == "none_frozen"
    assert not run.first.first


# pitfalls 5 and 17
def test_a_stage_for_one_task_leaves_the_other_head_alone():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    before = tiny.weights(model)
    run = tiny.train(model, corpus, tiny.plan("none_frozen", tasks=["sentence"]))
    moved = tiny.changed(before, model)
    assert not any(name.startswith("ner_classifier") for name in moved)
    assert any(name.startswith("backbone") for name in moved)
    assert set(run.history[0]) >= {"loss_sentence", "gradient_norm_backbone"}
    assert "loss_ner" not in run.history[0]
    assert run.trainable_parameters == run.total_parameters - 33 * len(corpus.tags)


# pitfall 23
def test_losses_and_gradient_norms_of_each_task_are_in_the_history():
    corpus = tiny.corpus()
    run = tiny.train(tiny.model(corpus), corpus, tiny.plan(epochs=2, track=True))
    assert [entry["epoch"] for entry in run.history] == [1, 2]
    for entry in run.history:
        for task in ("sentence", "ner"):
            assert entry[f"loss_{task}"] > 0
            assert entry[f"gradient_norm_{task}_classifier"] > 0
        assert entry["gradient_norm_backbone"] > 0
        assert {*METRICS, "seconds", "steps"} <= set(entry)
    assert list(run.history_table().index) == [1, 2]
    assert run.steps == 6
    assert run.batches == {"sentence": 6, "ner": 6}


# pitfall 23
def test_loss_weights_weigh_and_do_not_show_in_the_loss():
    corpus = tiny.corpus()
    plan = tiny.plan("none_frozen", batch_size=24, clip_norm=1e9)
    heavy = replace(plan, loss_weights={"sentence": 3.0, "ner": 0.5})
    plain, weighted = (
        tiny.train(tiny.model(corpus), corpus, one).history[0] for one in (plan, heavy)
    )
    for task, factor in (("sentence", 3.0), ("ner", 0.5)):
        assert weighted[f"loss_{task}"] == plain[f"loss_{task}"]
        norm = f"gradient_norm_{task}_classifier"
        assert weighted[norm] == pytest.approx(factor * plain[norm], rel=1e-4)


def test_with_everything_frozen_it_warns_and_changes_nothing():
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    before = tiny.weights(model)
    with pytest.warns(UserWarning, match="nothing can train in all_frozen"):
        run = tiny.train(model, corpus, tiny.plan("all_frozen"))
    assert not tiny.changed(before, model)
    assert all(tensor.grad is None for tensor in model.parameters())
    assert (run.steps, run.history, run.trainable_parameters) == (0, [], 0)
    assert run.scores == run.before
    assert "nothing can train" in str(run)


def test_nothing_is_warned_of_where_something_trains():
    corpus = tiny.corpus()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        tiny.train(tiny.model(corpus), corpus, tiny.plan("backbone_frozen"))


@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen"])
@pytest.mark.parametrize("metric", METRICS)
def test_the_best_epoch_on_validation_is_restored(name, metric):
    corpus = tiny.corpus()
    model = tiny.model(corpus)
    plan = tiny.plan(name, epochs=5, select=metric, head_lr=0.3)
    run = tiny.train(model, corpus, plan)
    values = [entry[metric] for entry in run.history]
    best = values.index(max(values))  # the earliest of the best
    kept = [i for i, entry in enumerate(run.history) if entry["kept"]]
    assert kept[-1] == best
    scores = mtl.evaluate(model, corpus.splits["validation"])
    assert getattr(scores, metric) == values[best]


def test_an_epoch_that_is_worse_is_undone():
    model = tiny.model(tiny.corpus())
    best, seen = BestWeights(model, "accuracy"), []
    for value in (0.2, 0.8, 0.8, 0.5):
        with torch.no_grad():
            model.ner_classifier.bias += 1
        best.look({"accuracy": value})
        seen.append(model.ner_classifier.bias.clone())
    best.restore()
    assert torch.equal(model.ner_classifier.bias, seen[1])


# pitfall 24
@pytest.mark.parametrize("select", [None, "accuracy"])
def test_test_sentences_have_no_say_in_training(select):
    corpus = tiny.corpus()
    other = ["play"] * len(corpus.splits["test"])
    plan = tiny.plan("backbone_frozen", epochs=4, select=select, head_lr=0.3)
    trained = []
    for one in (corpus, changed_splits(corpus, "test", label=other)):
        model = tiny.model(corpus)
        run = tiny.train(model, one, plan)
        trained.append((model, run.history))
    assert not tiny.changed(tiny.weights(trained[0][0]), trained[1][0])
    values = [[entry.get(select) for entry in history] for _, history in trained]
    assert values[0] == values[1]


# pitfall 24
def test_without_selection_the_last_weights_stay():
    corpus = tiny.corpus()
    plan = tiny.plan("backbone_frozen", epochs=3)
    models = [tiny.model(corpus) for _ in range(2)]
    tiny.train(models[0], corpus, plan)
    tiny.train(models[1], corpus, replace(plan, track=True))
    assert not tiny.changed(tiny.weights(models[0]), models[1])


@pytest.mark.parametrize(
    ("corpus", "metric"),
    [
        (tiny.corpus(tags=False), "ner_f1"),
        (tiny.corpus(labels=False), "macro_f1"),
        (tiny.disjoint_corpus(), "exact_match"),
    ],
)
def test_selecting_by_what_validation_lacks_is_refused_before_any_step(corpus, metric):
    model = tiny.model(corpus)
    before = tiny.weights(model)
    plan = tiny.plan(select=metric, train_size=8, first=tiny.plan(train_size=8))
    with pytest.raises(PlanError, match=f"no {metric}: select by another metric"):
        tiny.train(model, corpus, plan)
    assert not tiny.changed(before, model)


def test_selecting_by_a_head_that_the_model_lacks_is_refused():
    model = tiny.model(tiny.corpus(tags=False))
    plan = tiny.plan("ner_head_frozen", select="exact_match")
    with pytest.raises(PlanError, match="no exact_match: select by another metric"):
        tiny.train(model, tiny.corpus(), plan)


@pytest.mark.parametrize("stages", [None, mtl.Stages()])
def test_a_warning_points_at_the_line_that_called_train(stages):
    corpus = tiny.corpus()
    with pytest.warns(UserWarning, match="nothing can train") as caught:
        mtl.train(tiny.model(corpus), corpus, mtl.Plan("all_frozen"), stages=stages)
    assert [warning.filename for warning in caught] == [__file__]


def test_cut_sentences_are_noted_and_warned_of_once():
    rows = tiny.rows("train", 6)
    long = rows[0]._replace(tokens=rows[0].tokens + ["now"] * 150)
    tags = rows[0].tags + ["O"] * 150
    named = [long._replace(tags=tags, id="long", group="long"), *rows[1:]]
    others = {split: tiny.rows(split, 9) for split in ("validation", "test")}
    corpus = build_corpus("long", {"train": named, **others})
    with pytest.warns(UserWarning, match="train: 1 of 6 sentences") as caught:
        run = tiny.train(tiny.model(corpus), corpus, tiny.plan("backbone_frozen"))
    assert len(caught) == len(run.notes) == 1
    assert run.notes[0] == str(caught[0].message)
    assert str(len(long.tokens) - 126) in run.notes[0]  # two pieces are [CLS] and [SEP]
    few = replace(
        corpus, splits=DatasetDict({**corpus.splits, "train": corpus.splits["test"]})
    )
    assert tiny.train(tiny.model(few), few, tiny.plan("backbone_frozen")).notes == ()


def test_each_split_is_cut_into_word_pieces_once(monkeypatch):
    corpus, read = tiny.corpus(), []
    encode = metrics.encode

    def noting(sentences, *rest, **named):
        read.append(len(sentences["tokens"][:]))
        return encode(sentences, *rest, **named)

    monkeypatch.setattr(metrics, "encode", noting)
    tiny.train(tiny.model(corpus), corpus, tiny.plan(epochs=4, train_size=20))
    assert sorted(read) == [9, 20]
    tiny.train(tiny.model(corpus), corpus, tiny.plan(epochs=4, track=True))
    assert sorted(read[2:]) == [9, 9, 24]


def test_a_million_epochs_start_at_once(monkeypatch):
    class Enough(Exception):
        pass

    def stop(*_):
        raise Enough

    monkeypatch.setattr(loop, "take_step", stop)
    corpus = tiny.corpus()
    with pytest.raises(Enough):
        plan = tiny.plan("backbone_frozen", epochs=1_000_000, batch_size=1)
        tiny.train(tiny.model(corpus), corpus, plan)


def test_the_model_goes_where_it_is_told_and_else_stays():
    corpus, moved = tiny.corpus(), []
    model = tiny.model(corpus)
    model.to = lambda device: moved.append(str(device))
    tiny.train(model, corpus, tiny.plan("backbone_frozen", first=tiny.plan()))
    assert moved == []
    for name in ("cpu", "auto"):
        run = tiny.train(model, corpus, tiny.plan("backbone_frozen"), device=name)
        assert run.environment["device"] == "cpu"
    assert moved[0] == "cpu" and len(moved) == 2
    with pytest.raises((ValueError, RuntimeError), match="abacus"):
        tiny.train(model, corpus, tiny.plan("backbone_frozen"), device="abacus")


# pitfall 7
def test_a_run_tells_where_its_time_went_and_what_it_was_made_with():
    corpus = tiny.corpus()
    run = tiny.train(tiny.model(corpus), corpus, tiny.plan("backbone_frozen"))
    parts = [seconds for name, seconds in run.seconds.items() if name != "total"]
    assert len(parts) == 2
    assert run.seconds["total"] == pytest.approx(sum(parts))
    assert run.environment["threads"] == torch.get_num_threads()
    assert {"device", "torch", "transformers", "python"} <= set(run.environment)
    assert run.plan.backbone_lr is not None
    for part in ("backbone_frozen, seed 0", "3 steps", "bit-identical", "accuracy"):
        assert part in str(run)


def test_two_passes_of_tiny_training_learn_something():
    corpus = tiny.corpus()
    run = tiny.train(tiny.model(corpus), corpus, tiny.plan(epochs=20, head_lr=0.01))
    assert run.history[-1]["loss_sentence"] < run.history[0]["loss_sentence"] / 2
    assert run.scores.accuracy > run.scores.majority_accuracy
