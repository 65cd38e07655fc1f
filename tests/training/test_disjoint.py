"""Sentences with a label alone and sentences with tags alone, in one training."""

import pytest
from helpers import tiny


# pitfall 19
@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen"])
def test_a_disjoint_corpus_trains_both_heads(name):
    corpus = tiny.disjoint_corpus()
    model = tiny.model(corpus)
    before = tiny.weights(model)
    run = tiny.train(model, corpus, tiny.plan(name, batch_size=4, epochs=2))
    moved = tiny.changed(before, model)
    for head in ("sentence_classifier", "ner_classifier"):
        assert {f"{head}.weight", f"{head}.bias"} <= moved
    assert run.steps == 18  # every sentence of both kinds, in each epoch
    assert 12 <= run.batches["sentence"] <= 18
    assert 6 <= run.batches["ner"] <= 18
    assert run.scores.exact_match is None
    assert (run.scores.labelled_sentences, run.scores.tagged_sentences) == (9, 4)


# pitfalls 14, 18 and 19
@pytest.mark.parametrize("name", ["none_frozen", "backbone_frozen"])
def test_batches_of_one_task_each_train_both(name):
    corpus = tiny.disjoint_corpus()
    run = tiny.train(tiny.model(corpus), corpus, tiny.plan(name, batch_size=1))
    assert run.batches == {"sentence": 24, "ner": 12}
    assert 0 < run.history[0]["loss_ner"] < 10  # not NaN


# pitfall 19
def test_a_stage_for_one_task_takes_the_sentences_that_have_it():
    corpus = tiny.disjoint_corpus()
    plan = tiny.plan("none_frozen", tasks=["ner"], batch_size=1, train_size=7)
    run = tiny.train(tiny.model(corpus), corpus, plan)
    assert (run.steps, run.batches["ner"]) == (7, 7)


@pytest.mark.parametrize("task", ["sentence", "ner"])
def test_a_corpus_with_one_task_trains_its_head(task):
    corpus = tiny.corpus(labels=task == "sentence", tags=task == "ner")
    run = tiny.train(tiny.model(corpus), corpus, tiny.plan())
    assert run.plan.tasks == (task,)
    assert run.scores.exact_match is None
    assert run.proof.holds
