"""Measure every case against its peer, or some by name; README.md beside it says how.

Results are written case by case. A bench that was stopped goes on where it was.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cases import CASES
from hardware import machine, versions
from measuring import measure_alone
from reporting import README, RESULTS, merge, missed, tables, write
from turns import Case, Kept, Measure, take_turns

import mtlhelpers as mtl


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; return 1 if a ratio lies below its bar, else 0.

    What is missing, and Ctrl-C, take one line; the status is then 2, or 130.
    """
    options = _options(arguments)
    try:
        return _carry_out(options)
    except KeyboardInterrupt:
        print(
            "stopped; whole turns are kept, the same command goes on", file=sys.stderr
        )
        return 130
    except (ValueError, RuntimeError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


def _carry_out(options: argparse.Namespace) -> int:
    cases = [case for case in CASES if case.name in options.cases or not options.cases]
    check_ready(cases)
    if options.quick:
        print(tables(try_out(cases, measure_alone)))
        print("\n--quick shows that it works, not how fast it is: nothing is written.")
        return 0
    rows = measure_all(cases, measure_alone, Kept(), RESULTS, README)
    print(tables(rows))
    below = missed(rows)
    if below:
        print(f"\nbelow their bar: {', '.join(below)}")
    return int(bool(below))


def check_ready(cases: Sequence[Case]) -> None:
    """Raise what a missing corpus or backbone raises, before anything is measured."""
    for corpus in {case.corpus for case in cases}:
        mtl.load_corpus(corpus)
    for backbone in {case.backbone for case in cases}:
        mtl.SharedModel.from_backbone(backbone, ["a"], ["O"])


def measure_all(
    cases: Sequence[Case], measure: Measure, kept: Kept, results: Path, readme: Path
) -> list[dict]:
    """Measure the cases and write each when it is done; return their rows.

    What was kept of them is forgotten once all are done, and not before.
    """
    names = [name for case in CASES for name in case.names]
    rows: list[dict] = []
    for case in cases:
        rows += rows_of(case, measure, kept)
        write(merge(rows, names, results), results, readme)
    for case in cases:
        kept.forget(case)
    return rows


def try_out(cases: Sequence[Case], measure: Measure) -> list[dict]:
    """The rows of the cases at a small size; nothing is kept."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(Path(folder))
        return [row for case in cases for row in rows_of(case.small(), measure, kept)]


def rows_of(case: Case, measure: Measure, kept: Kept) -> list[dict]:
    """A case's rows, each with the machine and the versions it was measured with."""
    where = {"machine": machine(), "versions": versions()}
    return [row | where for row in case.rows(take_turns(case, measure, kept))]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="all of them, unless some are named")
    parser.add_argument("--quick", action="store_true", help="little work, no figures")
    options = parser.parse_args(arguments)
    known = [case.name for case in CASES]
    if not set(options.cases) <= set(known):
        parser.error(f"the cases are {', '.join(known)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
