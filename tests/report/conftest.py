"""The page, made once from the committed records."""

from pathlib import Path

import pytest

from report.facts import Facts
from report.page import render

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def facts() -> Facts:
    return Facts(ROOT / "studies")


@pytest.fixture(scope="session")
def page(facts) -> str:
    return render(facts)
