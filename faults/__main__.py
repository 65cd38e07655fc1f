"""Run attacks, and print what was tried, survived and lost."""

import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from faults.attacks import ATTACKS, left_out
from faults.case import LOST, REFUSED, RIGHT, UNSEEN, Attack, Result
from faults.runner import run_beside
from mtlhelpers.terminal import show

LINE = "{:26}{:>7}{:>10}{:>8}{:>6}{:>6}  {}".format
NAMES = ("attack", "tried", "survived", "unseen", "lost", "s", "worst message")


def main() -> int:
    """Return 1 where anything was lost."""
    parser = ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="within a minute or so")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", metavar="ATTACK", choices=[*ATTACKS])
    parser.add_argument("--case", type=int, help="one case of it, by its number")
    parser.add_argument("--cases", type=int, help="as many of each")
    parser.add_argument("--lanes", type=int, default=2, help="cases at once")
    parser.add_argument("--every", action="store_true", help="list what was lost")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as room:
        tempfile.tempdir = room  # all that cases leave is gone at the end
        return run(options)


def run(options: Namespace) -> int:
    """Print a line on each attack, then what was lost."""
    show([f"seed {options.seed}", LINE(*NAMES)])
    lost: list[str] = []
    start = time.monotonic()
    tried: Counter[str] = Counter()
    for name in options.only or ATTACKS:
        attack, begun = ATTACKS[name], time.monotonic()
        count = options.cases or (attack.short if options.short else attack.cases)
        numbers = range(count) if options.case is None else [options.case]
        results = run_beside(name, attack, options.seed, numbers, options.lanes)
        show([_line(name, attack, results, time.monotonic() - begun)])
        tried[attack.of] += len(results) * attack.each
        lost += [_told(name, one) for one in results if one.outcome == LOST]
    shown = lost if options.every or options.case is not None else lost[:20]
    show(["", *shown] if lost else [])
    counts = ", ".join(f"{count:,} {kind}" for kind, count in tried.items())
    show(["", f"tried {counts} in {time.monotonic() - start:.0f} s", *left_out()])
    return int(bool(lost))


def _line(name: str, attack: Attack, results: list[Result], seconds: float) -> str:
    counts: Counter[str] = Counter()
    for one in results:
        counts[one.outcome] += attack.each if one.outcome != LOST else 1
    lost = [one.message for one in results if one.outcome == LOST]
    refused = [one.message for one in results if one.outcome == REFUSED]
    # The worst that was said: of what is lost, else the longest.
    worst = lost[0] if lost else max(refused, key=len, default="")
    survived = counts[RIGHT] + counts[REFUSED]
    tried = len(results) * attack.each
    numbers = tried, survived, counts[UNSEEN], counts[LOST], round(seconds)
    return LINE(name, *numbers, " ".join(worst.split())[:120])


def _told(name: str, one: Result) -> str:
    return f"{name}, case {one.number}, {one.what}: {one.message}"


if __name__ == "__main__":
    sys.exit(main())
