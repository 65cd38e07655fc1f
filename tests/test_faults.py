"""The short form of `make faults`, and that its judge can tell what is lost."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

import mtlhelpers as mtl
from faults.attacks import ATTACKS
from faults.case import LOST, REFUSED, RIGHT, UNSEEN, Attack, Case
from faults.runner import run_apart


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_is_lost(name):
    attack = ATTACKS[name]
    results = list(run_apart(name, attack, 1, range(attack.short)))
    assert len(results) == attack.short
    assert [one for one in results if one.outcome == LOST] == []


def refuse(message: str) -> str:
    raise mtl.MTLError(message)


def die() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return RIGHT


ACTS = [
    (lambda: RIGHT, RIGHT),
    (lambda: UNSEEN, UNSEEN),
    (lambda: refuse("a.csv: no label"), REFUSED),
    (lambda: refuse("no label"), LOST),
    (lambda: str(1 / 0), LOST),
    (lambda: "other predictions", LOST),
    (lambda: str(time.sleep(60)), LOST),
    (lambda: str(bytearray(2**40)), LOST),
    (die, LOST),
    (lambda: RIGHT, RIGHT),
]


def test_each_kind_of_end_is_judged_and_the_next_case_goes_on():
    def draw(random: Random, room: Path, number: int) -> Case:
        return Case(f"case {number}", ACTS[number][0], "a.csv")

    found = run_apart("ends", Attack(draw, 0, 0, 2.0), 0, range(len(ACTS)))
    assert [(one.what, one.outcome) for one in found] == [
        (f"case {number}", outcome) for number, (_, outcome) in enumerate(ACTS)
    ]


def test_a_case_can_be_drawn_again_by_its_number():
    attack = ATTACKS["files of sentences"]
    many = list(run_apart("x", attack, 3, range(5)))
    assert [one.what for one in run_apart("x", attack, 3, [4])] == [many[4].what]
