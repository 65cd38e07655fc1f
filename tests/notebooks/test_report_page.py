"""The report is one file: nothing is loaded, nothing leads out of it, no code."""

import re
from pathlib import Path

import nbformat
import pytest

from course import report

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def page():
    return report.render(NOTEBOOKS / report.LESSON)


def test_it_loads_nothing(page):
    assert "<script" not in page and "<link" not in page
    assert not re.search(r'\b(?:src|href)="(?!data:|#)', page)
    assert "@import" not in page and "url(" not in page


def test_every_figure_is_in_it_with_its_alt_text(page):
    outputs = [
        str(output)
        for cell in nbformat.read(NOTEBOOKS / report.LESSON, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    figures = sum("data:image/png;base64" in output for output in outputs)
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == figures > 0
    assert all(re.search(r'alt="[^"]{20,}"', picture) for picture in pictures)


def test_no_code_is_in_it(page):
    assert "import mtlhelpers" not in page


def test_every_claim_is_in_it(page):
    from mtlhelpers.study.verdicts.claims import CLAIMS

    for claim in CLAIMS.values():
        assert f"{claim.id}: <strong>" in page, claim.id


def test_it_is_written_whole(tmp_path, capsys):
    target = tmp_path / "new" / "report.html"
    assert report.main(str(NOTEBOOKS), str(target)) == 0
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and text.endswith("</html>\n")
    assert str(target) in capsys.readouterr().out
