"""Attacks on the package: damaged, hostile and odd input, kills, full disks, crowds.

`make faults` runs them all and prints a table. Each case is drawn from a seed, the name
of its attack and its number alone, so a case that was lost can be run again by itself:
`python -m faults --only models --case 17`.
"""

import os
import sys
from pathlib import Path

# Before torch loads: children of attacks run beside each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
sys.path.append(str(Path(__file__).parents[1] / "tests"))  # for the tiny model
