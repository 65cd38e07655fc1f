"""The figure of the short answer in the README: what freezing the backbone costs.

    python -m studies.answer

It writes site/answer.svg, the figure of lesson 00, from the recorded runs.
"""

from pathlib import Path

import matplotlib

from mtlhelpers.lesson.tables.lesson00 import alt_text, bars, draw

STUDIES = Path(__file__).parent
FILE = STUDIES.parent / "site" / "answer.svg"


def main() -> None:
    """Write the figure; the same records give the same bytes."""
    shown = list(bars(STUDIES))
    FILE.parent.mkdir(exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": "answer", "svg.fonttype": "path"}):
        about = {"Date": None, "Description": alt_text(shown)}
        draw(shown).savefig(FILE, metadata=about)
    print(f"wrote {FILE}")


if __name__ == "__main__":
    main()
