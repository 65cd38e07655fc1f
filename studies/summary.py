"""From the records to the summary of them that ships with the package.

    python -m studies.summary

`mtlhelpers recommend` reads it where no folder with studies is named.
"""

from pathlib import Path

from mtlhelpers.data.cache import write_atomically
from mtlhelpers.study.advice.summary import SHIPPED, cells_json, recorded_cells

if __name__ == "__main__":
    cells = recorded_cells(Path(__file__).parent)
    write_atomically(SHIPPED, cells_json(cells).encode("utf-8"))
    print(f"wrote {SHIPPED}: {len(cells)} ways by corpus and size")
