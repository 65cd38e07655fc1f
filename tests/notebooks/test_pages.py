"""HTML pages: alt texts stay, and links lead to pages."""

import re

import pytest


@pytest.fixture
def page(pages, source):
    return pages.render(source.parents[1] / f"{source.stem}.ipynb")


def test_alt_texts_are_on_the_page(page):
    pictures = re.findall(r"<img [^>]*base64[^>]*>", page)
    assert pictures
    assert all(re.search(r'alt="[^"]{20,}"', picture) for picture in pictures)


def test_links_between_lessons_lead_to_pages(page):
    assert not re.search(r'href="\d\d_\w+\.ipynb"', page)
    assert re.search(r'href="\d\d_\w+\.html"', page)
