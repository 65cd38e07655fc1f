"""A training that is killed anywhere goes on, to the bits of one that was not."""

import pytest
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.errors import TrainingError
from mtlhelpers.training import checkpoint, loop

TIMES = {"seconds"}
FIRST = mtl.Plan(scenario="backbone_frozen", tasks=("ner",), epochs=2, batch_size=8)
PLANS = [
    tiny.plan("none_frozen", epochs=3, batch_size=7),
    tiny.plan("none_frozen", epochs=3, batch_size=7, select="accuracy"),
    tiny.plan("backbone_frozen", epochs=2, batch_size=5, standardise=True),
    tiny.plan("lora", epochs=4, batch_size=8),
    tiny.plan(heads={"ner": "bilstm"}, epochs=4, batch_size=8),
    *(
        tiny.plan("sentence_head_frozen", first=FIRST, epochs=2, batch_size=8, **kept)
        for kept in (
            {"retention": "replay", "retention_strength": 0.5},
            {"retention": "ewc"},
            {"retention": "lwf"},
        )
    ),
]


class Killed(BaseException):
    """What no code of the package catches."""


def train(plan: mtl.Plan, folder=None) -> tuple[mtl.SharedModel, mtl.Run]:
    model = tiny.model(tiny.corpus())
    run = mtl.train(model, tiny.corpus(), plan, progress=False, checkpoint=folder)
    return model, run


def told(run: mtl.Run) -> list[object]:
    history = [
        {key: value for key, value in epoch.items() if key not in TIMES}
        for epoch in run.history
    ]
    before = told(run.first) if run.first else None
    counts = (run.steps, run.batches, run.scores, run.outcomes, run.proof)
    return [history, before, *counts]


@pytest.mark.parametrize("plan", PLANS)
def test_killed_at_any_step_it_ends_in_the_same_bits(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)  # after every step
    whole, run = train(plan)
    steps = run.steps + (run.first.steps if run.first else 0)
    plain = loop.take_step
    left = 0

    def deadly(*arguments):
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        plain(*arguments)

    monkeypatch.setattr(loop, "take_step", deadly)
    for at in (1, steps // 2, 1, 2):
        left = at
        with pytest.raises(Killed):
            train(plan, tmp_path)
    left = steps
    resumed, again = train(plan, tmp_path)
    assert left > 4  # it did not begin anew
    assert not tiny.changed(tiny.weights(whole), resumed)
    assert told(again) == told(run)


def test_another_plan_or_start_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    train(PLANS[0], tmp_path)
    model, run = train(tiny.plan("none_frozen", epochs=3, batch_size=7, seed=1))
    other, again = train(run.plan, tmp_path)
    assert not tiny.changed(tiny.weights(model), other)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    train(PLANS[0], tmp_path)
    path = next(tmp_path.iterdir())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=f"{path}.*remove it, and the training beg"):
        train(PLANS[0], tmp_path)


def test_nothing_is_kept_before_its_time_or_without_a_folder(tmp_path):
    train(PLANS[0], tmp_path)
    assert list(tmp_path.iterdir()) == []
