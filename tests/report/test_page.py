"""The page loads nothing, is in order, and is read by everybody."""

import re
import shlex
from html import unescape
from html.parser import HTMLParser

import pytest

from mtlhelpers.cli import build_parser
from mtlhelpers.commands.arguments import respelled
from mtlhelpers.study.verdicts.claims import CLAIMS
from report.gaps import decided
from report.page import environment
from report.words import ReportError, holds

NO_END = {"meta", "br", "circle", "rect", "line", "polygon", "polyline"}


class Outline(HTMLParser):
    """Whether every element is closed, with headings, ids and links on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.targets += [given["href"]] if "href" in given else []
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if tag not in NO_END:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def outline(page):
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def test_it_loads_nothing(page):
    assert "<script" not in page and "<link" not in page and "<img" not in page
    assert "@import" not in page and "url(" not in page and "://" not in page


def test_headings_are_in_order(outline):
    assert outline.levels[0] == 1 and outline.levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.levels, outline.levels[1:]))


def test_links_lead_somewhere(outline):
    assert len(outline.ids) == len(set(outline.ids))
    assert {target.removeprefix("#") for target in outline.targets} <= set(outline.ids)


def test_every_drawing_says_what_it_shows(page):
    drawings = re.findall(r"<svg [^>]*>", page)
    told = [re.search(r'role="img" aria-label="([^"]+)"', one) for one in drawings]
    assert len(told) > 10 and all(told)
    for one in told:
        assert len(one[1]) > 60 and re.search(r"[+−\d]\d*\.\d", one[1])


def test_every_cell_has_its_heading_beside_it(page):
    """On a narrow screen a row becomes a block, and the heading stands in the cell."""
    cells = re.findall(r"<td[^>]*>", page)
    assert all(re.search(r'data-label="[^"]+"', one) for one in cells)


def test_every_statement_stands_with_every_verdict(page, facts):
    text = unescape(page)
    for key, claim in CLAIMS.items():
        start = text.index(f'id="statement-{key}"')
        own = text[start : text.index("</section>", start)]
        assert claim.statement in own
        for one in facts.decisions(key):
            gap = decided(one)
            if gap is not None:
                assert str(gap) in own
            assert all(record in own for record in one.records)


def test_printed_commands_are_understood(page):
    lines = set(re.findall(r"<code>python -m mtlhelpers ([^<]+)</code>", page))
    assert len(lines) > len(CLAIMS)
    for line in lines:
        build_parser().parse_args(respelled(shlex.split(unescape(line))))


def test_what_comes_from_records_is_escaped():
    told = environment().from_string("{{ x }}").render(x="<script>alert(1)</script>")
    assert told == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_a_sentence_that_is_no_longer_true_stops_the_build():
    assert holds(True, "") == ""
    with pytest.raises(ReportError, match="freezing is never better"):
        holds(False, "freezing is never better")
