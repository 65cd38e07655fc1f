"""Within the room of studies, imports run one way: from a floor to those below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mtlhelpers.study

STUDY = Path(mtlhelpers.study.__file__).parent
GROUND = {"protocol"}  # below all floors
# What each floor may import from, besides itself and the ground.
BELOW = {
    "records": set(),
    "running": {"records"},
    "verdicts": {"records"},
    "advice": {"records", "verdicts"},
}


def imports_within(path: Path) -> Iterator[str]:
    """The parts of the room that a file imports from, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.Import):
            modules = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{one.name}" for one in node.names]
        for module in modules:
            if module.startswith("mtlhelpers.study."):
                yield module.split(".")[2]


def test_every_part_of_the_room_is_on_a_floor():
    parts = {path.stem for path in STUDY.iterdir() if path.stem[0] not in "_."}
    assert parts == GROUND | set(BELOW)


@pytest.mark.parametrize("floor", BELOW)
def test_a_floor_imports_from_below_alone(floor):
    allowed = BELOW[floor] | GROUND | {floor}
    for path in sorted((STUDY / floor).rglob("*.py")):
        above = set(imports_within(path)) - allowed
        assert not above, f"{path.relative_to(STUDY)} imports from {sorted(above)}"


@pytest.mark.parametrize("name", sorted(GROUND))
def test_the_ground_imports_nothing_of_the_room(name):
    assert set(imports_within(STUDY / f"{name}.py")) == set()
