"""One side of one case, measured in a fresh process.

Memory, threads and caches that one side leaves behind never help or hinder the other.
As a script it takes an order as JSON, and prints what it measured as its last line.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from extraction_case import ExtractionCase
from growth_case import LengthGrowthCase, SizeGrowthCase
from prediction_case import PredictionCase
from sharing_case import SharingCase
from steps_case import StepsCase
from training_case import TrainingCase
from turns import Case

KINDS = {
    kind.__name__: kind
    for kind in (
        TrainingCase,
        ExtractionCase,
        SharingCase,
        StepsCase,
        SizeGrowthCase,
        LengthGrowthCase,
        PredictionCase,
    )
}


def measure_alone(case: Case, side: str, seed: int) -> dict[str, Any]:
    """`case.measure` in a process of its own.

    Raises `RuntimeError` with the end of what a failing process said.
    """
    order = json.dumps([type(case).__name__, asdict(case), side, seed])
    done = subprocess.run(
        [sys.executable, __file__, order], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{case.name}, {side}: {done.stderr[-2000:]}")
    # The Trainer prints a summary of its own before our line.
    return json.loads(done.stdout.splitlines()[-1])


def carry_out(order: str) -> dict[str, Any]:
    """Measure what an order of `measure_alone` names."""
    kind, fields, side, seed = json.loads(order)
    return KINDS[kind](**fields).measure(side, seed)


if __name__ == "__main__":
    print(json.dumps(carry_out(sys.argv[1])))
