"""Notebooks as HTML pages: `python notebooks/pages.py build/notebooks build/site`.

The pages link to one another where the notebooks do, and keep every alt text.
"""

import re
import sys
from pathlib import Path

from nbconvert import HTMLExporter

from mtlhelpers.data.cache import write_atomically

LINK = re.compile(r'href="(\d\d_\w+)\.ipynb(#[^"]*)?"')


def render(notebook: Path) -> str:
    """One notebook as a page of its own."""
    page, _ = HTMLExporter(template_name="lab").from_filename(str(notebook))
    return LINK.sub(r'href="\1.html\2"', page)


def main(notebooks: str, folder: str) -> int:
    """Write a page into `folder` for each notebook in `notebooks`."""
    for notebook in sorted(Path(notebooks).glob("[0-9][0-9]_*.ipynb")):
        target = Path(folder) / f"{notebook.stem}.html"
        write_atomically(target, render(notebook).encode("utf-8"))
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
