"""The names of records: what decides a run's numbers, and nothing else."""

from dataclasses import replace

import pytest
from helpers import tiny

import mtlhelpers as mtl
from mtlhelpers.study.records.record import Job, own_id, record_id

WHERE = {"dtype": "float32", "device": "cpu", "threads": 1}


def named(plan: mtl.Plan) -> str:
    return record_id(Job("arm", "tiny", "minilm", plan), "corpus", "backbone", WHERE)


PLAN = tiny.plan("sentence_head_frozen", first=tiny.plan(first=tiny.plan(seed=1)))
OTHERS = {
    "fresh_heads": True,
    "layers": (3,),
    "pooling": "first",
    "skip": 1,
    "seed": 5,
    "track": True,
}


def changed(plan: mtl.Plan, depth: int, **changes) -> mtl.Plan:
    """The plan with a change in the stage that lies so deep below it."""
    if depth == 0:
        return replace(plan, **changes)
    return replace(plan, first=changed(plan.first, depth - 1, **changes))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_what_a_plan_says_is_in_the_id_at_every_stage(depth):
    plans = [PLAN, replace(PLAN, first=None)]
    plans += [changed(PLAN, depth, **{name: OTHERS[name]}) for name in OTHERS]
    frozen = changed(PLAN, depth, scenario="backbone_frozen")
    plans += [frozen, changed(frozen, depth, standardise=True)]
    assert len({named(plan) for plan in plans}) == len(plans)


# The records that there are keep their names when plans learn something new.
def test_a_field_that_is_new_to_plans_leaves_the_ids_until_it_is_used(monkeypatch):
    before, known = named(PLAN), mtl.Plan.to_dict

    def knows_more(plan: mtl.Plan) -> dict:
        return known(plan) | {"novel": used == plan.seed}

    monkeypatch.setattr(mtl.Plan, "to_dict", knows_more)
    used = None
    assert named(PLAN) == before
    used = 1  # by the innermost stage alone
    assert named(PLAN) != before


@pytest.mark.parametrize("measure", [(), ("probe",), ("probe", "gradient_cosines")])
def test_a_record_gives_its_own_id(measure):
    """Of every stage the plan as it was carried out counts, and what was measured."""
    job = Job("arm", "tiny", "minilm", PLAN, threads=1, measure=measure)
    stages = [PLAN, PLAN.first, PLAN.first.first]
    made: dict | None = None
    for plan in reversed(stages):
        made = {"plan": plan.to_dict(), "first": made}
    here = {"corpus_sha256": "corpus", "backbone_sha256": "backbone", "numerics": 3}
    where = {"arm": "arm", "corpus": "tiny", "backbone": "minilm", "environment": WHERE}
    measured = {"measured": dict.fromkeys(measure)} if measure else {}
    expected = record_id(job, "corpus", "backbone", WHERE, numerics=3)
    assert own_id(made | here | where | measured) == expected
