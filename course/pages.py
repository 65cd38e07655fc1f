"""Pages and slides: `python -m course.pages build/notebooks build/site`.

Both are made of the solved copies. Pages link to one another where the notebooks do,
and keep every alt text. Slides are the cells that are tagged `slide`, one page each:
they load nothing, and any browser shows them, by the keys for a page down and up.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from course.views import tags
from mtlhelpers.data.cache import write_atomically

LINK = re.compile(r'href="((?:\.\./|deeper/)?\w+)\.ipynb(#[^"]*)?"')
ANCHOR = re.compile(r'<a class="anchor-link".*?</a>')
STYLE = """
html { scroll-snap-type: y mandatory; }
body { margin: 0; color: #222; font: 3.1vh/1.4 system-ui, sans-serif; }
section { min-height: 100vh; box-sizing: border-box; padding: 6vh 9vw;
  scroll-snap-align: start; display: flex; flex-direction: column;
  justify-content: center; }
h1, h2, h3 { color: #0072B2; line-height: 1.2; }
img { max-width: 100%; max-height: 70vh; }
table { border-collapse: collapse; } th, td { padding: .2em .8em; text-align: left; }
tr { border-bottom: 1px solid #ccc; }
@media print { section { break-after: page; } }
"""


def render(notebook: Path) -> str:
    """One notebook as a page of its own."""
    page, _ = HTMLExporter(template_name="lab").from_filename(str(notebook))
    return LINK.sub(r'href="\1.html\2"', page)


def render_slides(notebook: NotebookNode, title: str) -> str:
    """The cells tagged `slide`, one slide each: text as it is, of code what it gave."""
    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_output_prompt=True
    )
    slides = []
    for cell in notebook.cells:
        if "slide" in tags(cell):
            alone = nbformat.v4.new_notebook(cells=[cell], metadata=notebook.metadata)
            body, _ = exporter.from_notebook_node(alone)
            slides.append(f"<section>\n{ANCHOR.sub('', body)}\n</section>\n")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{''.join(slides)}</body>\n</html>\n"
    )


def main(notebooks: str, folder: str) -> int:
    """Write a page into `folder` for each solved copy, and its slides beside that."""
    solved = Path(notebooks) / "solved"
    for path in sorted(solved.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        target = Path(folder) / path.relative_to(solved).with_suffix(".html")
        write_atomically(target, render(path).encode("utf-8"))
        print(target)
        notebook = nbformat.read(path, as_version=4)
        if any("slide" in tags(cell) for cell in notebook.cells):
            target = Path(folder).with_name("slides") / target.name
            page = render_slides(notebook, path.stem)
            write_atomically(target, page.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
