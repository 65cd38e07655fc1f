"""The walk counts the package's files that a step enters, and no others."""

import sys

import walk

import mtlhelpers as mtl


def test_files_are_counted_once_and_in_order():
    scenario, plan = mtl.Scenario, mtl.Plan

    def step() -> None:
        for _ in range(2):
            scenario(("backbone",))
            plan("none_frozen")

    assert walk.entered(step) == [
        "model/scenarios.py",
        "training/plan.py",
        "training/values.py",
    ]
    assert walk.entered(lambda: sorted([2, 1])) == []


def test_the_profile_ends_with_the_step():
    try:
        walk.entered(lambda: 1 / 0)
    except ZeroDivisionError:
        assert sys.getprofile() is None
