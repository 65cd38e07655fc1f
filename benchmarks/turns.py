"""Both sides in turn (ours, peer, ours, peer, …), each time in a process of its own.

What was measured is kept as it comes: a bench that is stopped and started again goes
on after its last whole turn.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from hardware import machine, versions

import mtlhelpers as mtl
from mtlhelpers.data.cache import write_atomically

HERE = Path(__file__).resolve().parent
KEPT = HERE.parent / "build" / "bench"
# What does not change a measurement, and so keeps it when it is changed.
BESIDES = ("repeats", "bar", "bars", "aims")
MEASURING = ("hardware", "memory", "sentences", "sides")  # beside the cases themselves

Turn = dict[str, dict[str, Any]]  # what was measured, by side


class Case(Protocol):
    """A dataclass of plain values that can be measured; `measure` runs one side."""

    name: str
    corpus: str
    backbone: str
    repeats: int
    earlier: bool  # the first side is carried out once before each turn
    names: list[str]  # of its rows
    sides: tuple[str, ...]

    def small(self) -> "Case": ...
    def measure(self, side: str, seed: int) -> dict[str, Any]: ...
    def rows(self, turns: list[Turn]) -> list[dict[str, Any]]: ...
    def shown(self, turn: Turn) -> str: ...


Measure = Callable[[Case, str, int], dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """Turns in a folder, one file each, for this machine, these versions, this code."""

    folder: Path = KEPT

    def find(self, case: Case, seed: int) -> Turn | None:
        """The turn of a seed, if it was measured whole."""
        try:
            return json.loads(self._path(case, seed).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def add(self, case: Case, seed: int, turn: Turn) -> None:
        """Write a turn down; its file is whole at every moment."""
        content = json.dumps(turn, indent=1) + "\n"
        write_atomically(self._path(case, seed), content.encode("utf-8"))

    def forget(self, case: Case) -> None:
        """Remove the turns of a case, so that the next bench measures it anew."""
        for seed in range(case.repeats):
            self._path(case, seed).unlink(missing_ok=True)

    def _path(self, case: Case, seed: int) -> Path:
        fields = {k: v for k, v in asdict(case).items() if k not in BESIDES}
        facts = [type(case).__name__, fields, seed, machine(), versions(), _code()]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode("utf-8"))
        return self.folder / f"{case.name}-{seed}-{digest.hexdigest()[:16]}.json"


def take_turns(case: Case, measure: Measure, kept: Kept) -> list[Turn]:
    """Run all sides in turn, the seed of a turn being its number; show each turn."""
    turns = []
    for seed in range(case.repeats):
        turn = kept.find(case, seed)
        source = " (kept from before)" if turn else ""
        if turn is None:
            if case.earlier:
                measure(case, case.sides[0], seed)
            turn = {side: measure(case, side, seed) for side in case.sides}
            kept.add(case, seed, turn)
        turns.append(turn)
        print(
            f"{case.name}, turn {seed + 1} of {case.repeats}{source}: "
            f"{case.shown(turn)}",
            flush=True,
        )
    return turns


def _code() -> str:
    """sha256 of what is measured: the package, and what measures it."""
    package = Path(mtl.__file__).parent
    own = [*HERE.glob("*_case.py"), *(HERE / f"{name}.py" for name in MEASURING)]
    found = hashlib.sha256()
    for path in sorted([*package.rglob("*.py"), *own]):
        found.update(path.read_bytes())
    return found.hexdigest()
