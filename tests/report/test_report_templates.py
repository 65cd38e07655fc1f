"""No number of the report is typed: each comes from a record."""

import re

import pytest
from jinja2 import nodes

from report.page import TEMPLATES, environment

PAGES = sorted(path.name for path in TEMPLATES.glob("*.html"))
# Names that have digits, and years.
NAMES = re.compile(r"MiniLM-L6|\bF1\b|HWU64|CLINC150|WNUT17|L2-SP|\b20\d\d\b|h[123]\b")
MARKUP = re.compile(r"<style.*?</style>|<code>.*?</code>|<[^>]*>", re.S)
NUMBER_WORD = re.compile(
    r"\b(?:three|four|five|six|seven|eight|nine|eleven|twelve|hundred|thousand)\b", re.I
)
# Said of the models and corpora themselves, which no record changes.
FIXED = ("CLINC150 (ten labels, its domains)", "So with ten sentences choose by cost")


def typed(template: str) -> list[str]:
    """Return the digits that stand in text or in strings of a template."""
    found = []
    tree = environment().parse(template)
    for node in tree.find_all((nodes.TemplateData, nodes.Const)):
        said = node.data if isinstance(node, nodes.TemplateData) else node.value
        if isinstance(node, nodes.TemplateData) or isinstance(said, str):
            text = NAMES.sub("", MARKUP.sub(" ", said))
            found += re.findall(r"[^\s]*\d[^\s]*", text)
    for node in tree.find_all(nodes.Output):
        consts = [one for one in node.nodes if isinstance(one, nodes.Const)]
        found += [str(one.value) for one in consts if not isinstance(one.value, str)]
    return found


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_no_number_is_typed(name):
    assert typed(source(name)) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_number_is_typed_in_words(name):
    text = MARKUP.sub(" ", source(name))
    for said in FIXED:
        text = text.replace(said, "")
    assert NUMBER_WORD.findall(re.sub(r"\{[{%].*?[%}]\}", " ", text, flags=re.S)) == []


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<p>it led by 2.3 points</p>", ["2.3"]),
        ("{{ table('300 sentences') }}", ["300"]),
        ("{{ 18.5 }} points", ["18.5"]),
        ("<h2>{{ one.size|plain(0) }} of MiniLM-L6, F1</h2>", []),
        ("<code>claims 4.2</code> in 2026", []),
    ],
)
def test_a_typed_number_is_found(template, expected):
    assert typed(template) == expected
