"""Time `mtl.train` against the Hugging Face Trainer; README.md beside it says how.

Each case runs by both sides in turn (ours, peer, ours, peer, …), each training in a
process of its own.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from reporting import README, RESULTS, machine, table, update_readme, versions
from sides import Case, Measurement

CASES = (
    Case(
        name="backbone_frozen_3000",
        scenario="backbone_frozen",
        sentences=3000,
        epochs=10,
        learning_rate=3e-3,
        bar=5.0,
    ),
    Case(
        name="none_frozen_1000",
        scenario="none_frozen",
        sentences=1000,
        epochs=2,
        learning_rate=3e-4,
        bar=1.5,
    ),
)
Measure = Callable[[str, Case, int], Measurement]
Pair = tuple[Measurement, Measurement]  # ours, peer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; return 1 if a ratio lies below its bar, else 0."""
    options = _parser().parse_args(arguments)
    rows = []
    for case in CASES:
        case = case.small() if options.quick else case
        pairs = run_pairs(case, options.repeats, measure_alone)
        rows.append(row_of(case, pairs))
    print(table(rows))
    if options.quick:
        print("\n--quick shows that it works, not how fast it is: nothing is written.")
        return 0
    write(rows, RESULTS, README)
    return int(any(row["ratio"] < row["bar"] for row in rows))


def run_pairs(case: Case, repeats: int, measure: Measure) -> list[Pair]:
    """Run both sides in turn, the seed of a pair being its number; show each pair."""
    pairs = []
    for seed in range(repeats):
        ours, peer = (measure(side, case, seed) for side in ("ours", "peer"))
        pairs.append((ours, peer))
        print(
            f"{case.name}, pair {seed + 1} of {repeats}: "
            f"ours {_shown(ours)}; Trainer {_shown(peer)}; "
            f"ratio {peer.seconds / ours.seconds:.2f}",
            flush=True,
        )
    return pairs


def measure_alone(side: str, case: Case, seed: int) -> Measurement:
    """`sides.measure` in a fresh process.

    Memory, threads and caches that one side leaves behind never help or hinder the
    other. Raises `RuntimeError` with the end of what a failing process said.
    """
    script = Path(__file__).with_name("sides.py")
    order = json.dumps([side, asdict(case), seed])
    done = subprocess.run(
        [sys.executable, str(script), order], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{side}, {case.name}: {done.stderr[-2000:]}")
    # The Trainer prints a summary of its own before our line.
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def row_of(case: Case, pairs: Sequence[Pair]) -> dict:
    """A case as an entry of `results.json`: medians over the pairs, and each ratio."""
    ratios = [peer.seconds / ours.seconds for ours, peer in pairs]
    row = {"case": case.name, "ratio": median(ratios), "bar": case.bar}
    for name, side in zip(("ours", "peer"), zip(*pairs)):
        row |= {
            f"{name}_{key}": median(getattr(one, key) for one in side)
            for key in ("seconds", "accuracy", "ner_f1", "padding_share")
        }
    return row | {
        "pair_ratios": ratios,
        "tokens": median(ours.tokens for ours, _ in pairs),
        "sentences": case.sentences,
        "epochs": case.epochs,
        "batch": case.batch_size,
        "learning_rate": case.learning_rate,
        "backbone": case.backbone,
        "corpus": case.corpus,
        "peer": "transformers.Trainer",
        "machine": machine(),
        "versions": versions(),
    }


def write(rows: list[dict], results: Path, readme: Path) -> None:
    """Write the results, and their table into the page beside them."""
    results.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    update_readme(rows, readme)


def _shown(side: Measurement) -> str:
    return (
        f"{side.seconds:.1f} s (accuracy {100 * side.accuracy:.1f}, "
        f"NER F1 {100 * side.ner_f1:.1f})"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs a case")
    parser.add_argument("--quick", action="store_true", help="little work, no figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
