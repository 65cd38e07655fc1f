"""Other ways in: the hosted notebook installs this version, and says it is untested."""

from pathlib import Path

import nbformat

import mtlhelpers

ROOT = Path(__file__).parents[1]


def test_the_hosted_notebook_installs_the_released_version():
    notebook = nbformat.read(ROOT / "release" / "colab.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert "Not tested here" in notebook.cells[0].source
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source.startswith("%pip install")
    assert f'"mtlhelpers[minilm]=={mtlhelpers.__version__}"' in first.source


def test_its_badge_says_that_it_is_not_tested():
    page = (ROOT / "site" / "install.md").read_text(encoding="utf-8")
    before, _, link = page.partition("[![Open in Colab](colab.svg)](")
    assert link.startswith("https://colab.research.google.com/github/")
    assert "release/colab.ipynb)" in link and "(not tested here)" in before
