"""The report from the records, without a lesson: one file, in seconds.

python -m report.build build/report.html
"""

import sys
from pathlib import Path

from mtlhelpers.data.cache import write_atomically
from report.facts import Facts
from report.page import render

STUDIES = Path(__file__).parents[1] / "studies"


def main(target: str) -> None:
    """Write the report."""
    write_atomically(Path(target), render(Facts(STUDIES)).encode("utf-8"))
    print(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
