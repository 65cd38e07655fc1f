"""HTML pages: alt texts stay, links lead to pages, slides load nothing."""

import re

import nbformat
import pytest

from course import pages, views
from course.language import SOLVED, is_deeper


@pytest.fixture
def page(source):
    return pages.render(SOLVED / f"{views.title(source)}.ipynb")


def test_alt_texts_are_on_the_page(source, page):
    pictures = re.findall(r"<img [^>]*base64[^>]*>", page)
    assert pictures or is_deeper(views.title(source))
    assert all(re.search(r'alt="[^"]{20,}"', picture) for picture in pictures)


def test_links_between_lessons_lead_to_pages(page):
    assert not re.search(r'href="[^":]*\.ipynb"', page)
    assert re.search(r'href="(?:\.\./|deeper/)?\w+\.html"', page)


def test_slides_are_the_cells_tagged_for_them():
    output = nbformat.v4.new_output("display_data", {"text/html": "<img alt='x'>"})
    slide = {"tags": ["slide"]}
    cells = [
        nbformat.v4.new_markdown_cell("## Why?", metadata=slide),
        nbformat.v4.new_markdown_cell("For readers."),
        nbformat.v4.new_code_cell("draw()", outputs=[output], metadata=slide),
    ]
    page = pages.render_slides(nbformat.v4.new_notebook(cells=cells), "05")
    assert page.count("<section>") == 2
    assert "Why?" in page and "draw()" not in page
    assert page.count("<img") == 1 and "For readers." not in page
    assert "<script" not in page and "<link" not in page
